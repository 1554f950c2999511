/** A store that is gone, breaks, hangs, and takes what comes without saying so: all the while requests are acknowledged, and all is stored once. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allStored, startCollector, until } from './collector.js'
import { createFailingFront } from './failing-front.js'
import { createSenders } from './senders.js'
import { compare, compareLedger } from './stored.js'

export const name = 'store'

/** What the log is expected to say. */
const TROUBLE = /^operations cannot be stored/

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const data = join(directory, 'data')
  const front = await createFailingFront(join(directory, 'engine'))
  const wrong = []
  // Gone from the beginning: the collector starts all the same.
  await front.become('refuses')
  const collector = startCollector({ data, settings: [`store.url=${front.url}`, 'store.requestTimeout=4s'] })
  await collector.listening()
  const senders = createSenders({ url: () => collector.url, senders: 3, pauseMs: 20 })
  senders.start()

  /** @param {import('./failing-front.js').Mode} mode */
  async function fail(mode) {
    await front.become(mode)
    let told = ''
    await until(`/ready tells of a store that ${mode}`, async () => {
      const { status, reasons } = await collector.ready()
      told = reasons.join('; ')
      return status === 503 && /^store: ./.test(told)
    })
    const before = senders.acknowledged.size
    await until('more is acknowledged meanwhile', () => senders.acknowledged.size > before + 100)
    progress(`a store that ${mode}: ${told}`)
    await sleep(isLong ? 5000 : 500)
    await front.become('works')
    await until('it is ready again', async () => (await collector.ready()).status === 200, 180_000)
    wrong.push(...(await collector.ledger()).imbalances)
  }
  await fail('refuses')
  const rounds = isLong ? 5 : 1
  for (let round = 0; round < rounds; round++) {
    for (const mode of /** @type {const} */ (['cuts', 'errs', 'hangs', 'refuses'])) await fail(mode)
  }
  await senders.pause()
  senders.close()
  const ledger = await allStored(collector)
  await collector.stop()
  const stored = await compare({ data, url: front.url }, senders)
  await front.close()
  if (senders.counts.refused > 0) wrong.push(`${senders.counts.refused} requests were refused`)
  if (front.counts.cut === 0) wrong.push('no insert was cut off that the engine had done: nothing was tried')
  wrong.push(...senders.wrong, ...stored.wrong, ...compareLedger(ledger, stored), ...collector.errors(TROUBLE))
  return [
    {
      fault: 'store gone, answering 500, hanging, taking without saying so',
      runs: 1 + 4 * rounds,
      acknowledged: senders.acknowledged.size,
      lost: stored.lost,
      doubled: stored.doubled,
      note: `none refused; ${front.counts.cut} statements done by the engine of which the collector heard nothing`,
      wrong,
    },
  ]
}
