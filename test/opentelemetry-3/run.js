/**
 * Runs the tests with the OpenTelemetry SDK 3.x: copies the project beside itself, without its lock file, and installs with a
 * Node that the 3.x packages accept, so that npm picks them. `node test/opentelemetry-3/run.js [--node 24] [vitest words…]`
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** Development dependencies that belong to the other SDK. */
const NEWER = {
  '@opentelemetry/sdk-trace-node': '3.1.0',
  '@opentelemetry/instrumentation-runtime-node': '0.37.0',
}

const { values, positionals } = parseArgs({
  options: { node: { type: 'string', default: '24' } },
  allowPositionals: true,
})
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = join(mkdtempSync(join(tmpdir(), 'tokmeter-opentelemetry-3-')), 'tokmeter')

/** @param {string[]} words @param {string} cwd */
const show = (words, cwd) =>
  execFileSync('npx', ['-y', '-p', `node@${values.node}`, ...words], { cwd, stdio: 'inherit' })

for (const file of execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n')) {
  if (file !== 'package-lock.json') cpSync(join(root, file), join(folder, file))
}
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
Object.assign(manifest.devDependencies, NEWER)
writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
try {
  show(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  const { version } = JSON.parse(
    readFileSync(join(folder, 'node_modules/@opentelemetry/sdk-metrics/package.json'), 'utf8'),
  )
  console.log(`OpenTelemetry SDK ${version} on Node ${values.node}`)
  if (!version.startsWith('3.')) throw new Error('npm did not pick the SDK 3.x')
  show(['npm', 'run', 'build'], folder)
  show(['node', 'node_modules/vitest/vitest.mjs', 'run', ...positionals], folder)
} catch (error) {
  console.error(/** @type {Error} */ (error).message)
  process.exitCode = 1
} finally {
  rmSync(dirname(folder), { recursive: true, force: true })
}
