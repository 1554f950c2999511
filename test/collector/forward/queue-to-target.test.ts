import { afterEach, expect, test } from 'vitest'
import { Forwarder } from '../../../src/collector/forward/forwarder.js'
import { imbalances } from '../../../src/collector/ledger.js'
import type { Queue } from '../../../src/collector/queue/queue.js'
import { batch, queueIn } from '../queue-directory.js'
import { type Reply, type Request, targetServer } from './target-server.js'

const forwarders: Forwarder[] = []
afterEach(async () => {
  for (const forwarder of forwarders.splice(0)) await forwarder.close()
})

const BODIES = 60

/** A queue with one target, what the target received, and a forwarder between them that hardly waits. */
async function forwarding(
  reply: (request: Request, count: number) => Reply | undefined | Promise<Reply | undefined>,
  maxBytes = 1e9,
) {
  const { url, requests, server } = await targetServer(reply)
  const queue = await queueIn({ targets: [{ name: 'one', signals: ['traces'], maxBytes }] })
  const source = queue.target('one')!
  const start = () => {
    const retry = { initialMs: 1, maxMs: 2, multiplier: 1.5 }
    const forwarder = new Forwarder({ target: { name: 'one', url, retry }, source })
    forwarders.push(forwarder)
    return forwarder
  }
  return { queue, requests, start, server }
}

async function fill(queue: Queue) {
  const all = Array.from({ length: BODIES }, (_, index) => Buffer.from(`body ${index} ${'x'.repeat(index * 20)}`))
  await Promise.all(all.map((bytes) => queue.append(batch([], { bytes, items: 5 }))))
  return all.map(String)
}

/** Resolves when nothing waits for the target. */
async function drained(queue: Queue) {
  while (queue.ledger().forward['one']!.inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
  expect(imbalances(queue.ledger())).toEqual([])
}

const takenOf = (requests: readonly Request[], taken: ReadonlySet<number>) =>
  requests.filter((_, index) => taken.has(index + 1)).map(({ body }) => body.toString())

test('a target that answers 70 % of the time with 503 gets everything once: sent = received', async () => {
  const taken = new Set<number>()
  let seed = 1
  const { queue, requests, start } = await forwarding((_, count) => {
    seed = (seed * 48_271) % 2_147_483_647
    if (seed % 10 < 7) return { status: 503 }
    taken.add(count)
    return {}
  })
  start()
  const sent = await fill(queue)
  await drained(queue)
  expect(takenOf(requests, taken).sort()).toEqual(sent.sort())
  expect(requests.length).toBeGreaterThan(BODIES * 2)
  expect(queue.ledger().forward['one']).toMatchObject({ accepted: 300, sent: 300, rejected: 0, inQueue: 0 })
})

test('a target that flaps, cutting connections, gets everything', async () => {
  const taken = new Set<number>()
  const { queue, requests, start } = await forwarding((_, count) => {
    if (Math.floor(count / 10) % 2 === 0) return undefined
    taken.add(count)
    return {}
  })
  start()
  const sent = await fill(queue)
  await drained(queue)
  expect(takenOf(requests, taken).sort()).toEqual(sent.sort())
  expect(queue.ledger().forward['one']).toMatchObject({ accepted: 300, sent: 300, inQueue: 0 })
})

test('what waited while nothing was sent is sent when a forwarder comes back', async () => {
  const { queue, requests, start } = await forwarding(() => ({}))
  const sent = await fill(queue)
  await start().close()
  start()
  await drained(queue)
  expect([...new Set(requests.map(({ body }) => body.toString()))].sort()).toEqual(sent.sort())
})

test('a target that rejects some for good gets the others, and all are counted', async () => {
  const { queue, start } = await forwarding((_, count) => {
    if (count % 3 === 0) return { status: 400 }
    if (count % 3 === 1) return {}
    return { headers: { 'content-type': 'application/json' }, body: '{"partialSuccess":{"rejectedSpans":"2"}}' }
  })
  const forwarder = start()
  await fill(queue)
  await drained(queue)
  expect(queue.ledger().forward['one']).toMatchObject({ accepted: 300, sent: 160, rejected: 140, inQueue: 0 })
  expect(forwarder.counts).toMatchObject({ sent: { traces: 160 }, rejected: { traces: 140 } })
})

test('an outage longer than the limit costs the oldest, counted, and nothing else', async () => {
  let isUp = false
  const taken = new Set<number>()
  const { queue, requests, start } = await forwarding((_, count) => {
    if (!isUp) return { status: 503 }
    taken.add(count)
    return {}
  }, 20_000)
  start()
  const all = []
  for (let round = 0; round < 10; round++) all.push(...(await fill(queue)))
  expect(imbalances(queue.ledger())).toEqual([])
  isUp = true
  await drained(queue)
  const { accepted, sent, rejected, dropped } = queue.ledger().forward['one']!
  expect({ accepted, rejected, kept: sent + dropped.queue_full }).toEqual({ accepted: 3000, rejected: 0, kept: 3000 })
  expect(sent).toBeGreaterThan(50)
  expect(dropped.queue_full).toBeGreaterThan(1000)
  const received = takenOf(requests, taken)
  expect(received.at(-1)).toContain('body ')
  expect(new Set(received)).toContain(all.at(-1))
})
