/** What waits in the queue is stored run by run, and what is to be done behind all of it is done there: with the real queue, and a store in memory. */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../src/collector/batch.js'
import type { Queue } from '../../src/collector/queue/queue.js'
import { NotStoredYet, StoreWriter } from '../../src/collector/store-writer.js'
import { batch, chat, queueIn } from './queue-directory.js'

const writers = new Set<StoreWriter<MemoryStore>>()
// Before the queues are closed.
afterEach(async () => {
  for (const writer of writers) await writer.stop()
  writers.clear()
})

/** Knows batches by their token, as the engine does. */
class MemoryStore {
  rows: IdentifiedOperation[] = []
  readonly #tokens = new Set<string>()
  /** Answers of the next inserts: whether they fail, and whether they had stored before they did. */
  failures: ('before' | 'after' | 'none')[] = []
  /** While it is there, inserts wait for it. */
  gate: Promise<void> | undefined

  get ids(): string[] {
    return this.rows.map(({ id }) => id)
  }

  async insert(operations: AsyncIterable<readonly IdentifiedOperation[]>, token: string): Promise<void> {
    await (this.gate ?? turn())
    const failure = this.failures.shift()
    if (failure === 'before') throw new Error('the engine is away')
    if (!this.#tokens.has(token)) for await (const some of operations) this.rows.push(...some)
    this.#tokens.add(token)
    await turn()
    if (failure === 'after') throw new Error('the answer was lost')
  }

  async erase(userId: string): Promise<number> {
    await turn()
    const before = this.rows.length
    this.rows = this.rows.filter((row) => row.userId !== userId)
    return before - this.rows.length
  }
}

async function writing(queue: Queue, store = new MemoryStore()) {
  const troubles: string[] = []
  const writer = new StoreWriter<MemoryStore>({
    source: queue.store,
    open: async () => store,
    batchOperations: 1,
    batchDelayMs: 0,
    onTrouble: ({ message }) => troubles.push(message),
    onRecovered: () => troubles.push('recovered'),
    pause: () => turn(),
  })
  writers.add(writer)
  await turn()
  return { writer, store, troubles }
}

const ofUser = (user: string, ids: readonly string[]) => ({
  ...batch(ids),
  operations: ids.map((id) => ({ ...chat(id), userId: user })),
})
const MINUTE_MS = 60_000

test('whatever was acknowledged before an identity is erased goes, and whatever comes after that stays', async () => {
  const user = fc.constantFrom('ann', 'bob')
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ what: fc.constant('append' as const), user, count: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('erase' as const), user }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 6 }) }) },
  )
  const failures = fc.array(fc.constantFrom('before' as const, 'after' as const, 'none' as const), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), failures, async (steps, failed) => {
      const queue = await queueIn()
      const { writer, store } = await writing(queue)
      store.failures = failed
      let expected: { id: string; user: string }[] = []
      let made = 0
      const erasing: Promise<number>[] = []
      for (const one of steps) {
        if (one.what === 'wait') for (let left = one.turns; left > 0; left--) await turn()
        else if (one.what === 'append') {
          const ids = Array.from({ length: one.count }, () => `operation-${made++}`)
          await queue.append(ofUser(one.user, ids))
          expected.push(...ids.map((id) => ({ id, user: one.user })))
        } else {
          erasing.push(writer.afterAllStored((to) => to.erase(one.user), MINUTE_MS))
          expected = expected.filter((operation) => operation.user !== one.user)
        }
      }
      const erased = (await Promise.all(erasing)).reduce((sum, count) => sum + count, 0)
      await writer.afterAllStored(async () => {}, MINUTE_MS)
      expect(store.ids).toEqual(expected.map(({ id }) => id))
      expect(erased).toBe(made - expected.length)
      expect(queue.ledger()).toMatchObject({ accepted: made, stored: made, inQueue: 0 })
    }),
    { numRuns: 60 },
  )
})

test('while it is done nothing is stored that came later', async () => {
  const queue = await queueIn()
  const { writer, store } = await writing(queue)
  const f = async (ids: readonly string[]) => {
    const before = [...store.ids]
    let during: readonly string[] = []
    await writer.afterAllStored(async () => {
      for (const id of ids) await queue.append(ofUser('ann', [id]))
      during = store.ids
    }, MINUTE_MS)
    expect(during).toEqual(before)
    await writer.afterAllStored(async () => {}, MINUTE_MS)
    expect(store.ids).toEqual([...before, ...ids])
  }
  await f(['a', 'b', 'c', 'd'])
  // Again when all is stored, and nobody is at work.
  await f(['e', 'f', 'g', 'h'])
})

test('what is to be done behind what waits is not done when that is not stored in time, and says why', async () => {
  const queue = await queueIn()
  const { writer, store } = await writing(queue)
  let open = () => {}
  store.gate = new Promise((resolve) => {
    open = resolve
  })
  await queue.append(ofUser('ann', ['a']))
  const done: string[] = []
  const late = writer.afterAllStored(async () => done.push('late'), 1)
  await expect(late).rejects.toEqual(new NotStoredYet('what was received before is not stored yet'))
  open()
  // The fence of it is gone: what comes next is not held up.
  expect(await writer.afterAllStored((to) => to.erase('ann'), MINUTE_MS)).toBe(1)
  expect(done).toEqual([])
})

test('work that fails fails for who asked for it alone, and the writer goes on', async () => {
  const queue = await queueIn()
  const { writer, store, troubles } = await writing(queue)
  await queue.append(ofUser('ann', ['a']))
  const failed = writer.afterAllStored(() => Promise.reject(new Error('no such table')), MINUTE_MS)
  await expect(failed).rejects.toThrow('no such table')
  await queue.append(ofUser('ann', ['b']))
  await writer.afterAllStored(async () => {}, MINUTE_MS)
  expect([store.ids, troubles, writer.trouble]).toEqual([['a', 'b'], [], undefined])
})

test('a writer without a store, or told to stop, does nothing any more, at once', async () => {
  const queue = await queueIn()
  const away = new StoreWriter<MemoryStore>({
    source: queue.store,
    open: () => Promise.reject(new Error('nobody listens')),
    onTrouble: () => {},
    onRecovered: () => {},
    pause: (_, signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
  })
  writers.add(away)
  await turn()
  await expect(away.afterAllStored(async () => {}, MINUTE_MS)).rejects.toEqual(new NotStoredYet('nobody listens'))
  await away.stop()
  const { writer, store } = await writing(queue)
  store.failures = Array(1000).fill('before')
  await queue.append(ofUser('ann', ['a']))
  const waiting = writer.afterAllStored(async () => {}, MINUTE_MS)
  waiting.catch(() => {})
  await writer.stop()
  await expect(waiting).rejects.toEqual(new NotStoredYet('the engine is away'))
  await expect(writer.afterAllStored(async () => {}, MINUTE_MS)).rejects.toThrow(NotStoredYet)
})

test('a hundred may wait, one more is told to come again', async () => {
  const queue = await queueIn()
  const { writer, store } = await writing(queue)
  let open = () => {}
  store.gate = new Promise((resolve) => {
    open = resolve
  })
  await queue.append(ofUser('ann', ['a']))
  const waiting = Array.from({ length: 101 }, () => writer.afterAllStored(async () => 'done', MINUTE_MS))
  const results = Promise.allSettled(waiting)
  open()
  expect((await results).map(({ status }) => status)).toEqual([...Array(100).fill('fulfilled'), 'rejected'])
})
