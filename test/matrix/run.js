/**
 * Runs the compatibility suites with other versions of each client than the installed one, each in a folder of its own under
 * `node_modules/.cache`. One line for each version; exits with 1 when any fails.
 *
 *     node test/matrix/run.js [--short] [openai | @anthropic-ai/sdk | ai …]
 *
 * `--short` takes one version of each major.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {string} variable Tells the suite where the client is.
 * @property {string} suite
 * @property {string[]} versions The oldest supported first.
 * @property {string[]} short
 * @property {string[]} [beside] Packages it does not work without.
 */

/** @type {Client[]} */
const CLIENTS = [
  {
    name: 'openai',
    variable: 'TOKMETER_TEST_OPENAI',
    suite: 'test/instrumentation/compat-openai.test.ts',
    versions: [
      '4.19.0',
      '4.55.0',
      '4.104.0',
      '5.0.1',
      '5.12.0',
      '5.23.2',
      '6.0.0',
      '6.24.0',
      '6.49.0',
      '7.0.0',
      '7.10.0',
      '7.24.0',
      '7.57.0',
    ],
    short: ['4.104.0', '5.23.2', '6.49.0', '7.57.0'],
  },
  {
    name: '@anthropic-ai/sdk',
    variable: 'TOKMETER_TEST_ANTHROPIC',
    suite: 'test/instrumentation/compat-anthropic.test.ts',
    versions: ['0.20.0', '0.39.0', '0.65.0', '0.137.0', '1.0.0', '1.6.0', '1.12.0'],
    short: ['0.137.0', '1.12.0'],
  },
  {
    name: 'ai',
    variable: 'TOKMETER_TEST_AI',
    suite: 'test/instrumentation/compat-ai.test.ts',
    versions: ['7.0.0', '7.0.79', '7.0.154', '7.0.173'],
    short: ['7.0.173'],
    beside: ['zod@4'],
  },
]

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules', '.cache', 'tokmeter-matrix')

/**
 * The folder of an installed version.
 * @param {Client} client
 * @param {string} version
 */
function install({ name, beside = [] }, version) {
  const folder = join(cache, `${name.replaceAll('/', '-')}-${version}`)
  const installed = join(folder, 'node_modules', name)
  if (existsSync(join(installed, 'package.json'))) return installed
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const options = [
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--ignore-scripts',
    '--legacy-peer-deps',
    '--loglevel=error',
  ]
  const { status, stderr } = spawnSync('npm', ['install', ...options, `${name}@${version}`, ...beside], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`cannot install ${name}@${version}: ${stderr}`)
  return installed
}

/**
 * @param {Client} client
 * @param {string} version
 * @returns {boolean} Whether all tests passed.
 */
function run(client, version) {
  const report = join(cache, 'report.json')
  rmSync(report, { force: true })
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      client.suite,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    { cwd: root, encoding: 'utf8', env: { ...process.env, [client.variable]: install(client, version) } },
  )
  if (!existsSync(report)) {
    console.log(`${client.name} ${version}: no result\n${stdout}`)
    return false
  }
  const { success, numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  const isPassed = success === true && numFailedTests === 0 && numPassedTests > 0
  const counts = `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} not for this version`
  console.log(`${isPassed ? 'pass' : 'FAIL'}  ${client.name} ${version}: ${counts}`)
  for (const { assertionResults, message } of testResults) {
    if (assertionResults.length === 0) console.log(`      ${message}`)
    for (const { status, title } of assertionResults) if (status === 'failed') console.log(`      ${title}`)
  }
  return isPassed
}

const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false } },
  allowPositionals: true,
})
let failures = 0
for (const client of CLIENTS) {
  const [name, only] =
    positionals.find((one) => one === client.name || one.startsWith(`${client.name}@`))?.split(/(?<=.)@/) ?? []
  if (positionals.length > 0 && name === undefined) continue
  for (const version of only ? [only] : values.short ? client.short : client.versions) {
    try {
      if (!run(client, version)) failures++
    } catch (error) {
      failures++
      console.log(`FAIL  ${client.name} ${version}: ${error instanceof Error ? error.message : error}`)
    }
  }
}
process.exitCode = failures === 0 ? 0 : 1
