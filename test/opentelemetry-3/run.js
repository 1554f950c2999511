/**
 * Runs the tests with the OpenTelemetry SDK 3.x: copies the project beside itself, without its lock file, and installs with a
 * Node that the 3.x packages accept, so that npm picks them. `node test/opentelemetry-3/run.js [--node 24] [vitest words…]`
 * Without words, those parts of the collector are left out that have nothing to do with the SDK.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { node: { type: 'string', default: '24' } },
  allowPositionals: true,
})
const UNCONCERNED = [
  'test/collector/*/**',
  'test/collector/queue*',
  'test/collector/scaling*',
  'test/conformance/**',
  'test/faults/**',
]
const words = positionals.length > 0 ? positionals : UNCONCERNED.flatMap((pattern) => ['--exclude', pattern])
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = join(mkdtempSync(join(tmpdir(), 'tokmeter-opentelemetry-3-')), 'tokmeter')

/** @param {string[]} command @param {string} cwd */
const show = (command, cwd) =>
  execFileSync('npx', ['-y', '-p', `node@${values.node}`, ...command], { cwd, stdio: 'inherit' })

for (const file of execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n')) {
  if (file !== 'package-lock.json') cpSync(join(root, file), join(folder, file))
}
try {
  show(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  const { version } = JSON.parse(
    readFileSync(join(folder, 'node_modules/@opentelemetry/sdk-metrics/package.json'), 'utf8'),
  )
  console.log(`OpenTelemetry SDK ${version} on Node ${values.node}`)
  if (!version.startsWith('3.')) throw new Error('npm did not pick the SDK 3.x')
  show(['npm', 'run', 'build'], folder)
  show(['node', 'node_modules/vitest/vitest.mjs', 'run', ...words], folder)
} catch (error) {
  console.error(/** @type {Error} */ (error).message)
  process.exitCode = 1
} finally {
  rmSync(dirname(folder), { recursive: true, force: true })
}
