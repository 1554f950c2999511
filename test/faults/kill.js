/** `kill -9` at random moments under load, again and again on one data directory: nothing acknowledged is lost, nothing stored twice. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allStored, startCollector } from './collector.js'
import { createSenders } from './senders.js'
import { compare, compareLedger } from './stored.js'

/** Of the kills, those that hit it while it starts. */
const WHILE_STARTING = 0.15
const LONGEST_START_MS = 1200
const LONGEST_LIFE_MS = 2000

export const name = 'kill'

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const data = join(directory, 'data')
  const kills = isLong ? 100 : 5
  const start = () => startCollector({ data })
  let collector = start()
  const senders = createSenders({ url: () => collector.url })
  const wrong = []
  let whileStarting = 0
  senders.start()
  for (let kill = 1; kill <= kills; kill++) {
    if (Math.random() < WHILE_STARTING) {
      whileStarting++
      await sleep(Math.random() * LONGEST_START_MS)
    } else {
      await collector.listening()
      wrong.push(...(await collector.ledger()).imbalances.map((text) => `after kill ${kill - 1}: ${text}`))
      await sleep(Math.random() * LONGEST_LIFE_MS)
    }
    wrong.push(...collector.errors())
    await collector.kill()
    progress(`killed ${kill} of ${kills} times, ${senders.acknowledged.size} operations acknowledged`)
    collector = start()
  }
  await collector.listening()
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  await collector.stop()
  const stored = await compare({ data }, senders)
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored))
  return [
    {
      fault: '`kill -9` at random moments under load',
      runs: kills,
      acknowledged: senders.acknowledged.size,
      lost: stored.lost,
      doubled: stored.doubled,
      note: `${whileStarting} of them while it started; ${ledger.duplicate} sent again and recognised`,
      wrong,
    },
  ]
}
