/** Thresholds are told once in a period, whoever looks and however often. Real stores; the clock is the test's. */
import { afterEach, expect, test } from 'vitest'
import type { Budget } from '../../../src/collector/budget/budget.js'
import { Budgets } from '../../../src/collector/budget/budgets.js'
import { createAsker } from '../../../src/collector/query/asker.js'
import { notices } from '../../../src/collector/query/notices.js'
import { openStore, type Store } from '../../../src/collector/store/store.js'
import { chat, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'
import { budget, KEPT } from './budgeting.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 86_400 * SECOND
const DOLLAR = 1_000_000_000

afterEach(closeAll)

const openNew = (path = temporaryDirectory()) => opened({ path }, { retentionDays: KEPT })

/** A collector's budgets on a store, at a time that the test sets. */
function watching(store: Store, ...configured: Budget[]) {
  let now = NOON
  // What a question takes is nothing here, so that it may be asked again at once.
  const budgets = new Budgets({ kept: () => KEPT, now: () => now, clock: () => 0 })
  budgets.configure(configured)
  return {
    budgets,
    async lookAt(time: number) {
      now = time
      await budgets.look({ store, asker: createAsker(store, { kept: KEPT, now }) })
    },
  }
}

let batches = 0
async function spend(store: Store, dollars: number, time: number, fields: Parameters<typeof chat>[0] = {}) {
  batches++
  const cost = { nanoDollars: dollars * DOLLAR, source: 'override' } as const
  await store.insert([chat({ startTime: time, cost, ...fields })], `batch ${batches}`)
}

/** What was told, the first first: name, value, threshold, dollars. */
async function told(store: Store): Promise<unknown[][]> {
  const given = { start_time: new Date(NOON - 2 * DAY).toISOString(), end_time: new Date(NOON + 9 * DAY).toISOString() }
  const parameters = { ...given, kind: 'budget_threshold_reached', limit: 1000, offset: 0 } as never
  const answer = (await notices.answer(parameters, createAsker(store, { kept: KEPT, now: NOON }))) as unknown as {
    notices: { budget: { [field: string]: unknown } }[]
  }
  return answer.notices
    .map(({ budget: of }) => [
      of['name'],
      ...(of['value'] === undefined ? [] : [of['value']]),
      of['threshold_percent'],
      of['spent_usd'],
    ])
    .reverse()
}

/** How often something was written into the journal, where the same at two times stands twice. */
async function writings(store: Store): Promise<number> {
  const sql = `SELECT count() AS n FROM ${store.table('notices')} WHERE kind = 'budget_threshold_reached'`
  return Number((await store.query<{ n: number }>(sql))[0]!.n)
}

test('each threshold is told when it is reached, and the highest of those reached at once', async () => {
  const store = await openNew()
  const { lookAt } = watching(store, budget({ limit: 100n * BigInt(DOLLAR) }))
  await spend(store, 49.999999999, NOON)
  await lookAt(NOON + MINUTE)
  expect(await told(store)).toEqual([])
  await spend(store, 0.000000001, NOON)
  await lookAt(NOON + 2 * MINUTE)
  await lookAt(NOON + 3 * MINUTE)
  expect(await told(store)).toEqual([['all', 50, 50]])
  await spend(store, 46, NOON)
  await lookAt(NOON + 4 * MINUTE)
  await spend(store, 100, NOON)
  await lookAt(NOON + 5 * MINUTE)
  await lookAt(NOON + 6 * MINUTE)
  expect(await told(store)).toEqual([
    ['all', 50, 50],
    ['all', 95, 96],
    ['all', 100, 196],
  ])
  expect(await writings(store)).toBe(3)
})

test('after a restart nothing is told twice, and what was reached meanwhile is told', async () => {
  const path = temporaryDirectory()
  const daily = budget({ limit: 10n * BigInt(DOLLAR) })
  const first = await openStore({ path }, { retentionDays: KEPT })
  await spend(first, 6, NOON)
  await watching(first, daily).lookAt(NOON + MINUTE)
  await first.close()
  const store = await openNew(path)
  const { lookAt } = watching(store, daily)
  await lookAt(NOON + 2 * MINUTE)
  expect(await told(store)).toEqual([['all', 50, 6]])
  expect(await writings(store)).toBe(1)
  await spend(store, 3, NOON)
  await lookAt(NOON + 3 * MINUTE)
  expect(await told(store)).toEqual([
    ['all', 50, 6],
    ['all', 80, 9],
  ])
})

test('two collectors on one store tell one thing once, also when they see it at the same moment', async () => {
  const store = await openNew()
  const daily = budget({ limit: 10n * BigInt(DOLLAR) })
  const [one, other] = [watching(store, daily), watching(store, daily)]
  await spend(store, 6, NOON)
  await Promise.all([one.lookAt(NOON + MINUTE), other.lookAt(NOON + MINUTE + 7)])
  expect(await told(store)).toEqual([['all', 50, 6]])
  await spend(store, 3, NOON)
  await one.lookAt(NOON + 2 * MINUTE)
  await other.lookAt(NOON + 2 * MINUTE + 7)
  expect(await told(store)).toEqual([
    ['all', 50, 6],
    ['all', 80, 9],
  ])
})

test('every period begins anew; what comes late is told for the period it belongs to while that is just over', async () => {
  const store = await openNew()
  const { lookAt } = watching(store, budget({ limit: 10n * BigInt(DOLLAR), period: 'hour' }))
  await spend(store, 6, NOON)
  await lookAt(NOON + MINUTE)
  await spend(store, 3, NOON + 59 * MINUTE)
  await spend(store, 7, NOON + 60 * MINUTE)
  await lookAt(NOON + 61 * MINUTE)
  // The last two are of one moment.
  expect((await told(store)).sort()).toEqual([
    ['all', 50, 6],
    ['all', 50, 7],
    ['all', 80, 9],
  ])
  // Later than a quarter of an hour nobody looks.
  await spend(store, 3, NOON + 59 * MINUTE)
  await lookAt(NOON + 75 * MINUTE)
  expect(await told(store)).toHaveLength(3)
})

test('a limit that is raised and lowered again tells nothing again; another one is reached anew', async () => {
  const store = await openNew()
  const of = (dollars: number) => budget({ limit: BigInt(dollars * DOLLAR) })
  const { budgets, lookAt } = watching(store, of(10))
  await spend(store, 8.5, NOON)
  await lookAt(NOON + MINUTE)
  budgets.configure([of(20)])
  await lookAt(NOON + 2 * MINUTE)
  expect(await told(store)).toEqual([['all', 80, 8.5]])
  budgets.configure([of(10)])
  await lookAt(NOON + 3 * MINUTE)
  expect(await told(store)).toEqual([['all', 80, 8.5]])
  budgets.configure([of(20)])
  await spend(store, 2, NOON)
  await lookAt(NOON + 4 * MINUTE)
  expect(await told(store)).toEqual([
    ['all', 80, 8.5],
    ['all', 50, 10.5],
  ])
  budgets.configure([of(20.5)])
  await lookAt(NOON + 5 * MINUTE)
  expect((await told(store)).at(-1)).toEqual(['all', 50, 10.5])
})

test('of a budget for each user every user is told of, by name, and nobody who belongs to none', async () => {
  const store = await openNew()
  const { lookAt } = watching(store, budget({ name: 'each', limit: 10n * BigInt(DOLLAR), per: 'user_id' }))
  await spend(store, 6, NOON, { userId: 'a/b' })
  await spend(store, 9, NOON, { userId: "it's" })
  await spend(store, 1, NOON, { userId: 'frugal' })
  await spend(store, 99, NOON)
  await lookAt(NOON + MINUTE)
  await lookAt(NOON + 2 * MINUTE)
  expect((await told(store)).sort()).toEqual([
    ['each', 'a/b', 50, 6],
    ['each', "it's", 80, 9],
  ])
  const again = watching(store, budget({ name: 'each', limit: 10n * BigInt(DOLLAR), per: 'user_id' }))
  await again.lookAt(NOON + 3 * MINUTE)
  expect(await told(store)).toHaveLength(2)
})

test('a question that fails takes nothing from the others: their budgets are told, and it is told that it failed', async () => {
  const store = await openNew()
  const limit = 10n * BigInt(DOLLAR)
  const { budgets } = watching(store, budget({ name: 'a', limit, filters: { 'tag:team': ['red'] } }), budget({ limit }))
  await spend(store, 6, NOON, { tags: { team: 'red' } })
  const asker = createAsker(store, { kept: KEPT, now: NOON })
  // No engine fails one question and answers the next at will.
  const failing: typeof asker = {
    ...asker,
    query: (sql, parameters) =>
      sql.includes('tags[') ? Promise.reject(new Error('too slow')) : asker.query(sql, parameters),
  }
  await expect(budgets.look({ store, asker: failing })).rejects.toThrow('too slow')
  expect(await told(store)).toEqual([['all', 50, 6]])
  expect(budgets.evaluations().map(({ statuses }) => statuses?.length)).toEqual([undefined, 1])
  await budgets.look({ store, asker })
  expect((await told(store)).map(([name]) => name).sort()).toEqual(['a', 'all'])
})

test('what is not kept for the whole period is told as incomplete', async () => {
  const store = await openNew()
  const monthly = budget({ period: 'month', per: 'user_id' })
  const lastDay = Date.UTC(new Date(NOON).getUTCFullYear(), new Date(NOON).getUTCMonth() + 1) - MINUTE
  await spend(store, 6, lastDay, { userId: 'somebody' })
  const f = async (raw: number, isComplete: boolean) => {
    const budgets = new Budgets({ kept: () => ({ ...KEPT, raw }), now: () => lastDay })
    budgets.configure([monthly])
    await budgets.evaluate(createAsker(store, { kept: KEPT, now: lastDay }))
    expect(budgets.statuses().map((status) => [status.value, status.isComplete])).toEqual([['somebody', isComplete]])
  }
  await f(31, true)
  await f(27, false)
})

test('what takes long is asked less often: a twentieth of the time at most', async () => {
  const store = await openNew()
  let time = 0
  let now = NOON
  // Each question takes a second by this clock, which is looked at before and after it.
  const budgets = new Budgets({ kept: () => KEPT, now: () => now, clock: () => (time += 1000) })
  budgets.configure([budget()])
  const f = async (at: number, expected: number) => {
    now = at
    await budgets.evaluate(createAsker(store, { kept: KEPT, now }))
    expect(budgets.statuses()[0]!.evaluatedAt - NOON).toBe(expected)
  }
  await f(NOON, 0)
  await f(NOON + 19_999, 0)
  await f(NOON + 20_000, 20_000)
  await f(NOON + 30_000, 20_000)
  // The clock was put back: what was seen later is not believed to be new.
  await f(NOON + 10_000, 10_000)
  budgets.configure([budget({ limit: 5n })])
  await f(NOON + 10_001, 10_001)
  // A new day is a new period.
  await f(NOON + DAY / 2, DAY / 2)
})
