import fc from 'fast-check'
import type { Operation } from 'tokmeter/core'
import { expect, test } from 'vitest'
import { figuresOf } from '../../../src/collector/live/figures.js'
import { WINDOWS, type WindowName, Windows } from '../../../src/collector/live/windows.js'
import { RELATIVE_ERROR } from '../../../src/collector/store/histogram.js'

/** Epoch milliseconds at second 0. */
const EPOCH = 1_700_000_000_000
const at = (second: number) => EPOCH + 1000 * second
/** Without a start it is of now. */
const call = (fields: Partial<Operation> = {}): Operation => ({ operation: 'chat', ...fields })
const add = (windows: Windows, operations: readonly Operation[], second: number) =>
  windows.add(operations, second, at(second))
const of = (windows: Windows, second: number) => figuresOf(windows.at(second))

test('a call is in a window when its second is over, and for as long as the window is', () => {
  const windows = new Windows(100)
  add(windows, [call({ durationMs: 250.5, cost: { nanoDollars: 7, source: 'catalogue' } })], 100)
  const counts = (second: number) => Object.values(of(windows, second)).map(({ request_count }) => request_count)
  expect(counts(100)).toEqual([0, 0, 0, 0, 0])
  expect(counts(101)).toEqual([1, 1, 1, 1, 1])
  expect(counts(102)).toEqual([0, 1, 1, 1, 1])
  expect(counts(110)).toEqual([0, 1, 1, 1, 1])
  expect(counts(111)).toEqual([0, 0, 1, 1, 1])
  expect(counts(161)).toEqual([0, 0, 0, 1, 1])
  expect(counts(401)).toEqual([0, 0, 0, 0, 1])
  expect(counts(3700)).toEqual([0, 0, 0, 0, 1])
  expect(counts(3701)).toEqual([0, 0, 0, 0, 0])
  expect(of(windows, 3701)['1h'].p95_latency_ms).toBeNull()
})

test('rates are of the seconds there are yet, and of no second there is none', () => {
  const windows = new Windows(0)
  const usage = { inputTokens: 90, outputTokens: 10 }
  add(windows, [call({ usage, cost: { nanoDollars: 2e9, source: 'provider' } }), call({ usage })], 0)
  expect(of(windows, 0)['1m']).toMatchObject({ seconds: 0, throughput_rps: null, total_cost: 0, error_rate: null })
  expect(of(windows, 4)['1m']).toMatchObject({
    seconds: 4,
    throughput_rps: 0.5,
    input_tokens: 180,
    output_tokens: 20,
    total_tokens: 200,
    tokens_per_second: 50,
    total_cost: 2,
    cost_per_second: 0.5,
    coverage: { calls: 2, usage: 1, cost: 0.5 },
  })
  expect(of(windows, 4)['1s']).toMatchObject({ seconds: 1, throughput_rps: 0, total_cost: 0 })
  expect(of(windows, 60)['1m']).toMatchObject({ seconds: 60, throughput_rps: 2 / 60 })
})

test('what nobody knows is unknown, and what agents report is counted once', () => {
  const windows = new Windows(0)
  const cost = { nanoDollars: 5e9, source: 'catalogue' } as const
  add(windows, [call({ error: { type: 'RateLimitError' } })], 0)
  expect(of(windows, 1)['1m']).toMatchObject({
    request_count: 1,
    error_count: 1,
    error_rate: 1,
    total_tokens: null,
    tokens_per_second: null,
    total_cost: null,
    avg_latency_ms: null,
    p95_latency_ms: null,
    coverage: { calls: 1, usage: 0, cost: 0 },
  })
  const usage = { inputTokens: 1000 }
  add(windows, [call({ operation: 'invoke_agent', usage, cost, durationMs: 9000 })], 1)
  add(windows, [call({ operation: 'execute_tool', cost: { nanoDollars: 1e9, source: 'override' } })], 1)
  expect(of(windows, 2)['1m']).toMatchObject({
    operation_count: 3,
    request_count: 1,
    total_tokens: null,
    total_cost: 1,
    p95_latency_ms: null,
  })
})

test('what came long after it had ended is in the windows it ended in, and in those it came in told apart', () => {
  const windows = new Windows(0)
  const cost = { nanoDollars: 1e9, source: 'catalogue' } as const
  const ended = (second: number, durationMs = 500) => call({ startTime: at(second) - durationMs, durationMs, cost })
  add(windows, [ended(940), ended(939), ended(600), ended(-1), ended(-100_000), call({ cost })], 1000)
  const told = of(windows, 1001)
  const counts = (of: 'operation_count' | 'request_count' | 'late_count' | 'total_cost') =>
    Object.values(told).map((figures) => figures[of])
  // A minute ago was not late yet; before the collector began there are no windows, whatever came of them.
  expect(counts('operation_count')).toEqual([2, 2, 2, 3, 4])
  expect(counts('request_count')).toEqual([2, 2, 2, 3, 4])
  expect(counts('total_cost')).toEqual([2, 2, 2, 3, 4])
  expect(counts('late_count')).toEqual([4, 4, 4, 4, 4])
  expect(told['1m'].throughput_rps).toBe(2 / 60)
  // They leave the windows when the second they ended in does.
  expect(of(windows, 1239)['5m'].operation_count).toBe(3)
  expect(of(windows, 1240)['5m'].operation_count).toBe(2)
  expect(of(windows, 4201)['1h'].operation_count).toBe(3)
  expect(of(windows, 4601)['1h']).toMatchObject({ operation_count: 0, late_count: 0, total_cost: 0 })
})

const operations = fc.record(
  {
    operation: fc.constantFrom('chat', 'embeddings', 'execute_tool', 'invoke_agent', 'invoke_workflow', 'my_own'),
    durationMs: fc.nat(1_000_000_000).map((microseconds) => microseconds / 1000),
    timeToFirstChunkMs: fc.nat(10_000),
    usage: fc.record({ inputTokens: fc.nat(1_000_000), outputTokens: fc.nat(100_000) }, { requiredKeys: [] }),
    cost: fc.record({ nanoDollars: fc.nat(1_000_000_000), source: fc.constant('catalogue' as const) }),
    error: fc.constant({ type: 'timeout' }),
  },
  { requiredKeys: ['operation'] },
)
/** Milliseconds since it ended; before the clock of the sender, after a minute, an hour, days. */
const ages = fc.oneof(
  fc.integer({ min: -5000, max: 70_000 }),
  fc.constantFrom(59_999, 60_000, 60_001, 3_599_999, 3_600_000, 3_600_001, 9e8),
  fc.integer({ min: 60_000, max: 4_000_000 }),
)
// Short waits, waits as long as a window, and waits longer than all of them.
const waits = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 2, arbitrary: fc.constantFrom(9, 10, 11, 59, 60, 61, 299, 300, 301) },
  { weight: 1, arbitrary: fc.constantFrom(3599, 3600, 3601, 7200, 20_000) },
)

test('whatever comes when, every window tells what a plain look at its operations tells', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000 }),
      fc.array(fc.tuple(waits, fc.array(fc.tuple(operations, fc.option(ages)), { maxLength: 6 })), { maxLength: 30 }),
      (start, steps) => {
        const windows = new Windows(start)
        const all: { readonly second: number; readonly ended: number; readonly operation: Operation }[] = []
        let now = start
        for (const [wait, batch] of steps) {
          now += wait
          const given = batch.map(
            ([operation, age]): Operation =>
              age === null ? operation : { ...operation, startTime: at(now) - age - (operation.durationMs ?? 0) },
          )
          add(windows, given, now)
          for (const operation of given) {
            const { startTime = at(now), durationMs = 0 } = operation
            const age = at(now) - (startTime + durationMs)
            all.push({ second: now, ended: age <= 60_000 ? now : now - Math.floor(age / 1000), operation })
          }
          const told = of(windows, now)
          for (const [name, seconds] of Object.entries(WINDOWS) as [WindowName, number][]) {
            const isIn = (second: number) => second >= Math.max(start, now - seconds) && second < now
            checkWindow(
              told[name],
              all.filter(({ ended }) => isIn(ended)).map(({ operation }) => operation),
              Math.min(seconds, now - start),
            )
            expect(told[name].late_count).toBe(all.filter((one) => isIn(one.second) && one.ended < one.second).length)
          }
        }
      },
    ),
    { numRuns: 60 },
  )
})

type Figures = ReturnType<typeof of>['1m']

function checkWindow(told: Figures, inside: readonly Operation[], seconds: number): void {
  const calls = inside.filter(({ operation }) => operation === 'chat' || operation === 'embeddings')
  const spending = inside.filter(({ operation }) => operation !== 'invoke_agent' && operation !== 'invoke_workflow')
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
  const counted = spending.filter(({ usage }) => usage?.inputTokens !== undefined || usage?.outputTokens !== undefined)
  const priced = spending.filter(({ cost }) => cost !== undefined)
  const tokens =
    counted.length === 0 && spending.length > 0
      ? null
      : sum(counted.map(({ usage }) => (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)))
  const cost =
    priced.length === 0 && spending.length > 0 ? null : sum(priced.map(({ cost }) => cost!.nanoDollars)) / 1e9
  const share = (part: number) => (calls.length === 0 ? null : part / calls.length)
  const rate = (amount: number | null) => (amount === null || seconds === 0 ? null : amount / seconds)
  expect(told).toMatchObject({
    seconds,
    operation_count: inside.length,
    request_count: calls.length,
    error_count: calls.filter(({ error }) => error !== undefined).length,
    error_rate: share(calls.filter(({ error }) => error !== undefined).length),
    throughput_rps: rate(calls.length),
    total_tokens: tokens,
    tokens_per_second: rate(tokens),
    total_cost: cost,
    cost_per_second: rate(cost),
    coverage: {
      calls: calls.length,
      usage: share(calls.filter(({ usage }) => usage?.inputTokens !== undefined).length),
      cost: share(calls.filter(({ cost }) => cost !== undefined).length),
    },
  })
  const durations = calls.flatMap(({ durationMs }) => durationMs ?? [])
  if (durations.length === 0) expect(told.avg_latency_ms).toBeNull()
  else expect(told.avg_latency_ms).toBeCloseTo(sum(durations) / durations.length, 2)
  checkQuantile(told.p50_latency_ms, durations, 0.5)
  checkQuantile(told.p95_latency_ms, durations, 0.95)
  checkQuantile(told.p99_latency_ms, durations, 0.99)
  const firstChunks = calls.flatMap(({ timeToFirstChunkMs }) => timeToFirstChunkMs ?? [])
  checkQuantile(told.p50_time_to_first_chunk_ms, firstChunks, 0.5)
  checkQuantile(told.p95_time_to_first_chunk_ms, firstChunks, 0.95)
}

function checkQuantile(told: number | null, values: readonly number[], quantile: number): void {
  if (values.length === 0) {
    expect(told).toBeNull()
    return
  }
  const sorted = values.toSorted((one, other) => one - other)
  const exact = sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1]!
  // On the edge of a bucket the rounding of the logarithm decides.
  expect(Math.abs(told! - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR * (1 + 1e-9))
}
