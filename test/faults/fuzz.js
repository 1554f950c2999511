/** Random and mutated protobuf and JSON in all encodings: taken or refused, never an error of the collector's own, never a crash. */
import { Agent } from 'node:http'
import { join } from 'node:path'
import { allStored, startCollector } from './collector.js'
import { createInputs } from './fuzz-inputs.js'
import { createSenders, post } from './senders.js'
import { compareLedger, storedIds } from './stored.js'

export const name = 'fuzz'

const IN_FLIGHT = 64
const TAKEN = new Set([200, 202, 400, 413, 415])
const SHOWN = 10
const RETENTION = ['store.retention.raw=100y', 'store.retention.1m=100y']

/** @type {import('./faults.js').Fault} */
export async function run(setting) {
  const { directory, isLong, progress } = setting
  const data = join(directory, 'data')
  const inputs = setting.inputs ?? (isLong ? 1_000_000 : 5000)
  const seed = Math.floor(Math.random() * 2 ** 32)
  const make = createInputs(seed)
  // What is dated long ago is to be counted too, before its time is over.
  const collector = startCollector({ data, settings: RETENTION })
  await collector.listening()
  // Those who send what is right are served meanwhile.
  const senders = createSenders({ url: () => collector.url, senders: 1, pauseMs: 100 })
  senders.start()
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT })
  /** @type {{ [status: string]: number }} */
  const statuses = {}
  /** @type {string[]} */
  const wrong = []
  let made = 0
  const begin = performance.now()

  async function throwThem() {
    while (made < inputs && !collector.hasEnded) {
      const number = ++made
      const input = make()
      // Its place in what the seed makes, and itself: enough to see it again.
      const told = () =>
        `input ${number} of seed ${seed}, ${input.path} ${JSON.stringify(input.headers)} ${input.body.toString('base64').slice(0, 3000)}`
      try {
        const { status, body, headers } = await post(collector.url, input, agent)
        statuses[status] = (statuses[status] ?? 0) + 1
        const isRefused = status === 503 && Number(headers['retry-after']) > 0 && !body.includes('defect')
        if (!TAKEN.has(status) && !isRefused) wrong.push(`answered with ${status}: ${told()}`)
      } catch (error) {
        wrong.push(`not answered (${/** @type {Error} */ (error).message}): ${told()}`)
      }
      if (wrong.length > SHOWN) return
      if (number % (inputs / 20) === 0) {
        const each = Math.round(number / ((performance.now() - begin) / 1000))
        progress(`${number.toLocaleString('en-US')} inputs, ${each}/s, ${JSON.stringify(statuses)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, throwThem))
  const seconds = (performance.now() - begin) / 1000
  agent.destroy()
  if (collector.hasEnded) {
    const { code, signal } = await collector.exit
    wrong.push(`the collector ended with ${code ?? signal}`)
    return [{ fault: 'fuzz', runs: made, acknowledged: 0, lost: 0, doubled: 0, note: '', wrong }]
  }
  const memory = collector.highestMemory()
  await senders.pause()
  senders.close()
  // What was taken can be stored: one that could not would hold up all that come after it.
  const ledger = await allStored(collector)
  await collector.stop()
  const rows = await storedIds({ data })
  const stored = new Set(rows)
  const lost = [...senders.acknowledged].filter((id) => !stored.has(id)).length
  if (lost > 0) wrong.push(`${lost} acknowledged operations are not stored`)
  if (rows.length !== stored.size) wrong.push(`${rows.length - stored.size} operations are stored twice`)
  if (!(Number(statuses[200]) > 0) || !(Number(statuses[400]) > 0)) wrong.push('none was taken, or none rejected')
  wrong.push(...senders.wrong, ...compareLedger(ledger, { rows: rows.length }), ...collector.errors())
  const answers = Object.entries(statuses).map(([status, count]) => `${count.toLocaleString('en-US')} × ${status}`)
  return [
    {
      fault: 'random and mutated protobuf and JSON, all encodings',
      runs: made,
      acknowledged: ledger.accepted,
      lost,
      doubled: rows.length - stored.size,
      note: `${Math.round(made / seconds)} inputs/s, answered ${answers.join(', ')}; at most ${memory} MB resident`,
      wrong,
    },
  ]
}
