import { cpSync, rmSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countArrival, imbalances, ledgerOf, noCounts, noTargetCounts } from '../../src/collector/ledger.js'
import { openQueue } from '../../src/collector/queue/open-queue.js'
import type { Queue } from '../../src/collector/queue/queue.js'
import { batch, idsOf, newDirectory, storeAll } from './queue-directory.js'

test('an arrival counts as received, and as what became of it, in operations and in items of its signal', () => {
  const counts = noCounts()
  countArrival(counts, 'accepted', { signal: 'traces', operations: 3, items: 10 })
  countArrival(counts, 'refused', { signal: 'traces', operations: 2, items: 4 })
  countArrival(counts, 'rejected', { signal: 'events', operations: 1, items: 1 })
  expect(counts).toMatchObject({ received: 6, accepted: 3, refused: 2, rejected: 1 })
  expect(counts.signals).toEqual({
    traces: { received: 14, accepted: 10, refused: 4, rejected: 0 },
    metrics: { received: 0, accepted: 0, refused: 0, rejected: 0 },
    logs: { received: 0, accepted: 0, refused: 0, rejected: 0 },
    events: { received: 1, accepted: 0, refused: 0, rejected: 1 },
  })
})

test('a ledger that does not balance says which equation does not hold', () => {
  const counts = noCounts()
  counts.forward['one'] = noTargetCounts()
  expect(imbalances(ledgerOf(counts, 0, 0, () => 0))).toEqual([])
  counts.received = 5
  counts.accepted = 4
  counts.stored = 3
  counts.signals.logs.refused = 2
  counts.forward['one'].accepted = 7
  expect(imbalances(ledgerOf(counts, 0, 2, () => 6))).toEqual([
    'operations received = rejected + refused + accepted: 5 on one side, 4 on the other',
    'logs received = rejected + refused + accepted: 0 on one side, 2 on the other',
    'operations accepted = stored + duplicate + dropped + in queue: 4 on one side, 5 on the other',
    'one accepted = sent + rejected + dropped + in queue: 7 on one side, 6 on the other',
  ])
})

test('a ledger that was handed out does not change any more', () => {
  const counts = noCounts()
  const ledger = ledgerOf(counts, 0, 0, () => 0)
  countArrival(counts, 'accepted', { signal: 'traces', operations: 3, items: 10 })
  counts.dropped.damaged = 4
  expect(ledger).toMatchObject({ received: 0, dropped: { damaged: 0 }, signals: { traces: { received: 0 } } })
})

type Step =
  | { readonly do: 'append'; readonly ids: number[]; readonly bytes: number; readonly isAwaited: boolean }
  | { readonly do: 'count'; readonly outcome: 'rejected' | 'refused'; readonly operations: number }
  | { readonly do: 'store'; readonly maxOperations: number; readonly end: 'commit' | 'drop' | 'forget' }
  | {
      readonly do: 'forward'
      readonly target: 'one' | 'two'
      readonly end: 'sent' | 'partly' | 'rejected' | 'release' | 'forget'
    }
  | { readonly do: 'targets'; readonly names: ('one' | 'two')[] }
  | { readonly do: 'crash' | 'reopen' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      ids: fc.array(fc.nat(60), { maxLength: 8 }),
      bytes: fc.nat(900),
      isAwaited: fc.boolean(),
    }),
  },
  fc.record({
    do: fc.constant('count' as const),
    outcome: fc.constantFrom('rejected', 'refused'),
    operations: fc.nat(5),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      maxOperations: fc.integer({ min: 1, max: 20 }),
      end: fc.constantFrom('commit', 'commit', 'drop', 'forget'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('forward' as const),
      target: fc.constantFrom('one', 'two'),
      end: fc.constantFrom('sent', 'sent', 'partly', 'rejected', 'release', 'forget'),
    }),
  },
  fc.record({ do: fc.constant('targets' as const), names: fc.uniqueArray(fc.constantFrom('one', 'two')) }),
  fc.record({ do: fc.constantFrom('crash', 'reopen') }),
)

const limits = {
  one: { name: 'one', signals: ['traces'], maxBytes: 2000 },
  two: { name: 'two', signals: ['traces', 'logs'], maxBytes: 1e9 },
} as const

test('the ledger balances at every moment, whatever is appended, refused, stored, sent, dropped, and wherever it crashes', async () => {
  const run = async (steps: readonly Step[]) => {
    let directory = newDirectory()
    let names: ('one' | 'two')[] = ['one', 'two']
    const open = () =>
      openQueue({ directory, commitDelayMs: 0, maxBytes: 9000, targets: names.map((name) => limits[name]) })
    let queue: Queue = await open()
    let pending: Promise<unknown>[] = []
    const acknowledged = new Set<string>()
    const done = new Set<string>()
    const balances = () => expect(imbalances(queue.ledger())).toEqual([])
    for (const one of steps) {
      if (one.do === 'append') {
        const ids = one.ids.map((id) => `id-${id}`)
        const bytes = Buffer.alloc(one.bytes, 1)
        const appending = queue.append(batch(ids, { bytes, items: ids.length + 2 })).then(
          () => ids.forEach((id) => void acknowledged.add(id)),
          (error: Error) => expect(error.name).toBe('QueueFull'),
        )
        if (one.isAwaited) await appending
        else pending.push(appending)
      } else if (one.do === 'count') {
        queue.count(one.outcome, { signal: 'logs', operations: one.operations, items: one.operations })
      } else if (one.do === 'store') {
        const handed = await queue.store.next({ maxOperations: one.maxOperations, maxBytes: 1e6 })
        balances()
        if (handed === undefined || one.end === 'forget') continue
        // Stored once and for all, in a store that knows tokens, or given up.
        const ids = await idsOf(handed)
        expect(ids.filter((id) => done.has(id))).toEqual([])
        for (const id of ids) done.add(id)
        await handed[one.end]()
      } else if (one.do === 'forward') {
        const nothing = new AbortController()
        setImmediate(() => nothing.abort())
        const delivery = await queue.target(one.target)?.next(nothing.signal)
        if (one.end === 'partly') delivery?.sent(1)
        else if (one.end !== 'forget') delivery?.[one.end]()
      } else if (one.do === 'targets') {
        names = one.names
        await queue.setTargets(names.map((name) => limits[name]))
      } else {
        await Promise.all(pending)
        pending = []
        const before = queue.ledger()
        if (one.do === 'crash') {
          // What is on the disk at this moment, and what is staged is not.
          const copy = newDirectory()
          cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith('lock.json') })
          await queue.close()
          rmSync(directory, { recursive: true })
          directory = copy
        } else await queue.close()
        queue = await open()
        const after = queue.ledger()
        expect(after.accepted).toBe(before.accepted)
        expect(after.stored).toBe(before.stored)
        if (one.do === 'reopen') expect(after).toMatchObject({ received: before.received, refused: before.refused })
      }
      balances()
    }
    await Promise.all(pending)
    for (const id of await storeAll(queue)) done.add(id)
    balances()
    expect(queue.ledger().inQueue).toBe(0)
    expect([...acknowledged].filter((id) => !done.has(id))).toEqual([])
    await queue.close()
    rmSync(directory, { recursive: true })
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), run), { numRuns: 25 })
})
