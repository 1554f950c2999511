/** Reports of a real store, number by number against a recomputation over the operations. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../../../src/collector/batch.js'
import { InvalidQuestion } from '../../../../src/collector/query/invalid-question.js'
import { reports } from '../../../../src/collector/query/report/endpoints.js'
import { PERIODS, type PeriodName, periodOf } from '../../../../src/collector/query/report/period.js'
import type { Store } from '../../../../src/collector/store/store.js'
import { closeAll } from '../../store/stores.js'
import {
  askerOf,
  change,
  DAY,
  failures,
  groups,
  history,
  isCall,
  NOW,
  rounded,
  share,
  storeOfHistory,
  within,
} from '../history.js'
import { dimensionValue, measured } from '../recomputed.js'
import { toldBy } from '../told-by.js'

let store: Store
beforeAll(async () => {
  store = await storeOfHistory()
})
afterAll(closeAll)

// biome-ignore lint/suspicious/noExplicitAny: answers are compared, not used
type Report = { readonly [field: string]: any }
const iso = (time: number) => new Date(time).toISOString()
const dateOf = (time: number) => iso(time).slice(0, 10)

async function report(
  name: PeriodName,
  given: { [parameter: string]: string | string[] | undefined },
  now = NOW,
): Promise<Report> {
  return toldBy(reports[PERIODS.indexOf(name)]!, given, askerOf(store, now))
}

const sum = (operations: readonly IdentifiedOperation[], field: string) => measured(operations, field, 'sum', 1)

function summary(operations: readonly IdentifiedOperation[], ofLatency = operations.filter(isCall)) {
  return {
    operations: operations.length,
    failure_count: failures(operations),
    success_rate: share(operations.length - failures(operations), operations.length),
    avg_latency_ms: measured(ofLatency, 'duration_ms', 'avg', 1),
    cost: sum(operations, 'cost_usd'),
    tokens: sum(operations, 'total_tokens'),
  }
}

const directionOf = (value: number, before: number) => {
  const by = change(value, before)
  if (by === null) return value > 0 ? 'up' : null
  return by > 0.1 ? 'up' : by < -0.1 ? 'down' : 'stable'
}

/** What a report has to say of `all`, told from the operations. `end`: of what is answered. */
function recomputed(
  name: PeriodName,
  all: readonly IdentifiedOperation[],
  start: number,
  end: number,
  before: [number, number],
) {
  const own = within(all, start, end)
  const calls = own.filter(isCall)
  const previous = within(all, ...before)
  const previousCalls = previous.filter(isCall)
  const speed = (field: string, of: Parameters<typeof measured>[2], operations = calls) =>
    measured(operations, field, of, 1)
  const list = (dimension: string): Report[] =>
    [...groups(own, dimension)].map(([value, members]) => ({
      [dimension]: value,
      ...summary(members, dimension === 'operation' ? members : undefined),
      share: members.length / own.length,
    }))
  const length = name === 'daily' ? 3_600_000 : DAY
  const windows: number[] = []
  for (let time = start; time < end; time += length) windows.push(time)
  const counts = windows.map((time) => within(own, time, time + length).length)
  const over = counts.filter((_, index) => windows[index]! + DAY <= end)
  const firstOf = (dimension: string) =>
    [...groups(all, dimension)].map(([value, members]) => ({
      value,
      first: Math.min(...members.map(({ startTime }) => startTime)),
    }))
  const newOf = (dimension: string) =>
    firstOf(dimension)
      .filter(({ value, first }) => value !== '' && first >= start && first < start + (end - start))
      .map(({ value, first }) => ({ [dimension]: value, first_seen: dateOf(first) }))
  const trends = [...new Set([...groups(own, 'model').keys(), ...groups(previous, 'model').keys()])]
    .filter((model) => model !== '')
    .map((model) => {
      const [value, earlier] = [own, previous].map(
        (some) => some.filter((one) => dimensionValue(one, 'model') === model).length,
      )
      return {
        model,
        value: value!,
        previous: earlier!,
        change: change(value!, earlier!),
        direction: directionOf(value!, earlier!),
      }
    })
  const rates = [own, previous].map((some) => share(some.length - failures(some), some.length))
  return {
    total_operations: own.length,
    success_count: own.length - failures(own),
    failure_count: failures(own),
    success_rate: rates[0],
    total_cost: sum(own, 'cost_usd'),
    total_tokens: sum(own, 'total_tokens'),
    input_tokens: sum(own, 'input_tokens'),
    output_tokens: sum(own, 'output_tokens'),
    calls: calls.length,
    avg_latency_ms: speed('duration_ms', 'avg'),
    min_latency_ms: speed('duration_ms', 'min'),
    max_latency_ms: speed('duration_ms', 'max'),
    p50_latency_ms: speed('duration_ms', 'p50'),
    p75_latency_ms: speed('duration_ms', 'p75'),
    p90_latency_ms: speed('duration_ms', 'p90'),
    p95_latency_ms: speed('duration_ms', 'p95'),
    p99_latency_ms: speed('duration_ms', 'p99'),
    p999_latency_ms: speed('duration_ms', 'p999'),
    avg_time_to_first_chunk_ms: speed('time_to_first_chunk_ms', 'avg'),
    p95_time_to_first_chunk_ms: speed('time_to_first_chunk_ms', 'p95'),
    unique_models: measured(own, 'model', 'uniq', 1),
    unique_services: measured(own, 'service', 'uniq', 1),
    unique_users: measured(own, 'user_id', 'uniq', 1),
    unique_conversations: measured(own, 'conversation_id', 'uniq', 1),
    operations_kept: share(own.length, own.length),
    changes: {
      operations: change(own.length, previous.length),
      success_rate_points: rates[0] == null || rates[1] == null ? null : 100 * (rates[0] - rates[1]),
      avg_latency: change(speed('duration_ms', 'avg'), speed('duration_ms', 'avg', previousCalls)),
      p95_latency: change(speed('duration_ms', 'p95'), speed('duration_ms', 'p95', previousCalls)),
      cost: change(sum(own, 'cost_usd'), sum(previous, 'cost_usd')),
      tokens: change(sum(own, 'total_tokens'), sum(previous, 'total_tokens')),
    },
    peak_operations: own.length === 0 ? null : Math.max(...counts),
    peak_time: own.length === 0 ? null : iso(windows[counts.indexOf(Math.max(...counts))]!),
    ...(name !== 'daily' && {
      avg_daily_operations: share(
        over.reduce((one, other) => one + other, 0),
        over.length,
      ),
    }),
    operations_breakdown: list('operation'),
    services_breakdown: list('service'),
    providers_breakdown: list('provider'),
    top_models: list('model')
      .filter((row) => row['model'] !== '')
      .map((row) => {
        const { change: by, direction } = trends.find(({ model }) => model === row['model'])!
        return { ...row, change: by, direction }
      }),
    trending_up: trends.filter(({ direction }) => direction === 'up'),
    trending_down: trends.filter(({ direction }) => direction === 'down'),
    new_models: newOf('model'),
    new_services: newOf('service'),
    [name === 'daily' ? 'hourly_summaries' : 'daily_summaries']: windows.map((time) => ({
      time: iso(time),
      ...summary(within(own, time, time + length)),
    })),
  }
}

/** Lists are compared in one order; their own is looked at apart. */
function inOneOrder(value: Report): Report {
  const sorted = Object.entries(value).map(([field, one]) => [
    field,
    Array.isArray(one) ? one.map(({ rank: _, ...row }) => JSON.stringify(Object.entries(row).sort())).sort() : one,
  ])
  return Object.fromEntries(sorted)
}

const FILTERS: { [parameter: string]: (operation: IdentifiedOperation) => boolean } = {
  '': () => true,
  'service=api': ({ service }) => service === 'api',
  'model=newcomer': ({ requestModel }) => requestModel === 'newcomer',
  'model=nobody': () => false,
}

test('every number of every report is that of the operations of its period and of the one before', async () => {
  const asked = fc.record({
    name: fc.constantFrom(...PERIODS),
    back: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 80 })),
    filter: fc.constantFrom(...Object.keys(FILTERS)),
  })
  await fc.assert(
    fc.asyncProperty(asked, async ({ name, back, filter }) => {
      const date = dateOf(NOW - back * DAY)
      const [parameter, value] = filter.split('=')
      const told = await report(name, { date, ...(value && { [parameter!]: value }) })
      const period = periodOf(name, date, NOW)
      const end = Math.min(period.end, Math.ceil(NOW / 60_000) * 60_000)
      const before: [number, number] = [
        period.previous.start,
        Math.min(period.previous.start + end - period.start, period.start),
      ]
      expect(told).toMatchObject({
        period: name,
        is_complete: period.end <= NOW,
        window: { start_time: iso(period.start), end_time: iso(end) },
        previous_window: { start_time: iso(before[0]), end_time: iso(before[1]) },
      })
      const chosen = history.filter(FILTERS[filter]!)
      const since = Math.min(...chosen.map(({ startTime }) => startTime))
      expect(told['history_since']).toBe(chosen.length === 0 ? null : dateOf(since))
      expect(told['is_previous_complete']).toBe(Math.floor(since / DAY) * DAY <= period.previous.start)
      const expected = recomputed(name, chosen, period.start, end, before)
      expect(inOneOrder(rounded(told))).toMatchObject(inOneOrder(rounded(expected as Report)))
    }),
    { numRuns: Number(process.env['QUERY_RUNS'] ?? 15), seed: 5 },
  )
})

test('lists are in their order: the busiest first, the largest change first, of the new the first first', async () => {
  const told = await report('monthly', {})
  const counts = (list: Report[]) => list.map((row) => row['operations'] as number)
  for (const list of ['top_models', 'operations_breakdown', 'services_breakdown', 'providers_breakdown'])
    expect(counts(told[list])).toEqual(counts(told[list]).toSorted((one, other) => other - one))
  expect(told['top_models'].map(({ rank }: Report) => rank)).toEqual(
    told['top_models'].map((_: Report, index: number) => index + 1),
  )
  const sizes = [...told['trending_up']].map((row: Report) => row['change'] ?? Number.POSITIVE_INFINITY)
  expect(sizes).toEqual(sizes.toSorted((one, other) => other - one))
  const weekly = await report('weekly', {})
  const names = weekly['new_models'].map(({ model }: Report) => model)
  expect(names.length === 0 || names.includes('newcomer')).toBe(true)
})

test('a period that is not over is said not to be, and what it will have had is told by its method', async () => {
  const told = await report('daily', {})
  const [start, end] = [NOW - (NOW % DAY), NOW]
  const left = (start + DAY - end) / DAY
  const days = Array.from({ length: 7 }, (_, index) =>
    within(history, start - (7 - index) * DAY, start - (6 - index) * DAY),
  )
  const projected = (of: (operations: readonly IdentifiedOperation[]) => number) =>
    of(within(history, start, end)) + (left * days.reduce((all, day) => all + of(day), 0)) / 7
  expect(told['is_complete']).toBe(false)
  expect(told['projection']).toMatchObject({
    days_left: expect.closeTo(left, 9),
    operations: {
      projected: expect.closeTo(
        projected(({ length }) => length),
        6,
      ),
    },
    tokens: {
      projected: expect.closeTo(
        projected((some) => sum(some, 'total_tokens')!),
        0,
      ),
    },
    method: expect.stringContaining('the mean of the last 7 whole days'),
  })
  expect((await report('daily', { date: dateOf(NOW - DAY) }))['projection']).toBe(null)
})

test('of users nothing is told where some of the operations are there no more', async () => {
  const date = dateOf(NOW - DAY)
  expect(await report('daily', { date })).toMatchObject({ unique_users: expect.any(Number), operations_kept: 1 })
  // As retention does it. The rollups stay.
  await store.database.engine.command(
    `ALTER TABLE ${store.table('operations')} DROP PARTITION '${date.replaceAll('-', '')}'`,
  )
  expect(await report('daily', { date })).toMatchObject({
    total_operations: within(history, Date.parse(date), Date.parse(date) + DAY).length,
    unique_models: expect.any(Number),
    unique_users: null,
    unique_conversations: null,
    operations_kept: 0,
  })
  const weekly = await report('weekly', { date })
  expect(weekly['unique_users']).toBe(null)
})

test('periods are days, weeks from Monday on and months, all UTC', () => {
  const f = (name: PeriodName, date: string, start: string, end: string, previous: string) => {
    const period = periodOf(name, date, Date.UTC(2026, 10, 27))
    expect([dateOf(period.start), dateOf(period.end), dateOf(period.previous.start)]).toEqual([start, end, previous])
    expect(period.previous.end).toBe(period.start)
  }
  f('daily', '2026-11-26', '2026-11-26', '2026-11-27', '2026-11-25')
  f('weekly', '2026-11-22', '2026-11-16', '2026-11-23', '2026-11-09')
  f('weekly', '2026-11-23', '2026-11-23', '2026-11-30', '2026-11-16')
  f('weekly', '2025-01-01', '2024-12-30', '2025-01-06', '2024-12-23')
  f('monthly', '2026-03-31', '2026-03-01', '2026-04-01', '2026-02-01')
  f('monthly', '2024-02', '2024-02-01', '2024-03-01', '2024-01-01')
  f('monthly', '2026-01', '2026-01-01', '2026-02-01', '2025-12-01')
})

test('a date that is none, or is not yet, is told to be wrong', async () => {
  for (const [name, date] of [
    ['daily', '2026-02-30'],
    ['daily', '2026-02'],
    ['weekly', '2026-W07'],
    ['monthly', '2026-13'],
    ['daily', 'yesterday'],
    ['daily', '1970-01-01'],
    ['daily', dateOf(NOW + DAY)],
  ] as const)
    await expect(report(name, { date }), date).rejects.toThrow(InvalidQuestion)
})
