/**
 * Packs the packages and looks at them as a stranger's project gets them: what is in the SDK's, what comes with it, whether it loads
 * by `import` and by `require()`, and whether its types stand without `skipLibCheck`; then the collector's (`collector.js`).
 *
 *   node test/package/check.js [--node 22,24]    versions of Node to install and load it with, beside the one that runs this
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { check, failures, filesUnder, must, oneCopyOfEach, pack, run } from './checking.js'
import { checkCollector } from './collector.js'

const MOST_MEGABYTES = 35
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const { values } = parseArgs({ options: { node: { type: 'string', default: '' } } })
const nodes = values.node.split(',').filter(Boolean)
const folder = mkdtempSync(join(tmpdir(), 'tokmeter-package-'))

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
const specifiers = subpaths.map((subpath) => `tokmeter${subpath.slice(1)}`)
// Loading these does something: the one starts the SDK.
const quiet = specifiers.filter((specifier) => specifier !== 'tokmeter/register')

const { tarball, files } = pack([], root, folder)

await check('the package holds only what a user needs', () => {
  const allowed = /^(dist\/(src|instrumentation)\/.*\.(js|d\.ts)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/
  const others = files.filter((path) => !allowed.test(path))
  must(others.length === 0, `also in it: ${others.join(', ')}`)
  return `${files.length} files`
})
await check('publint has nothing to say', () => void run(['npx', '--no-install', 'publint', tarball, '--strict'], root))
await check('its types are found in every way of resolving', () => {
  run(['npx', '--no-install', 'attw', tarball, '--profile', 'esm-only'], root)
})

const imports = quiet.map(
  (specifier) => `if (Object.keys(await import('${specifier}')).length === 0) throw new Error('${specifier}')`,
)
const requires = quiet.map(
  (specifier) => `if (Object.keys(require('${specifier}')).length === 0) throw new Error('${specifier}')`,
)
const use = `const tokmeter = start({ prometheus: { port: 0 } })
record({ operation: 'chat' })
tokmeter.shutdown().then(() => { if (tokmeter.stats().measured !== 1) process.exitCode = 1 })`
const typed = `${specifiers.map((specifier, index) => `import * as entry${index} from '${specifier}'`).join('\n')}
import { type Operation, type Stats, start } from 'tokmeter'
import { costBuckets, latencyBuckets } from 'tokmeter/views'
export const entries = [${specifiers.map((_, index) => `entry${index}`).join(', ')}]
const operation: Operation = { operation: 'chat', usage: { inputTokens: 1, outputTokens: 2 } }
const tokmeter = start({ prometheus: { port: 0 }, views: [...latencyBuckets(), ...costBuckets([0.1, 1])] })
tokmeter.record(operation)
export const stats: Stats = tokmeter.stats()
export const five: Promise<number> = tokmeter.measure({ operation: 'execute_tool', toolName: 'add' }, async () => 5)
`
const compilerOptions = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
}

// Each version of Node installs for itself: npm picks the OpenTelemetry SDK that fits it.
for (const version of ['', ...nodes]) {
  const withNode = version === '' ? [] : ['npx', '-y', '-p', `node@${version}`]
  const project = join(folder, `project-${version}`)
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  writeFileSync(join(project, 'load.mjs'), `${imports.join('\n')}\nimport { start, record } from 'tokmeter'\n${use}`)
  writeFileSync(
    join(project, 'load.cjs'),
    `${requires.join('\n')}\nconst { start, record } = require('tokmeter')\n${use}`,
  )
  writeFileSync(join(project, 'use.ts'), typed)
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }))
  const install = [...withNode, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error']
  const name = run([...withNode, 'node', '--version'], project).trim()
  run([...install, tarball], project)
  const modules = join(project, 'node_modules')
  const installed = filesUnder(modules)

  await check(`Node ${name}: installed with all it needs it is at most ${MOST_MEGABYTES} MB`, () => {
    const megabytes = installed.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6
    must(megabytes <= MOST_MEGABYTES, `${megabytes.toFixed(1)} MB`)
    return `${megabytes.toFixed(1)} MB`
  })
  await check(`Node ${name}: there is one copy of each package`, () => oneCopyOfEach(modules, installed))
  await check(`Node ${name}: there is no native code and no install script`, () => nothingNative(installed))
  await check(`Node ${name}: every entry loads by import`, () => void run([...withNode, 'node', 'load.mjs'], project))
  await check(
    `Node ${name}: every entry loads by require()`,
    () => void run([...withNode, 'node', 'load.cjs'], project),
  )
  for (const typescript of ['5.9', '7']) {
    await check(`Node ${name}: a project type-checks without skipLibCheck, TypeScript ${typescript}`, () => {
      run([...install, `typescript@${typescript}`, '@types/node@20'], project)
      run(['npx', '--no-install', 'tsc'], project)
    })
  }
}

/** @param {string[]} installed */
function nothingNative(installed) {
  const native = installed.filter((file) => /\.node$|\/binding\.gyp$/.test(file))
  must(native.length === 0, native.join(', '))
  for (const file of installed.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))) {
    const { scripts = {} } = JSON.parse(readFileSync(file, 'utf8'))
    for (const script of ['preinstall', 'install', 'postinstall']) must(!(script in scripts), `${file} has ${script}`)
  }
}

await checkCollector({ root, folder, sdkTarball: tarball, nodes })

rmSync(folder, { recursive: true, force: true })
console.log(failures() === 0 ? 'The packages are as they should be.' : `${failures()} failed.`)
process.exitCode = failures() === 0 ? 0 : 1
