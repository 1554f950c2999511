/** Targets of forwarding that are down, slow, flapping, refusing and breaking: what was sent is what each received, by content. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeMetrics } from './batches.js'
import { startCollector, until } from './collector.js'
import { createSenders } from './senders.js'
import { contentOf, createTargets, TIMEOUT_MS } from './target.js'

export const name = 'targets'

/** @typedef {import('./batches.js').Batch} Batch */

const IS_FORWARDED = /^\/v1\//

/** Attempts whose answer the collector did not wait for. @param {string} metrics @param {string} target */
function timeoutsOf(metrics, target) {
  const lines = metrics.split('\n').filter((line) => /^tokmeter_exporter_failed_attempts/.test(line))
  const own = lines.filter((line) => line.includes(`exporter="${target}"`) && line.includes('cause="ETIMEDOUT"'))
  return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/**
 * What a target is to have, and whether it may have it more often than once.
 * @param {ReadonlySet<string>} sent @param {import('./target.js').Target} target @param {any} ledger @param {number} timeouts
 */
function judge(sent, { name, taken }, ledger, timeouts) {
  const wrong = []
  const lost = [...sent].filter((content) => !taken.has(content)).length
  let doubled = 0
  let unexplained = 0
  let unknown = 0
  for (const [content, { times, unanswered }] of taken) {
    if (!sent.has(content)) unknown++
    doubled += times - 1
    unexplained += Math.max(0, times - 1 - unanswered)
  }
  if (lost > 0) wrong.push(`${lost} requests were not received`)
  if (unknown > 0) wrong.push(`${unknown} requests were received that nobody sent`)
  unexplained = Math.max(0, unexplained - timeouts)
  // Who took a request and did not say so in time gets it again: OTLP has nothing to tell it by.
  if (unexplained > 0) wrong.push(`${unexplained} requests were received again though they were answered`)
  const { accepted, sent: told, rejected, dropped } = ledger.forward[name]
  if (accepted !== told || rejected > 0) wrong.push(`the ledger says ${JSON.stringify(ledger.forward[name])}`)
  if (Object.values(dropped).some((count) => count > 0)) wrong.push(`dropped: ${JSON.stringify(dropped)}`)
  return { lost, doubled, unexplained, wrong }
}

/** @type {import('./faults.js').Fault} */
export async function run({ directory, isLong, progress }) {
  const targets = createTargets()
  const forward = []
  for (const target of targets) {
    forward.push({
      name: target.name,
      url: `http://127.0.0.1:${await target.listen()}`,
      timeout: target.name === 'slow' ? TIMEOUT_MS : 30_000,
      // A target that asks to be left alone for a second is: more requests at a time, and it is not as long.
      requestsInFlight: target.name === 'refusing' ? (isLong ? 32 : 16) : 4,
      retry: { initial: 50, max: 500 },
    })
  }
  const collector = startCollector({
    data: join(directory, 'data'),
    settings: [`forward=${JSON.stringify(forward)}`],
  })
  await collector.listening()
  /** @type {Set<string>} */
  const sent = new Set()
  const senders = createSenders({
    url: () => collector.url,
    senders: 3,
    operations: 200,
    onAcknowledged({ path, headers, body }) {
      if (IS_FORWARDED.test(path)) sent.add(contentOf(path, headers, body))
    },
    isSentAgain: false,
    pauseMs: isLong ? 50 : 100,
  })
  senders.start()
  const requests = isLong ? 500 : 20
  for (let count = 0; count < requests; count++) {
    await senders.send(makeMetrics())
    await sleep(isLong ? 50 : 100)
  }
  await senders.pause()
  senders.close()
  progress(`${sent.size} requests are to be forwarded to ${targets.length} targets`)
  const early = await collector.ledger()
  for (const target of targets) target.recover()
  await until(
    'all is forwarded',
    async () => {
      const { forward } = await collector.ledger()
      return targets.every(({ name }) => forward[name].inQueue === 0)
    },
    isLong ? 900_000 : 300_000,
  )
  const ledger = await collector.ledger()
  const metrics = await collector.metrics()
  await collector.stop()
  for (const target of targets) target.close()
  const wrong = [...senders.wrong, ...early.imbalances, ...ledger.imbalances, ...collector.errors()]
  return targets.map((target, index) => {
    const { lost, doubled, unexplained, wrong: own } = judge(sent, target, ledger, timeoutsOf(metrics, target.name))
    return {
      fault: target.fault,
      runs: target.faults(),
      acknowledged: sent.size,
      lost,
      doubled: unexplained,
      note: `requests, by content; ${doubled} came again, since the target took them and its answer came too late or never`,
      wrong: index === 0 ? [...wrong, ...own] : own,
    }
  })
}
