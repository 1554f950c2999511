import { expect, test } from 'vitest'
import { imbalances } from '../../src/collector/ledger.js'
import type { Queue } from '../../src/collector/queue/queue.js'
import { batch, newDirectory, queueIn, storeAll } from './queue-directory.js'

const all = ['traces', 'metrics', 'logs'] as const
const target = (
  name: string,
  rest: Partial<{ signals: readonly ('traces' | 'metrics' | 'logs')[]; maxBytes: number }> = {},
) => ({
  name,
  signals: all,
  maxBytes: 1e9,
  ...rest,
})

/** A request of which only the body matters. */
const body = (text: string, signal: (typeof all)[number] = 'traces', items = 10) =>
  batch([], { signal, bytes: Buffer.from(text), items })

/** Takes what waits for a target, till there is no more. */
async function take(queue: Queue, name: string) {
  const deliveries = []
  for (;;) {
    const nothing = new AbortController()
    setImmediate(() => nothing.abort())
    const delivery = await queue.target(name)!.next(nothing.signal)
    if (delivery === undefined) return deliveries
    deliveries.push(delivery)
  }
}

const textOf = ({ body: { bytes } }: { body: { bytes: Uint8Array } }) => Buffer.from(bytes).toString()

test('every target gets every body of its signals, as it came', async () => {
  const queue = await queueIn({ targets: [target('one'), target('two', { signals: ['logs'] })] })
  const sent = {
    signal: 'traces',
    contentType: 'application/json; charset=utf-8',
    contentEncoding: 'gzip',
    bytes: Buffer.from([0, 255, 3]),
    items: 3,
  } as const
  await queue.append({ body: sent, operations: [] })
  await queue.append(body('a log', 'logs'))
  const [first, second] = await take(queue, 'one')
  expect({ ...first!.body, bytes: Buffer.from(first!.body.bytes) }).toEqual(sent)
  expect(textOf(second!)).toBe('a log')
  expect((await take(queue, 'two')).map(textOf)).toEqual(['a log'])
  expect(queue.ledger().forward).toMatchObject({
    one: { accepted: 13, inQueue: 13 },
    two: { accepted: 10, inQueue: 10 },
  })
})

test('what was sent is not handed out again, what was not is, after the queue was opened anew', async () => {
  const directory = newDirectory()
  const targets = [target('one')]
  const queue = await queueIn({ directory, targets })
  for (const text of ['a', 'b', 'c', 'd']) await queue.append(body(text))
  const [a, b, c, d] = await take(queue, 'one')
  b!.sent()
  d!.sent(4)
  c!.rejected()
  await queue.close()
  const reopened = await queueIn({ directory, targets })
  expect((await take(reopened, 'one')).map(textOf)).toEqual(['a'])
  expect(reopened.ledger().forward['one']).toMatchObject({ accepted: 40, sent: 16, rejected: 14, inQueue: 10 })
  a!.sent() // Too late: it is another queue's by now.
})

test('what is given back is handed out again, and what is settled twice is counted once', async () => {
  const queue = await queueIn({ targets: [target('one')] })
  await queue.append(body('a'))
  await queue.append(body('b'))
  const [a, b] = await take(queue, 'one')
  b!.release()
  expect((await take(queue, 'one')).map(textOf)).toEqual(['b'])
  a!.sent()
  a!.rejected()
  await queue.append(body('c'))
  expect((await take(queue, 'one')).map(textOf)).toEqual(['c'])
  expect(queue.ledger().forward['one']).toMatchObject({ accepted: 30, sent: 10, rejected: 0, inQueue: 20 })
})

test('a slow target keeps neither the store nor another target waiting', async () => {
  const queue = await queueIn({ maxBytes: 2000, targets: [target('slow'), target('quick')] })
  for (let round = 0; round < 30; round++) {
    await queue.append(batch([`${round}`], { bytes: Buffer.alloc(1000) }))
    for (const delivery of await take(queue, 'quick')) delivery.sent()
    expect(await storeAll(queue)).toEqual([`${round}`])
  }
  expect(queue.ledger()).toMatchObject({
    stored: 30,
    forward: { slow: { accepted: 30, sent: 0, inQueue: 30 }, quick: { accepted: 30, sent: 30, inQueue: 0 } },
  })
})

test('beyond its limit the oldest that waits for a target is dropped and counted, for that target alone', async () => {
  const queue = await queueIn({ targets: [target('small', { maxBytes: 2500 }), target('large')] })
  for (const text of ['a', 'b', 'c', 'd']) await queue.append(body(text.repeat(1000)))
  expect((await take(queue, 'small')).map((delivery) => textOf(delivery)[0])).toEqual(['c', 'd'])
  expect((await take(queue, 'large')).map((delivery) => textOf(delivery)[0])).toEqual(['a', 'b', 'c', 'd'])
  expect(queue.ledger().forward).toMatchObject({
    small: { accepted: 40, sent: 0, dropped: { queue_full: 20, damaged: 0, removed: 0 }, inQueue: 20 },
    large: { accepted: 40, dropped: { queue_full: 0 }, inQueue: 40 },
  })
})

test('what is on its way may be dropped too: who sends it is told, and what becomes of it is not counted', async () => {
  const queue = await queueIn({ targets: [target('one', { maxBytes: 1500 })] })
  await queue.append(body('a'.repeat(1000)))
  const [a] = await take(queue, 'one')
  expect(a!.dropped.aborted).toBe(false)
  await queue.append(body('b'.repeat(1000)))
  expect(a!.dropped.aborted).toBe(true)
  a!.sent()
  await queue.append(body('c'))
  expect(queue.ledger().forward['one']).toMatchObject({
    accepted: 30,
    sent: 0,
    dropped: { queue_full: 10 },
    inQueue: 20,
  })
})

test('a body larger than the limit of a target is dropped at once', async () => {
  const queue = await queueIn({ targets: [target('one', { maxBytes: 100 })] })
  await queue.append(body('a'.repeat(1000)))
  await queue.append(body('b'))
  expect((await take(queue, 'one')).map(textOf)).toEqual(['b'])
  expect(queue.ledger().forward['one']).toMatchObject({ dropped: { queue_full: 10 }, inQueue: 10 })
})

test('a target that is added begins with what comes then; one that is removed gives up what waits', async () => {
  const queue = await queueIn({ targets: [target('old')] })
  await queue.append(body('a'))
  await queue.setTargets([target('old'), target('new')])
  await queue.append(body('b'))
  expect((await take(queue, 'new')).map(textOf)).toEqual(['b'])
  const old = queue.target('old')!
  const [a] = await take(queue, 'old')
  await queue.setTargets([target('new')])
  expect(old.isClosed).toBe(true)
  expect(a!.dropped.aborted).toBe(true)
  expect(await old.next()).toBeUndefined()
  expect(queue.target('old')).toBeUndefined()
  expect(queue.ledger().forward['old']).toMatchObject({ accepted: 20, dropped: { removed: 20 }, inQueue: 0 })
  await queue.setTargets([target('new'), target('old')])
  await queue.append(body('c'))
  expect((await take(queue, 'old')).map(textOf)).toEqual(['c'])
  expect(imbalances(queue.ledger())).toEqual([])
})

test('a signal that is taken from a target gives up what waits of it, and gets only later ones when it is given back', async () => {
  const directory = newDirectory()
  const queue = await queueIn({ directory, targets: [target('one'), target('two')] })
  for (const [text, signal] of [
    ['a', 'traces'],
    ['b', 'logs'],
    ['c', 'traces'],
    ['d', 'logs'],
  ] as const) {
    await queue.append(body(text, signal))
  }
  await queue.close()
  const fewer = await queueIn({ directory, targets: [target('one', { signals: ['logs'] }), target('two')] })
  expect(fewer.ledger().forward['one']).toMatchObject({ accepted: 40, dropped: { removed: 20 }, inQueue: 20 })
  await fewer.setTargets([target('one'), target('two')])
  await fewer.append(body('e'))
  expect((await take(fewer, 'one')).map(textOf)).toEqual(['b', 'd', 'e'])
  expect((await take(fewer, 'two')).map(textOf)).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(imbalances(fewer.ledger())).toEqual([])
})

test('without a target for a signal its bodies are not kept, and take nothing of the limit', async () => {
  const queue = await queueIn({ maxBytes: 1000, targets: [target('one', { signals: ['logs'] })] })
  for (let round = 0; round < 5; round++) await queue.append(batch([], { bytes: Buffer.alloc(100_000), items: 9 }))
  expect(await take(queue, 'one')).toEqual([])
  expect(queue.ledger().signals.traces.accepted).toBe(45)
  await queue.append({ body: { ...batch([]).body, signal: 'events' }, operations: [] })
  expect(await take(queue, 'one')).toEqual([])
})

test('one body that is never settled does not hold up those behind it, up to a window of them', async () => {
  const queue = await queueIn({ targets: [target('one')] })
  await Promise.all(Array.from({ length: 300 }, (_, index) => queue.append(body(`${index}`))))
  const deliveries = await take(queue, 'one')
  expect(deliveries.length).toBe(256)
  for (const delivery of deliveries.slice(1)) delivery.sent()
  await queue.append(body('last'))
  expect(await take(queue, 'one')).toEqual([])
  deliveries[0]!.sent()
  await queue.append(body('very last'))
  expect((await take(queue, 'one')).length).toBe(46)
  expect(queue.ledger().forward['one']).toMatchObject({ sent: 2560, inQueue: 460 })
})

test('two targets of one name are refused', async () => {
  await expect(queueIn({ targets: [target('one'), target('one')] })).rejects.toThrow(
    'two targets have one name: one,one',
  )
})
