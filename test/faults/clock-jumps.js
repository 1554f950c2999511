/** A clock that jumps under load, back and forth: nothing lost, nothing doubled that is sent again within the time ids are remembered. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { KIND_NAMES, makeBatch } from './batches.js'
import { allStored, startCollector, until } from './collector.js'
import { createSenders } from './senders.js'
import { compare, compareLedger } from './stored.js'

export const name = 'clock'

const CLOCK = fileURLToPath(new URL('clock-child.js', import.meta.url))
const DAY_MS = 86_400_000
/** How long ids are remembered here: a day more or less is within it, a year is not. */
const WINDOW = '7d'
// By a clock that is a year ahead most of the history is past its time, and is dropped as it was told: not what is looked at here.
const RETENTION = ['raw', '1m', '5m', '1h', '1d'].map((tier) => `store.retention.${tier}=100y`)

/** @type {readonly { what: string, offsetMs: number }[]} */
const JUMPS = [
  { what: 'a day back', offsetMs: -DAY_MS },
  { what: 'a day ahead', offsetMs: DAY_MS },
  { what: 'right again', offsetMs: 0 },
  { what: 'a year ahead', offsetMs: 365 * DAY_MS },
  { what: 'right again', offsetMs: 0 },
]

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const data = join(directory, 'data')
  const file = join(directory, 'offset')
  const clock = `${pathToFileURL(CLOCK)}?${encodeURIComponent(file)}`
  const start = () =>
    startCollector({
      data,
      settings: [`queue.deduplicationWindow=${WINDOW}`, ...RETENTION],
      nodeOptions: ['--import', clock],
    })
  let collector = start()
  await collector.listening()
  const senders = createSenders({ url: () => collector.url, isSentAgain: false })
  const wrong = []
  let sentAgain = 0

  /** @param {number} offsetMs */
  async function jump(offsetMs) {
    writeFileSync(file, String(offsetMs))
    collector.signal('SIGUSR2')
    const taken = `${file}.taken`
    await until('the clock has jumped', () => existsSync(taken) && readFileSync(taken, 'utf8') === String(offsetMs))
  }

  senders.start()
  const rounds = isLong ? 20 : 1
  let jumps = 0
  for (let round = 0; round < rounds; round++) {
    /** Acknowledged since the ids were last forgotten. @type {import('./batches.js').Batch[]} */
    let remembered = []
    for (const { what, offsetMs } of JUMPS) {
      await jump(offsetMs)
      jumps++
      // After a year all ids are forgotten, as is promised; and the ones before are not sent again.
      if (Math.abs(offsetMs) > 30 * DAY_MS) remembered = []
      for (const batch of remembered) {
        await senders.send(batch)
        sentAgain += batch.ids.length
      }
      for (const kind of KIND_NAMES) {
        const batch = makeBatch(kind, 20)
        await senders.send(batch)
        remembered.push(batch)
      }
      // What comes with a clock of its own, wrong by as much.
      await senders.send(makeBatch('events', 5, Date.now() + Math.min(offsetMs, DAY_MS)))
      const before = senders.acknowledged.size
      await until('more is acknowledged', () => senders.acknowledged.size > before + 300)
      wrong.push(...(await collector.ledger()).imbalances, ...collector.errors())
      const { status, reasons } = await collector.ready()
      if (status !== 200) wrong.push(`${what}: not ready: ${reasons.join('; ')}`)
      progress(`${what}: ${senders.acknowledged.size} operations acknowledged`)
      await sleep(200)
    }
    // Begun anew with what the wrong clocks left behind.
    await collector.kill()
    collector = start()
    await collector.listening()
    wrong.push(...(await collector.ledger()).imbalances)
  }
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  await collector.stop()
  const stored = await compare({ data }, senders)
  if (ledger.duplicate < sentAgain) wrong.push(`${sentAgain} were sent again, ${ledger.duplicate} recognised`)
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored), ...collector.errors())
  return [
    {
      fault: 'clock a day back, a day and a year ahead, and right again',
      runs: jumps,
      acknowledged: senders.acknowledged.size,
      lost: stored.lost,
      doubled: stored.doubled,
      note: `ids remembered for ${WINDOW}; ${sentAgain} operations sent again after jumps within that, all recognised`,
      wrong,
    },
  ]
}
