/** Makes one fault, in a process of its own: none waits for what another is busy with. Its argument is what to do, as JSON; sends the rows to its parent. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killInside } from './collector.js'
import { FAULTS } from './faults.js'

// So that what is to be done at the end is done.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'disconnect']))
  process.on(signal, () => process.exit(1))

const { name, ...setting } = JSON.parse(process.argv[2] ?? '')
const fault = FAULTS.find((one) => one.name === name)
if (fault === undefined) throw new Error(`BUG: there is no fault ${name}`)
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), `tokmeter-fault-${name}-`))
const begin = performance.now()

async function make() {
  const progress = (/** @type {string} */ text) => process.stderr.write(`${name}: ${text}\n`)
  try {
    return await fault?.run({ directory, progress, ...setting })
  } catch (error) {
    const { stack = String(error) } = /** @type {Error} */ (error)
    const nothing = { runs: 0, acknowledged: 0, lost: 0, doubled: 0, note: 'not run to its end' }
    return [{ fault: name, ...nothing, wrong: [stack] }]
  }
}

const rows = (await make()) ?? []
killInside(directory)
if (rows.every(({ wrong }) => wrong.length === 0)) {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
} else {
  process.stderr.write(`${name}: kept for whoever looks for the cause: ${directory}\n`)
}
const seconds = (performance.now() - begin) / 1000
// What was made together took its time together.
process.send?.(
  rows.map((row, index) => ({ name, ...row, seconds: index === 0 ? seconds : undefined })),
  () => process.exit(),
)
