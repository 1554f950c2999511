/** What the collector is to survive, done to the built collector in a process of its own. See --help. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MAIN } from './collector.js'
import { FAULTS } from './faults.js'
import { markdownOf, tableOf } from './table.js'

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

/** @param {string} name @returns {Promise<import('./table.js').TimedRow[]>} */
async function make(name) {
  progress(`${name} …`)
  const setting = {
    name,
    isLong: options.long,
    ...(options.inputs !== undefined && { inputs: Number(options.inputs) }),
  }
  const child = fork(fileURLToPath(new URL('fault-child.js', import.meta.url)), [JSON.stringify(setting)])
  const ended = once(child, 'exit')
  const [rows] = await Promise.race([once(child, 'message'), ended])
  await ended
  if (Array.isArray(rows)) return rows
  const nothing = { runs: 0, acknowledged: 0, lost: 0, doubled: 0, note: 'not run to its end' }
  return [{ fault: name, ...nothing, wrong: ['it ended without a result'] }]
}

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
    const rows = await make(fault.name)
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
process.exitCode = rows.some(({ wrong }) => wrong.length > 0) ? 1 : 0
