/** What the collector is to survive, done to the built collector in a process of its own. See --help. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as clockJumps from './clock-jumps.js'
import { killInside, MAIN } from './collector.js'
import * as diskFull from './disk-full.js'
import * as fuzz from './fuzz.js'
import * as gzipBombs from './gzip-bombs.js'
import * as idleConnections from './idle-connections.js'
import * as kill from './kill.js'
import * as powerCut from './power-cut.js'
import * as storeFailing from './store-failing.js'
import { markdownOf, tableOf } from './table.js'
import * as targets from './targets.js'

/**
 * What became of what was sent while a fault lasted.
 * @typedef {object} Row
 * @property {string} fault
 * @property {number} runs Times the fault was made; requests, or connections, where it is made of them.
 * @property {number} acknowledged Operations, or requests where a target is to get them.
 * @property {number} lost Of the acknowledged ones.
 * @property {number} doubled
 * @property {string} note
 * @property {string[]} wrong What is not as it must be; empty when all is well.
 */

/**
 * @typedef {object} Setting
 * @property {string} directory Empty; removed afterwards.
 * @property {boolean} isLong
 * @property {number} [inputs] Of the fuzz.
 * @property {(text: string) => void} progress
 */

/** @typedef {(setting: Setting) => Promise<Row[]>} Fault */

/** @type {readonly { name: string, run: Fault }[]} */
const FAULTS = [kill, targets, storeFailing, diskFull, powerCut, clockJumps, idleConnections, gzipBombs, fuzz]

const HELP = `Does to the built collector what it is to survive, and counts what was lost and what was doubled.

  npm run test:faults -- [options]

  --only NAME   one of ${FAULTS.map(({ name }) => name).join(', ')}; may be repeated
  --long        the long setting of each: hundred kills, a million inputs, and so on
  --at-once N   how many at a time, each with a collector of its own (default 3: mostly they wait)
  --inputs N    of the fuzz (default 5,000, long 1,000,000)
  --json        one JSON object a line
  --markdown    the table as a README holds it
  --help

Exits with 1 when anything was lost, doubled, or not as it must be.
`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    long: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: '3' },
    inputs: { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** @param {string} text */
const progress = (text) => process.stderr.write(`${text}\n`)

/** @param {{ name: string, run: Fault }} fault */
async function make({ name, run }) {
  progress(`${name} …`)
  const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), `tokmeter-fault-${name}-`))
  const begin = performance.now()
  try {
    const rows = await run({
      directory,
      isLong: options.long,
      ...(options.inputs !== undefined && { inputs: Number(options.inputs) }),
      progress: (text) => progress(`${name}: ${text}`),
    })
    const seconds = (performance.now() - begin) / 1000
    return rows.map((row, index) => ({ name, ...row, seconds: index === 0 ? seconds : undefined }))
  } catch (error) {
    const { stack = String(error) } = /** @type {Error} */ (error)
    const nothing = { runs: 0, acknowledged: 0, lost: 0, doubled: 0, note: 'not run to its end' }
    return [{ name, fault: name, ...nothing, wrong: [stack], seconds: (performance.now() - begin) / 1000 }]
  } finally {
    killInside(directory)
    rmSync(directory, { recursive: true, force: true })
  }
}

// So that what is to be done at the end is done.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(1))

if (options.help) {
  console.log(HELP)
  process.exit(0)
}
if (!existsSync(MAIN)) throw new Error('the faults are made to the built output, which is not there: npm run build')
const unknown = options.only.filter((only) => FAULTS.every(({ name }) => name !== only))
if (unknown.length > 0) {
  console.error(`there is no fault ${unknown.join(', ')}\nSee --help.`)
  process.exit(2)
}
const chosen = FAULTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
/** @type {import('./table.js').TimedRow[][]} */
const results = chosen.map(() => [])
let next = 0
async function makeOneAfterTheOther() {
  while (next < chosen.length) {
    const index = next++
    const fault = chosen[index]
    if (fault === undefined) continue
    const rows = await make(fault)
    results[index] = rows
    for (const row of rows) {
      if (options.json) console.log(JSON.stringify(row))
      for (const wrong of row.wrong) progress(`FAIL ${row.fault}: ${wrong}`)
    }
  }
}
await Promise.all(Array.from({ length: Number(options['at-once']) }, makeOneAfterTheOther))
const rows = results.flat()
if (options.markdown) console.log(markdownOf(rows))
else if (!options.json) console.log(tableOf(rows))
// Whatever a fault that broke off has left running does not keep this one.
process.exit(rows.some(({ wrong }) => wrong.length > 0) ? 1 : 0)
