/**
 * Packs the package and looks at it as a stranger's project gets it: what is in it, what comes with it, whether it loads
 * by `import` and by `require()`, and whether its types stand without `skipLibCheck`.
 *
 *   node test/package/check.js [--node 22,24]    versions of Node to install and load it with, beside the one that runs this
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const MOST_MEGABYTES = 35
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const { values } = parseArgs({ options: { node: { type: 'string', default: '' } } })
const nodes = values.node.split(',').filter(Boolean)
const folder = mkdtempSync(join(tmpdir(), 'tokmeter-package-'))
let failures = 0

/** @param {string} what @param {() => string | void} look */
function check(what, look) {
  try {
    const seen = look()
    console.log(`ok    ${what}${seen ? `: ${seen}` : ''}`)
  } catch (error) {
    failures++
    const { stdout, stderr, message } = /** @type {any} */ (error)
    console.log(`FAIL  ${what}: ${[message, stdout, stderr].filter(Boolean).join('\n')}`)
  }
}

/** @param {string[]} command @param {string} [cwd] */
function run([program, ...words], cwd = folder) {
  return execFileSync(/** @type {string} */ (program), words, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** @param {string} directory @returns {string[]} */
function filesUnder(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

/** @param {boolean} condition @param {string} message */
function must(condition, message) {
  if (!condition) throw new Error(message)
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
const specifiers = subpaths.map((subpath) => `tokmeter${subpath.slice(1)}`)
// Loading these does something: the one starts the SDK.
const quiet = specifiers.filter((specifier) => specifier !== 'tokmeter/register')

const packed = JSON.parse(run(['npm', 'pack', '--json', '--pack-destination', folder], root))
const { filename, files } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0]
const tarball = join(folder, filename)

check('the package holds only what a user needs', () => {
  const allowed = /^(dist\/(src|instrumentation)\/.*\.(js|d\.ts)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/
  const others = files
    .map((/** @type {{ path: string }} */ file) => file.path)
    .filter((/** @type {string} */ path) => !allowed.test(path))
  must(others.length === 0, `also in it: ${others.join(', ')}`)
  return `${files.length} files`
})
check('publint has nothing to say', () => void run(['npx', '--no-install', 'publint', tarball, '--strict'], root))
check('its types are found in every way of resolving', () => {
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

  check(`Node ${name}: installed with all it needs it is at most ${MOST_MEGABYTES} MB`, () => {
    const megabytes = installed.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6
    must(megabytes <= MOST_MEGABYTES, `${megabytes.toFixed(1)} MB`)
    return `${megabytes.toFixed(1)} MB`
  })
  check(`Node ${name}: there is one copy of each package`, () => oneCopyOfEach(modules, installed))
  check(`Node ${name}: there is no native code and no install script`, () => nothingNative(installed))
  check(`Node ${name}: every entry loads by import`, () => void run([...withNode, 'node', 'load.mjs'], project))
  check(`Node ${name}: every entry loads by require()`, () => void run([...withNode, 'node', 'load.cjs'], project))
  for (const typescript of ['5.9', '7']) {
    check(`Node ${name}: a project type-checks without skipLibCheck, TypeScript ${typescript}`, () => {
      run([...install, `typescript@${typescript}`, '@types/node@20'], project)
      run(['npx', '--no-install', 'tsc'], project)
    })
  }
}

/** @param {string} modules @param {string[]} installed */
function oneCopyOfEach(modules, installed) {
  /** @type {Map<string, string[]>} */
  const copies = new Map()
  for (const file of installed.filter((path) => path.endsWith('/package.json'))) {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8'))
    if (name === undefined || version === undefined) continue
    copies.set(name, [...(copies.get(name) ?? []), `${version} in ${relative(modules, dirname(file))}`])
  }
  const doubled = [...copies].filter(([, places]) => places.length > 1)
  must(doubled.length === 0, doubled.map(([name, places]) => `${name}: ${places.join(' and ')}`).join('; '))
  return `${copies.size} packages, OpenTelemetry SDK ${copies.get('@opentelemetry/sdk-metrics')?.[0]?.split(' ')[0]}`
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

rmSync(folder, { recursive: true, force: true })
console.log(failures === 0 ? 'The package is as it should be.' : `${failures} failed.`)
process.exitCode = failures === 0 ? 0 : 1
