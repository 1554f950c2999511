/** How the packages are looked at: one line a check, commands in a stranger's project, and what npm packs and installs. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

let failed = 0
/** How many checks failed. */
export const failures = () => failed

/** @param {string} what @param {() => string | void | Promise<string | void>} look */
export async function check(what, look) {
  try {
    const seen = await look()
    console.log(`ok    ${what}${seen ? `: ${seen}` : ''}`)
  } catch (error) {
    failed++
    const { stdout, stderr, message } = /** @type {any} */ (error)
    console.log(`FAIL  ${what}: ${[message, stdout, stderr].filter(Boolean).join('\n')}`)
  }
}

/** @param {string[]} command @param {string} cwd */
export function run([program, ...words], cwd) {
  return execFileSync(/** @type {string} */ (program), words, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 2 ** 20,
  })
}

/** @param {boolean} condition @param {string} message */
export function must(condition, message) {
  if (!condition) throw new Error(message)
}

/** @param {string} directory @returns {string[]} */
export function filesUnder(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

/** Packs a package into `folder`. @param {string[]} which @param {string} root @param {string} folder */
export function pack(which, root, folder) {
  const packed = JSON.parse(run(['npm', 'pack', '--json', '--pack-destination', folder, ...which], root))
  const { filename, files } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0]
  const paths = /** @type {string[]} */ (files.map((/** @type {{ path: string }} */ file) => file.path))
  return { tarball: join(folder, filename), files: paths }
}

/** @param {string} modules @param {string[]} installed */
export function oneCopyOfEach(modules, installed) {
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
