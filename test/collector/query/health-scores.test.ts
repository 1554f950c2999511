/** Health scores: the points by hand, and the answer of a real store against a recomputation over the operations. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/collector/config.js'
import { type HealthFacts, healthScoreOf, healthStatusOf } from '../../../src/collector/query/health-score.js'
import { createHealthScores } from '../../../src/collector/query/health-scores.js'
import { trendsOf } from '../../../src/collector/query/trending.js'
import type { Store } from '../../../src/collector/store/store.js'
import { closeAll } from '../store/stores.js'
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
} from './history.js'
import { measured } from './recomputed.js'
import { toldBy } from './told-by.js'

const HOUR = 3_600_000
const settings = loadConfig({ directory: '/no/where', environment: {} }).config.health

let store: Store
beforeAll(async () => {
  store = await storeOfHistory()
})
afterAll(closeAll)

const facts = (fields: Partial<HealthFacts>): HealthFacts => ({
  operations: 1000,
  errors: 0,
  meanLatencyMs: 80,
  idleMs: 0,
  ...fields,
})

test('points are those of the formulas', () => {
  const f = (fields: Partial<HealthFacts>, success: number, performance: number, activity: number, overall: number) => {
    const score = healthScoreOf('model', facts(fields), settings)
    expect([score.success_score, score.performance_score, score.activity_score, score.overall_score]).toEqual([
      success,
      performance,
      activity,
      overall,
    ])
  }
  f({}, 100, 100, 100, 100)
  f({ operations: 100, errors: 71 }, 29, 100, 100, 71) // 0.29 × 100 is less than 29 in floating point
  f({ errors: 1 }, 99, 100, 100, 99)
  f({ meanLatencyMs: 100 }, 100, 100, 100, 100)
  f({ meanLatencyMs: 101 }, 100, 99, 100, 99)
  f({ meanLatencyMs: 300 }, 100, 75, 100, 92)
  f({ meanLatencyMs: 499 }, 100, 50, 100, 85)
  f({ meanLatencyMs: 90_000 }, 100, 50, 100, 85)
  f({ idleMs: DAY - 1 }, 100, 100, 100, 100)
  f({ idleMs: DAY }, 100, 100, 97, 99)
  f({ idleMs: 15.5 * DAY }, 100, 100, 50, 85)
  f({ idleMs: 29.9 * DAY }, 100, 100, 4, 71)
  f({ idleMs: 30 * DAY }, 100, 100, 0, 70)
  f({ errors: 1000, meanLatencyMs: 500, idleMs: 400 * DAY }, 0, 50, 0, 15)
})

test('what has no operations has no points of its own: it neither succeeds nor fails', () => {
  const none = { operations: 0, errors: 0, meanLatencyMs: null }
  expect(healthScoreOf('model', { ...none, idleMs: 3 * DAY }, settings)).toEqual({
    overall_score: null,
    success_score: null,
    performance_score: null,
    activity_score: 90,
    days_since_last_seen: 3,
    is_idle: false,
    recommendations: [],
  })
  expect(healthScoreOf('model', facts({ meanLatencyMs: null }), settings)).toMatchObject({
    overall_score: null,
    success_score: 100,
    performance_score: null,
  })
  expect(healthScoreOf('model', { ...none, idleMs: null }, settings)).toMatchObject({
    activity_score: null,
    is_idle: false,
  })
})

test('something is recommended where points are low, and to who is idle', () => {
  const f = (fields: Partial<HealthFacts>, ...expected: RegExp[]) => {
    const { recommendations } = healthScoreOf('service', facts(fields), settings)
    expect(recommendations).toHaveLength(expected.length)
    expected.forEach((pattern, index) => {
      expect(recommendations[index]).toMatch(pattern)
    })
  }
  f({ errors: 50 })
  f({ errors: 51 }, /^Look into its failures: 51 of 1000 calls failed/)
  f({ meanLatencyMs: 340 })
  f({ meanLatencyMs: 350 }, /^Calls take 350 ms in the mean/)
  f({ idleMs: 90.9 * DAY })
  f({ idleMs: 91 * DAY }, /^Not used for 91 days: retire this service/)
})

test('weights and targets are those of the configuration', () => {
  const own = { ...settings, weights: { success: 1, performance: 0, activity: 0 }, latency: { good: 1000, poor: 5000 } }
  expect(healthScoreOf('model', facts({ errors: 100, meanLatencyMs: 3000, idleMs: 60 * DAY }), own)).toMatchObject({
    overall_score: 90,
    performance_score: 75,
  })
  const quick = { ...settings, inactiveAfter: 2 * DAY, idleAfter: DAY }
  expect(healthScoreOf('model', facts({ idleMs: 1.5 * DAY }), quick)).toMatchObject({
    activity_score: 50,
    is_idle: false,
  })
  expect(healthScoreOf('model', facts({ idleMs: 2.5 * DAY }), quick)).toMatchObject({
    activity_score: 0,
    is_idle: true,
  })
})

test('everything together is healthy, degraded or critical by its failures and its latency, and nothing where there is nothing', () => {
  const f = (operations: number, errors: number, meanLatencyMs: number | null, expected: string | null) =>
    expect(healthStatusOf({ operations, errors, meanLatencyMs }, settings)).toBe(expected)
  f(0, 0, null, null)
  f(100, 5, 500, 'healthy')
  f(100, 6, 500, 'degraded')
  f(100, 5, 501, 'degraded')
  f(100, 10, 1000, 'degraded')
  f(100, 11, 0, 'critical')
  f(100, 0, 1001, 'critical')
  f(100, 0, null, 'healthy')
})

test('the largest changes come first, before them what there was none of', () => {
  const trends = trendsOf(
    new Map([
      ['same', 109],
      ['more', 150],
      ['new', 7],
      ['newer', 9],
      ['', 500],
    ]),
    new Map([
      ['same', 100],
      ['more', 100],
      ['gone', 50],
      ['', 1],
    ]),
  )
  expect(trends).toEqual([
    { entity: 'newer', value: 9, previous: 0, change: null, direction: 'up' },
    { entity: 'new', value: 7, previous: 0, change: null, direction: 'up' },
    { entity: 'gone', value: 0, previous: 50, change: -1, direction: 'down' },
    { entity: 'more', value: 150, previous: 100, change: 0.5, direction: 'up' },
    { entity: 'same', value: 109, previous: 100, change: 0.09, direction: 'stable' },
  ])
})

/** When something was last seen, as narrowly as it is remembered. */
function lastSeen(time: number): number {
  const [minute, hour] = [60_000, HOUR].map((length) => Math.floor(time / length) * length)
  return minute! >= NOW - 2 * HOUR ? minute! : hour!
}

test('every number of the answer is that of the operations in its window, before it, and ever', async () => {
  const endpoint = createHealthScores(() => settings)
  const asked = fc.record({
    by: fc.constantFrom('model' as const, 'service' as const, 'provider' as const, 'agent' as const),
    minutes: fc.integer({ min: 1, max: 20 * 24 * 60 }),
    back: fc.integer({ min: 0, max: 5 * 24 * 60 }),
    service: fc.constantFrom(undefined, 'api', 'nobody'),
  })
  await fc.assert(
    fc.asyncProperty(asked, async ({ by, minutes, back, service }) => {
      const end = Math.floor(NOW / 60_000 - back) * 60_000
      const start = end - minutes * 60_000
      const given = { by, service, start_time: String(start), end_time: String(end) }
      const told = rounded(await toldBy(endpoint, JSON.parse(JSON.stringify(given)), askerOf(store))) as never as {
        [field: string]: unknown
        entities: { entity: string }[]
      }
      const calls = history.filter((one) => isCall(one) && (service === undefined || one.service === service))
      const own = within(calls, start, end)
      const before = within(calls, start - (end - start), start)
      const numbers = (operations: typeof own) => ({
        operations: operations.length,
        success_rate: share(operations.length - failures(operations), operations.length),
        avg_latency_ms: measured(operations, 'duration_ms', 'avg', 1),
      })
      const whole = { ...numbers(own), errors: failures(own) }
      expect(told).toMatchObject({
        window: { start_time: new Date(start).toISOString(), end_time: new Date(end).toISOString() },
        previous_window: {
          start_time: new Date(start - (end - start)).toISOString(),
          end_time: new Date(start).toISOString(),
        },
        by,
        status: healthStatusOf({ ...whole, meanLatencyMs: whole.avg_latency_ms }, settings),
        ...rounded(numbers(own)),
      })
      const ever = groups(calls, by)
      ever.delete('')
      const expected = [...ever].map(([entity, members]) => {
        const inside = members.filter((one) => own.includes(one))
        const earlier = members.filter((one) => before.includes(one)).length
        const last = lastSeen(Math.max(...members.map(({ startTime }) => startTime)))
        const by = change(inside.length, earlier)
        const { recommendations, ...points } = healthScoreOf(
          given.by,
          {
            operations: inside.length,
            errors: failures(inside),
            meanLatencyMs: numbers(inside).avg_latency_ms,
            idleMs: NOW - last,
          },
          settings,
        )
        return {
          entity,
          ...points,
          ...numbers(inside),
          cost: measured(inside, 'cost_usd', 'sum', 1),
          previous_operations: earlier,
          change: by,
          direction: by === null ? (inside.length > 0 ? 'up' : null) : by > 0.1 ? 'up' : by < -0.1 ? 'down' : 'stable',
          last_seen: new Date(last).toISOString(),
          recommendations,
        }
      })
      const sorted = (rows: readonly { entity: string }[]) =>
        rows.toSorted((one, other) => (one.entity < other.entity ? -1 : 1))
      expect(sorted(told.entities)).toEqual(sorted(rounded(expected)))
      const counts = told.entities.map((row) => (row as never as { operations: number }).operations)
      expect(counts).toEqual(counts.toSorted((one, other) => other - one))
    }),
    { numRuns: Number(process.env['QUERY_RUNS'] ?? 25), seed: 9 },
  )
})

test('who has not been seen for long is idle, though it has no operations in the window', async () => {
  const endpoint = createHealthScores(() => ({ ...settings, idleAfter: 10 * DAY }))
  const told = (await toldBy(endpoint, {}, askerOf(store))) as {
    idle: string[]
    entities: { entity: string; operations: number; overall_score: number | null }[]
  }
  expect(told.idle).toEqual(['old-timer'])
  expect(told.entities.find(({ entity }) => entity === 'old-timer')).toMatchObject({
    operations: 0,
    overall_score: null,
    success_rate: null,
    activity_score: 0,
    is_idle: true,
  })
})
