/** A past that is replayed from series is the past that is replayed look by look, on a real store. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Replayed, replay } from '../../../src/collector/alert/replay.js'
import { rowsBySeries } from '../../../src/collector/alert/rows-by-series.js'
import type { Rule } from '../../../src/collector/alert/rule.js'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { PastBudgets } from '../../../src/collector/budget/past-budgets.js'
import { periodAt } from '../../../src/collector/budget/period.js'
import { createAsker } from '../../../src/collector/query/asker.js'
import type { AskSeries } from '../../../src/collector/query/kept-series.js'
import type { Store } from '../../../src/collector/store/store.js'
import { budget, plainly } from '../budget/budgeting.js'
import { anyOperation, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'
import { settled } from './rules.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const KEPT = { '1m': 400, '5m': 400, '1h': 400, '1d': 1825 }
const END = NOON + DAY

let store: Store
let operations: readonly IdentifiedOperation[]
let questions = 0

/** Three days of operations that come in bursts, with hours of nothing between them. */
beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() }, { retentionDays: { ...KEPT, raw: 400 } })
  operations = fc.sample(anyOperation, { numRuns: 1200, seed: 17 }).map((operation, index) => ({
    ...operation,
    id: `operation-${index}`,
    startTime: END - 1 - (Math.floor(index / 100) * 6 * HOUR + (Math.abs(operation.startTime) % (90 * MINUTE))),
    operation: ['chat', 'chat', 'embeddings', 'invoke_agent', 'execute_tool'][index % 5]!,
    service: ['api', 'batch', 'web'][index % 3],
    requestModel: `model-${index % 4}`,
    userId: index % 5 === 0 ? undefined : `${index % 3}`.repeat(32),
    durationMs: index % 9 === 0 ? undefined : 10 * (1 + (index % 400)),
    error: index % 6 === 0 ? { type: 'timeout' } : undefined,
    cost: index % 4 === 0 ? undefined : { nanoDollars: 1_000_000 * (index % 100), source: 'catalogue' },
  })) as IdentifiedOperation[]
  await store.insert(operations, 'all')
})
afterAll(closeAll)

const askerAt = (now: number) => createAsker(store, { kept: KEPT, now })
const ask: AskSeries = (question) => {
  questions++
  return askerAt(END + DAY).rows(question)
}

async function replayedBoth(rules: readonly Rule[], start: number, stepMs: number): Promise<[Replayed, Replayed]> {
  const past = { rules, range: { start, end: END }, stepMs, askerAt }
  return [await replay(past), await replay({ ...past, rowsOf: rowsBySeries(ask, { end: END, stepMs }) })]
}

/** Means of floats in another order differ in the last digits. */
const rounded = ({ firings, ...rest }: Replayed) => ({
  ...rest,
  firings: firings.map((one) => ({ ...one, value: one.value === null ? null : Number(one.value.toPrecision(9)) })),
})

const RULES = [
  { kind: 'threshold', field: 'operations', aggregation: 'count', operator: 'lt', threshold: 3, window: '30m' },
  {
    kind: 'threshold',
    field: 'duration_ms',
    aggregation: 'p75',
    threshold: 2000,
    window: '1h',
    groupBy: ['model'],
    maxAlerts: 2,
  },
  { kind: 'threshold', field: 'cost_usd', aggregation: 'sum', threshold: 0.5, clear: 0.2, window: '2h', for: '10m' },
  { kind: 'threshold', field: 'model', aggregation: 'uniq', threshold: 2, window: '5m', groupBy: ['service'] },
  { kind: 'threshold', field: 'calls', aggregation: 'rate', threshold: 0.01, window: '15m', cooldown: '1h' },
  { kind: 'error_rate', threshold: 0.2, window: '15m', minOperations: 1, groupBy: ['service', 'model'] },
  { kind: 'error_rate', threshold: 0.15, window: '10m', filters: [{ dimension: 'service', value: 'api' }] },
  { kind: 'absence', window: '1h', lookback: '8h', groupBy: ['service'] },
  { kind: 'burn_rate', objective: 0.9 },
  // Identities are in no rollup: they are asked for at each look.
  { kind: 'threshold', field: 'user_id', aggregation: 'uniq', threshold: 2, window: '10m' },
].map((rule, index) => ({ name: `rule-${index}`, ...rule }))

test('rules of all kinds fire when they fire look by look, and are asked for by a fraction of the questions', async () => {
  for (const given of RULES) {
    questions = 0
    const [plain, bySeries] = await replayedBoth([settled(given)], END - 12 * HOUR, 5 * MINUTE)
    expect(rounded(bySeries)).toEqual(rounded(plain))
    expect([given.name, plain.firings.length > 0, plain.failures]).toEqual([given.name, true, []])
    // Not one for each of 144 looks; three days are looked back on by three questions.
    if (given.field !== 'user_id') expect(questions).toBeLessThanOrEqual(10)
  }
}, 120_000)

test('so they do from whatever moment on, in whatever steps, all together', async () => {
  const rules = RULES.map((rule) => settled(rule))
  const asked = fc.record({ minutes: fc.integer({ min: 5, max: 200 }), step: fc.constantFrom(1, 2, 5) })
  await fc.assert(
    fc.asyncProperty(asked, async ({ minutes, step }) => {
      const back = Math.ceil(minutes / step) * step
      const [plain, bySeries] = await replayedBoth(rules, END - back * MINUTE, step * MINUTE)
      expect(rounded(bySeries)).toEqual(rounded(plain))
    }),
    { numRuns: 4, seed: 3 },
  )
}, 120_000)

test('a question that is too much is asked for less, and one that fails as it is', async () => {
  const rule = settled({ ...RULES[5]!, name: 'grouped' })
  const past = { rules: [rule], range: { start: END - 6 * HOUR, end: END }, stepMs: 5 * MINUTE, askerAt }
  const plain = await replay(past)
  let refused = 0
  const choosy: AskSeries = (question) => {
    const windows = (question.range.end - question.range.start) / (5 * MINUTE)
    if (windows > 7) {
      refused++
      return Promise.reject(new Error('too much'))
    }
    return ask(question)
  }
  expect(await replay({ ...past, rowsOf: rowsBySeries(choosy, { end: END, stepMs: 5 * MINUTE }) })).toEqual(plain)
  expect(refused).toBeGreaterThan(0)
  const deaf: AskSeries = () => Promise.reject(new Error('knows no windows'))
  expect(await replay({ ...past, rowsOf: rowsBySeries(deaf, { end: END, stepMs: 5 * MINUTE }) })).toEqual(plain)
})

test('of a budget is spent what had been spent by then', async () => {
  const budgets = [
    budget({ name: 'day', period: 'day' }),
    budget({ name: 'hour', period: 'hour', filters: { service: ['api', 'web'] } }),
    budget({ name: 'week', period: 'week', per: 'model' }),
    budget({ name: 'users', period: 'day', per: 'user_id' }),
  ]
  for (const stepMs of [5 * MINUTE, MINUTE]) {
    const past = new PastBudgets(budgets, { ask, end: END, stepMs })
    for (let now = END - 3 * HOUR - 5 * MINUTE; now < END; now += 11 * stepMs) {
      await past.lookAt(now)
      for (const one of budgets) {
        const { start } = periodAt(one.period, now)
        const expected = plainly(operations, one, { start, end: now }).map(({ value, spent }) => [
          value,
          spent === null ? null : Number(spent) / Number(one.limit),
        ])
        const told = past.statuses().filter(({ budget: { name } }) => name === one.name)
        // A value of which nothing costs anything yet is told of or not.
        const some = (all: unknown[][]) => all.filter(([value, used]) => value === undefined || used !== 0).sort()
        expect([one.name, some(told.map(({ value, used }) => [value, used]))]).toEqual([one.name, some(expected)])
      }
    }
  }
}, 60_000)
