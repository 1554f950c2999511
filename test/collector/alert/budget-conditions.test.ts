/** What rules say of budgets, the budgets being real ones over a real store. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAnomalySource } from '../../../src/collector/alert/anomaly-condition.js'
import { seeParts } from '../../../src/collector/alert/sight.js'
import { Budgets } from '../../../src/collector/budget/budgets.js'
import { budgetsOf } from '../../../src/collector/config/budget-settings.js'
import { loadConfig } from '../../../src/collector/config.js'
import { createAsker } from '../../../src/collector/query/asker.js'
import type { Store } from '../../../src/collector/store/store.js'
import { chat, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'
import { settled } from './rules.js'

const MINUTE = 60_000
const KEPT = { raw: 30, '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }
const NOW = NOON + 60 * MINUTE
const { config } = loadConfig({
  directory: '/no/where',
  environment: {
    TOKMETER_BUDGETS: JSON.stringify([
      { name: 'all', limitUsd: 10, period: 'day' },
      { name: 'each', limitUsd: 2, period: 'day', per: 'service' },
    ]),
  },
})
const budgets = new Budgets({ kept: () => KEPT, now: () => NOW })
let store: Store

beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() })
  const calls = (count: number, service: string, minute: number) =>
    Array.from({ length: count }, (_, index) =>
      chat({
        service,
        startTime: NOON + minute * MINUTE + index,
        cost: { nanoDollars: 100_000_000, source: 'catalogue' },
      }),
    )
  // 5 dollars of api in the last ten minutes, and one of batch before.
  await store.insert([...calls(50, 'api', 50), ...calls(10, 'batch', 5)], 'all')
  budgets.configure(budgetsOf(config))
  await budgets.evaluate(createAsker(store, { kept: KEPT, now: NOW }))
})
afterAll(closeAll)

type Row = readonly (string | number | null)[]

async function seen(given: Parameters<typeof settled>[0]): Promise<Row[]> {
  const rule = settled(given, { budgets, anomalies: createAnomalySource(() => config.anomalies) })
  const asker = createAsker(store, { kept: KEPT, now: NOW })
  const all = await seeParts(rule.parts, { asker, rows: (question) => asker.rows(question), end: NOW, isBehind: false })
  return [...all.values()].flatMap((one): Row[] =>
    one instanceof Error
      ? [[one.message]]
      : one.observed.map(({ labels, verdict, value }) => [...Object.values(labels), verdict, value]),
  )
}

test('the used share of a budget is compared, of each of its values where it has some', async () => {
  expect(await seen({ kind: 'budget', budget: 'all', threshold: 0.6 })).toEqual([['breached', 0.6]])
  expect(await seen({ kind: 'budget', budget: 'all', threshold: 0.61 })).toEqual([['clear', 0.6]])
  expect(await seen({ kind: 'budget', budget: 'each', threshold: 1 })).toEqual([
    ['api', 'breached', 2.5],
    ['batch', 'clear', 0.5],
  ])
  expect(await seen({ kind: 'budget', budget: 'none', threshold: 1 })).toEqual([['there is no budget none']])
})

test('money burns by what a window of the period may cost', async () => {
  const windows = [{ long: '1h', short: '10m', factor: 14.5 }]
  // 6 dollars within an hour, of which a day's budget of 10 has 0.416…: 14.4 times as much.
  expect(
    (await seen({ kind: 'burn_rate', budget: 'all', windows })).map((one) => [
      one[0],
      Math.round(Number(one[1]) * 1e6) / 1e6,
    ]),
  ).toEqual([['clear', 14.4]])
  const sooner = [{ long: '1h', short: '10m', factor: 14.3 }]
  expect((await seen({ kind: 'burn_rate', budget: 'all', windows: sooner })).map(([verdict]) => verdict)).toEqual([
    'breached',
  ])
  // By service: 5 dollars of 2 a day within the hour; batch has spent nothing in the last ten minutes.
  expect(
    (await seen({ kind: 'burn_rate', budget: 'each', windows: sooner }))
      .map((one) => [one[0], one[1], Math.round(Number(one[2]))])
      .sort(),
  ).toEqual([
    ['api', 'breached', 60],
    ['batch', 'clear', 12],
  ])
})

test('anomalies are those of the API, from a severity on, by the dimension that is asked for', async () => {
  const slow = await seen({ kind: 'anomaly', least: 'info', groupBy: ['service'] })
  expect(slow).toEqual([])
  await store.insert(
    Array.from({ length: 100 }, (_, index) =>
      chat({
        service: 'bad',
        startTime: NOON + 30 * MINUTE + index,
        durationMs: 60_000,
        error: { type: 'overloaded' },
      }),
    ),
    'bad',
  )
  expect(
    (await seen({ kind: 'anomaly', types: ['error_rate_spike'], groupBy: ['service'] })).map((one) => one.slice(0, 3)),
  ).toEqual([['error_rate_spike', 'bad', 'breached']])
})
