/** What is told as spent is what was spent, to the nano-dollar: against a plain recomputation over the operations. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { type Budget, MOST_VALUES } from '../../../src/collector/budget/budget.js'
import { Budgets } from '../../../src/collector/budget/budgets.js'
import { periodAt } from '../../../src/collector/budget/period.js'
import { createAsker } from '../../../src/collector/query/asker.js'
import type { Store } from '../../../src/collector/store/store.js'
import { anyOperation, chat, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'
import { budget, calendar, KEPT, type Plain, plainly } from './budgeting.js'

const DAY = 86_400_000
let store: Store
let operations: IdentifiedOperation[]

beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() }, { retentionDays: KEPT })
  const users = ['u1', 'u2', 'u3'].map((user) => user.padEnd(32, '0'))
  const spread = fc.tuple(
    anyOperation,
    fc.nat({ max: 70 * DAY }),
    fc.constantFrom(...users, undefined),
    fc.constantFrom('red', 'blue', undefined),
    // What these report is that of the calls inside them, and spent once.
    fc.constantFrom('invoke_agent', 'invoke_workflow', undefined, undefined),
  )
  operations = fc.sample(spread, 1500).map(([operation, back, userId, team, run]) => {
    const { userId: _, tags: __, ...rest } = operation
    const startTime = NOON + DAY - back
    return {
      ...rest,
      ...(run && { operation: run }),
      startTime,
      ...(userId && { userId }),
      ...(team && { tags: { team } }),
    }
  })
  await store.insert(operations, 'operations')
})
afterAll(closeAll)

const values = <Value>(...all: Value[]) => fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength: 2 })
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const anyBudget: fc.Arbitrary<Omit<Budget, 'name'>> = fc
  .record({
    period: fc.constantFrom('hour' as const, 'day' as const, 'week' as const, 'month' as const),
    provider: maybe(values('openai', 'anthropic', 'nobody')),
    model: maybe(values('gpt-4o', 'claude-fable-5')),
    service: maybe(values('api', 'batch')),
    agent: maybe(values('planner')),
    user_id: maybe(values('u1'.padEnd(32, '0'), 'u2'.padEnd(32, '0'))),
    'tag:team': maybe(values('red', 'blue')),
    per: maybe(fc.constantFrom('user_id', 'service', 'model', 'tag:team', 'provider')),
    limit: fc.bigInt({ min: 1n, max: 2n ** 70n }),
  })
  .map(({ period, per, limit, ...filters }) => {
    const given = Object.entries(filters).filter(([, value]) => value !== undefined)
    return { ...budget({ period, limit, filters: Object.fromEntries(given) as never }), ...(per && { per }) }
  })

const byValue = (one: Plain, other: Plain) => ((one.value ?? '') < (other.value ?? '') ? -1 : 1)

test('every budget has spent what its operations cost, whatever it is by, with others or alone', async () => {
  const anyNow = fc.nat({ max: 60 * DAY }).map((back) => NOON + DAY - back)
  await fc.assert(
    fc.asyncProperty(fc.array(anyBudget, { minLength: 1, maxLength: 12 }), anyNow, async (given, now) => {
      const named = given.map((one, index) => ({ ...one, name: `b${index}` }))
      const budgets = new Budgets({ kept: () => KEPT, now: () => now })
      budgets.configure(named)
      await budgets.evaluate(createAsker(store, { kept: KEPT, now }))
      const evaluations = budgets.evaluations()
      expect(evaluations).toHaveLength(named.length)
      for (const { budget: one, statuses } of evaluations) {
        const range = calendar(one.period, now)
        const expected = plainly(operations, one, range).sort(byValue)
        const told = statuses!.map(({ value, spent, calls, priced }) => ({
          ...(value !== undefined && { value }),
          spent,
          calls,
          priced,
        }))
        expect(told.sort(byValue)).toEqual(expected)
        for (const { window, spent, used, remaining } of statuses!) {
          expect(window).toEqual(range)
          expect(remaining).toBe(spent === null ? null : one.limit - spent)
          expect(used).toBe(spent === null ? null : Number(spent) / Number(one.limit))
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('periods are those of the calendar', () => {
  fc.assert(
    fc.property(fc.constantFrom('hour', 'day', 'week', 'month'), fc.nat({ max: 4e12 }), (period, time) => {
      expect(periodAt(period, time)).toEqual(calendar(period, time))
    }),
  )
})

test('more than a thousand values are not told: those who spent most are, and that there are more', async () => {
  const start = NOON + 3 * DAY
  const many = Array.from({ length: 10_050 }, (_, index) =>
    chat({
      startTime: start + index,
      userId: String(index).padStart(32, '0'),
      cost: { nanoDollars: index + 1, source: 'override' },
    }),
  )
  await store.insert(many, 'many')
  const budgets = new Budgets({ kept: () => KEPT, now: () => start })
  const per = { per: 'user_id', period: 'hour' } as const
  // Two that share a question, of more groups than are shared out.
  budgets.configure([budget({ name: 'a', ...per }), budget({ name: 'b', ...per })])
  await budgets.evaluate(createAsker(store, { kept: KEPT, now: start }))
  for (const { statuses, hasMore } of budgets.evaluations()) {
    expect(hasMore).toBe(true)
    expect(statuses).toHaveLength(MOST_VALUES)
    expect([statuses![0]!.spent, statuses!.at(-1)!.spent]).toEqual([10_050n, 10_050n - BigInt(MOST_VALUES) + 1n])
  }
})
