import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CleanOperation, createCleaner } from '../../src/clean.js'
import type { Operation } from '../../src/operation.js'
import { Buffer, type BufferPolicy } from '../../src/sdk/buffer.js'
import { RunningTotals } from '../../src/sdk/totals.js'

const chat = (requestModel: string): Operation => ({ operation: 'chat', requestModel, startTime: 1 })
const hostile: Operation = {
  get operation(): string {
    throw new Error('cannot be read')
  },
}

/** A buffer whose operations are cleaned and added up as in the SDK, and how often each was settled. */
function buffer(capacity: number, policy: BufferPolicy = 'drop-newest') {
  const clean = createCleaner({ hashIdentity: (identity) => identity, onDiscard: () => {} })
  const totals = new RunningTotals()
  const settled = new Map<Operation, number>()
  let firsts = 0
  const made = new Buffer({
    capacity,
    policy,
    settle(operation, recordedAt, span) {
      settled.set(operation, (settled.get(operation) ?? 0) + 1)
      const cleaned = clean(operation, recordedAt, span)
      if (cleaned !== undefined) totals.add(cleaned)
      return cleaned
    },
    onFirst: () => firsts++,
  })
  const measured: string[] = []
  const measure = (operation: CleanOperation) => void measured.push(operation.requestModel ?? '')
  return {
    buffer: made,
    totals,
    settled,
    measured,
    measure,
    get firsts() {
      return firsts
    },
  }
}

const sum = (dropped: object) => Object.values(dropped).reduce((all, count) => all + count, 0)

test('a full buffer drops the newest, counts it, and its totals hold every operation', () => {
  const { buffer: full, totals } = buffer(3)
  const cost = { nanoDollars: 3_000_000, source: 'provider' } as const
  for (let i = 0; i < 5; i++) full.push({ operation: 'chat', startTime: 1, cost })
  full.settle()
  expect(full.ledger).toEqual({
    recorded: 5,
    measured: 0,
    dropped: { buffer_full: 2, invalid: 0, shutdown: 0, deadline: 0, error: 0 },
    size: 3,
  })
  expect(totals.snapshot().all).toMatchObject({ operations: 5, costNanoDollars: 15_000_000 })
})

test('which operations a full buffer keeps is a matter of its policy', () => {
  const f = (policy: BufferPolicy, kept: string[]) => {
    const { buffer: full, measure, measured } = buffer(3, policy)
    for (const model of ['a', 'b', 'c', 'd', 'e']) full.push(chat(model))
    while (full.measureNext(measure));
    expect(measured).toEqual(kept)
    expect(full.ledger.dropped.buffer_full).toBe(2)
  }
  f('drop-newest', ['a', 'b', 'c'])
  f('drop-oldest', ['c', 'd', 'e'])
})

test('the one who drains is told when the first operation comes, not at every one', () => {
  const one = buffer(2)
  for (let i = 0; i < 5; i++) one.buffer.push(chat('a'))
  expect(one.firsts).toBe(1)
  while (one.buffer.measureNext(one.measure));
  one.buffer.push(chat('a'))
  expect(one.firsts).toBe(2)
})

test('what is no operation, or cannot be read, is recorded and dropped as invalid', () => {
  const { buffer: some, measure, totals } = buffer(10)
  for (const nothing of [undefined, null, 5, 'chat', () => {}]) some.push(nothing as never)
  some.push(hostile)
  some.push(chat('a'))
  while (some.measureNext(measure));
  expect(some.ledger).toMatchObject({ recorded: 7, measured: 1, size: 0 })
  expect(some.ledger.dropped.invalid).toBe(6)
  expect(totals.snapshot().all.operations).toBe(1)
})

test('an operation whose measuring throws is dropped, and the next is none the worse', () => {
  const { buffer: some, measured, measure } = buffer(10)
  for (const model of ['a', 'b', 'c']) some.push(chat(model))
  some.measureNext(measure)
  some.measureNext(() => {
    throw new Error('no')
  })
  some.measureNext(measure)
  expect(measured).toEqual(['a', 'c'])
  expect(some.ledger).toMatchObject({ measured: 2, dropped: { error: 1 }, size: 0 })
})

test('after the close nothing is taken, what waits stays, and giving up counts it', () => {
  const { buffer: closed, measure, measured, totals } = buffer(10)
  for (const model of ['a', 'b']) closed.push(chat(model))
  closed.close()
  for (const model of ['c', 'd', 'e']) closed.push(chat(model))
  closed.measureNext(measure)
  closed.abandon()
  expect(measured).toEqual(['a'])
  expect(closed.ledger).toMatchObject({ recorded: 5, measured: 1, dropped: { shutdown: 3, deadline: 1 }, size: 0 })
  expect(totals.snapshot().all.operations).toBe(5)
  expect(closed.measureNext(measure)).toBe(false)
})

test('the time of recording is kept for operations that do not bring their own', () => {
  const { buffer: some } = buffer(10)
  const now = Date.now
  try {
    Date.now = () => 5000
    some.push({ operation: 'chat', durationMs: 1000 })
    some.push({ operation: 'chat', durationMs: 1000, startTime: 7 })
    Date.now = () => 9000
    const times: number[] = []
    while (some.measureNext((operation) => void times.push(operation.startTime)));
    expect(times).toEqual([4000, 7])
  } finally {
    Date.now = now
  }
})

test('recorded = measured + dropped + size after every step, in any order of steps, those taken while an operation is read too', () => {
  const steps = ['record', 'spanned', 'invalid', 'hostile', 'measure', 'fail', 'settle', 'close', 'abandon'] as const
  type Step = (typeof steps)[number] | { readonly spanned: boolean; readonly whileRead: readonly Step[] }
  // Nothing that takes a turn of the event loop happens while an operation is read: nobody gives up meanwhile.
  const whileRead: fc.Arbitrary<Step> = fc.constantFrom(...steps.filter((step) => step !== 'abandon'))
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom('record', 'record', 'spanned') },
    { weight: 6, arbitrary: fc.constant('measure') },
    { weight: 3, arbitrary: fc.constantFrom('invalid', 'hostile', 'fail', 'settle') },
    { weight: 1, arbitrary: fc.constantFrom('close', 'abandon') },
    { weight: 4, arbitrary: fc.record({ spanned: fc.boolean(), whileRead: fc.array(whileRead, { maxLength: 8 }) }) },
  )
  const policy = fc.constantFrom<BufferPolicy>('drop-newest', 'drop-oldest')
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true, startTime: 1 }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), policy, fc.array(step, { maxLength: 80 }), (capacity, kind, taken) => {
      const { buffer: tested, totals, settled, measure, measured } = buffer(capacity, kind)
      /** Models in the order in which their operations are given a place: one that has a span, after it was read. */
      const placed: string[] = []
      let recorded = 0
      let reading = 0
      function check() {
        const { ledger } = tested
        expect(ledger.recorded).toBe(recorded)
        // One that is read before it has a place is in neither yet.
        expect(recorded - (ledger.measured + sum(ledger.dropped) + ledger.size)).toBeGreaterThanOrEqual(0)
        expect(recorded - (ledger.measured + sum(ledger.dropped) + ledger.size)).toBeLessThanOrEqual(reading)
        expect(ledger.measured).toBe(measured.length)
        expect(ledger.size).toBe(tested.size)
        expect(ledger.size).toBeLessThanOrEqual(capacity)
      }
      function take(one: Step) {
        if (!['measure', 'fail', 'settle', 'close', 'abandon'].includes(one as string)) recorded++
        const model = `m${recorded}`
        if (typeof one === 'object') {
          const operation = {
            ...chat(model),
            get finishReason() {
              reading++
              one.whileRead.forEach(take)
              reading--
              return 'stop'
            },
          }
          if (!one.spanned) placed.push(model)
          tested.push(operation, one.spanned ? span : undefined)
          if (one.spanned) placed.push(model)
        } else if (one === 'record' || one === 'spanned') {
          placed.push(model)
          tested.push(chat(model), one === 'spanned' ? span : undefined)
        } else if (one === 'invalid') tested.push(undefined as never)
        else if (one === 'hostile')
          tested.push(Object.defineProperty({}, 'operation', { get: () => hostile.operation }) as never)
        else if (one === 'measure') tested.measureNext(measure)
        else if (one === 'fail')
          tested.measureNext(() => {
            throw new Error('no')
          })
        else tested[one]()
        check()
      }
      taken.forEach(take)
      // Oldest first, and none twice.
      expect(measured).toEqual(placed.filter((model) => measured.includes(model)))
      tested.settle()
      expect(totals.snapshot().all.operations).toBe(placed.length)
      expect([...settled.values()].every((times) => times === 1)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
