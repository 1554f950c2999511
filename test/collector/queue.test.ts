import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import { imbalances } from '../../src/collector/ledger.js'
import { QueueFull } from '../../src/collector/queue/queue-full.js'
import { batch, chat, everything, idsOf, newDirectory, operationsOf, queueIn, storeAll } from './queue-directory.js'

test('what was appended is handed to the store in order, and once', async () => {
  const queue = await queueIn()
  expect(await queue.append(batch(['a', 'b']))).toMatchObject({ accepted: 2, duplicates: 0 })
  expect(await queue.append(batch(['c']))).toMatchObject({ accepted: 1, duplicates: 0 })
  expect(await storeAll(queue)).toEqual(['a', 'b', 'c'])
  expect(await queue.store.next(everything)).toBeUndefined()
  expect(queue.ledger()).toMatchObject({ received: 3, accepted: 3, stored: 3, duplicate: 0, inQueue: 0 })
})

test('an operation seen before is a duplicate: in the same request, in another, and after the queue was opened anew', async () => {
  const directory = newDirectory()
  const queue = await queueIn({ directory })
  expect(await queue.append(batch(['a', 'a', 'b']))).toMatchObject({ accepted: 2, duplicates: 1 })
  const both = await Promise.all([queue.append(batch(['b', 'c'])), queue.append(batch(['c', 'd']))])
  expect(both).toEqual([
    { accepted: 1, duplicates: 1, fresh: [chat('c')] },
    { accepted: 1, duplicates: 1, fresh: [chat('d')] },
  ])
  expect(await storeAll(queue)).toEqual(['a', 'b', 'c', 'd'])
  await queue.close()
  const reopened = await queueIn({ directory })
  expect(await reopened.append(batch(['a', 'd', 'e']))).toMatchObject({ accepted: 1, duplicates: 2 })
  expect(await storeAll(reopened)).toEqual(['e'])
  expect(reopened.ledger()).toMatchObject({ received: 10, accepted: 10, stored: 5, duplicate: 5, inQueue: 0 })
})

test('a run is the same after a crash, whatever came meanwhile and whatever is asked for', async () => {
  const directory = newDirectory()
  const queue = await queueIn({ directory })
  for (const ids of [['a', 'b'], ['c'], ['d']]) await queue.append(batch(ids))
  const run = await queue.store.next({ maxOperations: 3, maxBytes: 1e9 })
  expect(await idsOf(run)).toEqual(['a', 'b', 'c'])
  await queue.append(batch(['e']))
  const crashed = newDirectory()
  cpSync(directory, crashed, { recursive: true, filter: (path) => !path.endsWith('lock.json') })
  const reopened = await queueIn({ directory: crashed })
  const again = await reopened.store.next(everything)
  expect(again?.token).toBe(run?.token)
  expect(await operationsOf(again)).toEqual(await operationsOf(run))
  await again?.commit()
  const last = await reopened.store.next(everything)
  expect(await idsOf(last)).toEqual(['d', 'e'])
  expect(last?.token).not.toBe(run?.token)
})

test('a run that is not committed is handed out again, and committed only once', async () => {
  const queue = await queueIn()
  await queue.append(batch(['a']))
  const first = await queue.store.next(everything)
  const second = await queue.store.next(everything)
  expect(second?.token).toBe(first?.token)
  await queue.append(batch(['b']))
  await first?.commit()
  await second?.commit()
  expect(queue.ledger()).toMatchObject({ stored: 1, inQueue: 1 })
  expect(await storeAll(queue)).toEqual(['b'])
})

test('a run that takes long to read lets others have their turn, and may be committed or closed meanwhile', async () => {
  const queue = await queueIn()
  const ids = Array.from({ length: 30_000 }, (_, index) => `operation-${index}`)
  await queue.append(batch(ids))
  const first = await queue.store.next(everything)
  expect((await idsOf(first)).length).toBe(30_000)
  let turns = 0
  const count = setInterval(() => turns++, 0)
  expect((await idsOf(await queue.store.next(everything))).length).toBe(30_000)
  clearInterval(count)
  expect(turns).toBeGreaterThan(0)
  const again = (await queue.store.next(everything))!.read()
  expect((await again.next()).value.length).toBe(1000)
  await first?.commit()
  await expect(again.next()).rejects.toThrow('the run was committed')
  await queue.append(batch(ids.map((id) => `later-${id}`)))
  const last = (await queue.store.next(everything))!.read()
  await last.next()
  await queue.close()
  await expect(last.next()).rejects.toThrow('the queue is closed')
})

test('a run has as many operations and bytes as are asked for, and one entry at least', async () => {
  const queue = await queueIn()
  for (const ids of [['a', 'b'], ['c', 'd'], ['e']]) await queue.append(batch(ids))
  const f = async (limits: { maxOperations: number; maxBytes: number }, ids: string[]) => {
    const run = await queue.store.next(limits)
    expect(await idsOf(run)).toEqual(ids)
    await run?.commit()
  }
  await f({ maxOperations: 1, maxBytes: 1e9 }, ['a', 'b'])
  await f({ maxOperations: 9, maxBytes: 1 }, ['c', 'd'])
  await f({ maxOperations: 9, maxBytes: 1e9 }, ['e'])
})

test('a request with more operations than an entry holds is split among entries', async () => {
  const queue = await queueIn()
  const ids = Array.from({ length: 2500 }, (_, index) => `operation-${index}`)
  await queue.append(batch(ids))
  const run = await queue.store.next({ maxOperations: 1, maxBytes: 1e9 })
  expect((await idsOf(run)).length).toBe(1000)
  await run?.commit()
  expect(await storeAll(queue)).toEqual(ids.slice(1000))
})

test('operations the store can never take are dropped and counted', async () => {
  const queue = await queueIn()
  await queue.append(batch(['a', 'b']))
  await (await queue.store.next(everything))?.drop()
  expect(queue.ledger()).toMatchObject({ accepted: 2, stored: 0, dropped: { damaged: 0, not_storable: 2 }, inQueue: 0 })
})

test('a full queue takes nothing of a request, counts it as refused, and takes it when there is room', async () => {
  const queue = await queueIn({ maxBytes: 1000 })
  await queue.append(batch(['a', 'b', 'c']))
  const refused = queue.append(batch(['c', 'd', 'e']))
  await expect(refused).rejects.toThrow(QueueFull)
  await expect(refused).rejects.toMatchObject({ reason: 'queue_full', retryAfterSeconds: 5 })
  expect(queue.ledger()).toMatchObject({ received: 6, refused: 3, accepted: 3, inQueue: 3 })
  expect(await storeAll(queue)).toEqual(['a', 'b', 'c'])
  expect(await queue.append(batch(['c', 'd', 'e']))).toMatchObject({ accepted: 2, duplicates: 1 })
  expect(imbalances(queue.ledger())).toEqual([])
})

test('requests that come together are not let in beyond the limit together', async () => {
  const queue = await queueIn({ maxBytes: 1000 })
  const all = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => queue.append(batch([id]))))
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
})

test('a file system with too little space takes nothing, and says so', async () => {
  let free = 1e6
  const queue = await queueIn({ minFreeBytes: 2e6, freeBytes: async () => free })
  const refused = queue.append(batch(['a']))
  await expect(refused).rejects.toMatchObject({ name: 'QueueFull', reason: 'no_disk_space', retryAfterSeconds: 30 })
  expect(queue.ledger()).toMatchObject({ received: 1, refused: 1, accepted: 0 })
  free = 1e9
  const again = await queueIn({ minFreeBytes: 2e6, freeBytes: async () => free })
  expect(await again.append(batch(['a']))).toMatchObject({ accepted: 1, duplicates: 0 })
})

test('what never came to the queue is counted, and the counts last', async () => {
  const directory = newDirectory()
  const queue = await queueIn({ directory })
  queue.count('rejected', { signal: 'events', operations: 2, items: 2 })
  queue.count('refused', { signal: 'traces', operations: 0, items: 7 })
  await queue.append(batch([], { signal: 'metrics', items: 5 }))
  const before = queue.ledger()
  expect(before).toMatchObject({ received: 2, rejected: 2, refused: 0, accepted: 0 })
  expect(before.signals).toMatchObject({
    traces: { received: 7, rejected: 0, refused: 7, accepted: 0 },
    metrics: { received: 5, rejected: 0, refused: 0, accepted: 5 },
    events: { received: 2, rejected: 2, refused: 0, accepted: 0 },
  })
  await queue.close()
  expect((await queueIn({ directory })).ledger()).toEqual(before)
})

test('a request that cannot be written down is rejected alone, and its ids are not taken for seen', async () => {
  const queue = await queueIn()
  const nested = { team: { name: 'search' } }
  const bad = { ...batch(['a', 'b']), operations: [chat('a'), { ...chat('b'), tags: nested as never }] }
  const [rejected, taken] = await Promise.allSettled([queue.append(bad), queue.append(batch(['a', 'b']))])
  expect(rejected.status).toBe('rejected')
  expect(taken).toMatchObject({ status: 'fulfilled', value: { accepted: 2, duplicates: 0 } })
  expect(queue.ledger()).toMatchObject({ received: 4, rejected: 2, accepted: 2, inQueue: 2 })
})

test('who waits for operations is told when there are enough, or when one waited long enough, or of the end', async () => {
  const queue = await queueIn()
  const three = queue.store.available({ operations: 3, withinMs: 60_000 })
  const any = queue.store.available({ operations: 3, withinMs: 1 })
  await queue.append(batch(['a']))
  expect(await any).toBe(true)
  await queue.append(batch(['b', 'c']))
  expect(await three).toBe(true)
  await storeAll(queue)
  const aborted = new AbortController()
  const left = queue.store.available({}, aborted.signal)
  aborted.abort()
  expect(await left).toBe(false)
  const never = queue.store.available()
  await queue.close()
  expect(await never).toBe(false)
  await expect(queue.append(batch(['d']))).rejects.toThrow('the queue is closed')
})
