/** The judge, on generated traffic and on hours made by hand. How often it is wrong is stated in docs/collector.md. */
import { expect, test } from 'vitest'
import { loadConfig } from '../../../../src/collector/config.js'
import type { Anomaly, AnomalyType } from '../../../../src/collector/query/anomaly/anomaly.js'
import { anomalyOf, createDetector } from '../../../../src/collector/query/anomaly/detector.js'
import { columnsOf, type HourPoint, MONDAY, type Season, season } from './seasons.js'

const HOUR = 3_600_000
const WEEK = 168
const settings = loadConfig({ directory: '/no/where', environment: {} }).config.anomalies
const STATISTICAL: readonly AnomalyType[] = ['traffic_drop', 'cost_spike', 'unusual_tokens']

function judged(hours: readonly HourPoint[], fromHour: number, settledUntil = Number.POSITIVE_INFINITY) {
  const options = { settings, from: MONDAY + fromHour * HOUR, settledUntil }
  const { detected, expectedHours } = createDetector(options)(columnsOf(hours), null)
  return { anomalies: detected.map((one) => anomalyOf(one, one.value ?? 0)), expectedHours }
}

const brief = ({ detected_at, type, severity }: Anomaly) =>
  `${(Date.parse(detected_at) - MONDAY) / HOUR} ${type} ${severity}`

/** Hours that are all alike. */
function flat(count: number, fields: Partial<HourPoint> = {}): HourPoint[] {
  return Array.from({ length: count }, (_, hour) => ({
    time: MONDAY + hour * HOUR,
    operations: 100,
    errors: 0,
    costUsd: 2,
    tokensPerCall: 1000,
    ...fields,
  }))
}

function changed(hours: readonly HourPoint[], hour: number, fields: Partial<HourPoint>): HourPoint[] {
  return hours.map((point, index) => (index === hour ? { ...point, ...fields } : point))
}

test('of the hours of seasonal traffic fewer than one in a thousand is told not to be as expected, whether it is little or much, noisy or growing', () => {
  const rateOf = (given: Omit<Season, 'seed' | 'weeks'>) => {
    let wrong = 0
    let hours = 0
    for (let seed = 1; seed <= 10; seed++) {
      const { anomalies, expectedHours } = judged(season({ ...given, seed, weeks: 6 }), 4 * WEEK)
      wrong += anomalies.filter(({ type }) => STATISTICAL.includes(type)).length
      hours += expectedHours
    }
    expect(hours).toBe(10 * 2 * WEEK)
    return wrong / hours
  }
  const told = [20, 200, 2000].flatMap((calls) =>
    [0.1, 0.3].flatMap((noise) => [1, 1.1].map((growth) => rateOf({ calls, noise, growth }))),
  )
  if (process.env['ANOMALY_RATES'] !== undefined) process.stdout.write(`${JSON.stringify(told)}\n`)
  expect(Math.max(...told)).toBeLessThan(1e-3)
  expect(told.reduce((sum, rate) => sum + rate, 0) / told.length).toBeLessThan(3e-4)
})

test('what is planted into seasonal traffic is found, at its hour and of its severity', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const hours = season({ seed, weeks: 5, calls: 400, noise: 0.1 })
    // Noon of Tuesday, of Wednesday, of Thursday and of Friday.
    const at = (day: number) => 4 * WEEK + day * 24 + 12
    const times = (hour: number, factor: number, field: 'costUsd' | 'tokensPerCall') => ({
      [field]: factor * hours[hour]![field]!,
    })
    const planted = [
      { hour: at(1), fields: { operations: 0, errors: 0, costUsd: 0, tokensPerCall: null } },
      { hour: at(2), fields: times(at(2), 12, 'costUsd') },
      { hour: at(3), fields: times(at(3), 12, 'tokensPerCall') },
      { hour: at(4), fields: times(at(4), 1 / 12, 'tokensPerCall') },
    ].reduce((series, { hour, fields }) => changed(series, hour, fields), hours)
    const found = judged(planted, 4 * WEEK)
      .anomalies.filter(({ type }) => STATISTICAL.includes(type))
      .map(brief)
    expect(found, `seed ${seed}`).toEqual([
      `${at(1)} traffic_drop critical`,
      `${at(2)} cost_spike critical`,
      `${at(3)} unusual_tokens critical`,
      `${at(4)} unusual_tokens critical`,
    ])
  }
})

test('failures and slowness are told by fixed thresholds, without any history, of hours with calls enough', () => {
  const f = (fields: Partial<HourPoint>, ...expected: string[]) =>
    expect(judged(flat(1, fields), 0).anomalies.map(brief)).toEqual(expected.map((one) => `0 ${one}`))
  f({})
  f({ errors: 10 })
  f({ errors: 11 }, 'error_rate_spike info')
  f({ errors: 25 }, 'error_rate_spike info')
  f({ errors: 26 }, 'error_rate_spike warning')
  f({ errors: 51 }, 'error_rate_spike critical')
  f({ slow: 'info' }, 'latency_spike info')
  f({ slow: 'warning' }, 'latency_spike warning')
  f({ slow: 'critical', errors: 100 }, 'error_rate_spike critical', 'latency_spike critical')
  f({ operations: 10, errors: 10 }, 'error_rate_spike critical')
  f({ operations: 9, errors: 9, slow: 'critical' })
  f({ operations: 0, errors: 0, costUsd: 0, tokensPerCall: null })
})

test('an anomaly names its value, what was expected, its threshold and its severity', () => {
  const last = { operations: 20, costUsd: 7, tokensPerCall: 1000, errors: 6, slow: 'warning' } as const
  const hours = changed(flat(4 * WEEK + 1), 4 * WEEK, last)
  const options = { settings, from: hours.at(-1)!.time, settledUntil: Infinity }
  const { detected, expectedHours } = createDetector(options)(columnsOf(hours), 'gpt-4o')
  const anomalies = detected.map((one) => anomalyOf(one, one.value ?? 2345.6))
  expect({ expectedHours, anomalies }).toEqual({
    expectedHours: 1,
    anomalies: [
      {
        detected_at: '2026-06-29T00:00:00.000Z',
        type: 'traffic_drop',
        severity: 'warning',
        entity: 'gpt-4o',
        value: 20,
        expected: expect.closeTo(100, 9),
        threshold: expect.closeTo(100.5 * 0.25 - 0.5, 9),
        description: '20 calls where about 100 are expected',
      },
      {
        detected_at: '2026-06-29T00:00:00.000Z',
        type: 'error_rate_spike',
        severity: 'warning',
        entity: 'gpt-4o',
        value: 0.3,
        expected: null,
        threshold: 0.25,
        description: 'Error rate of 30.0 %: 6 of 20 calls failed',
      },
      {
        detected_at: '2026-06-29T00:00:00.000Z',
        type: 'latency_spike',
        severity: 'warning',
        entity: 'gpt-4o',
        value: 2345.6,
        expected: null,
        threshold: 2000,
        description: 'P95 latency of 2346 ms',
      },
      {
        detected_at: '2026-06-29T00:00:00.000Z',
        type: 'cost_spike',
        severity: 'warning',
        entity: 'gpt-4o',
        value: 7,
        expected: expect.closeTo(2, 9),
        threshold: expect.closeTo(6, 9),
        description: 'Cost of $7.00 where about $2.00 are expected',
      },
    ],
  })
})

test('with fewer weeks than it takes nothing is expected, and nothing guessed', () => {
  const f = (weeks: number, hoursJudged: number, count: number) => {
    const hours = changed(flat(weeks * WEEK + 1), weeks * WEEK, { operations: 0, costUsd: 0 })
    const { anomalies, expectedHours } = judged(hours, weeks * WEEK)
    expect([expectedHours, anomalies.length]).toEqual([hoursJudged, count])
  }
  f(0, 0, 0)
  f(2, 0, 0)
  f(3, 1, 1)
  f(4, 1, 1)
})

test('weeks without any deviation do not make the smallest one an anomaly', () => {
  const f = (fields: Partial<HourPoint>, ...expected: string[]) => {
    const hours = changed(flat(4 * WEEK + 1), 4 * WEEK, fields)
    expect(judged(hours, 4 * WEEK).anomalies.map(brief)).toEqual(expected.map((one) => `${4 * WEEK} ${one}`))
  }
  f({ operations: 51 })
  f({ operations: 49 }, 'traffic_drop info')
  f({ operations: 200, costUsd: 3.99 })
  f({ operations: 200, costUsd: 4.01 }, 'cost_spike info')
  f({ tokensPerCall: 501 })
  f({ tokensPerCall: 499 }, 'unusual_tokens info')
  f({ costUsd: null, tokensPerCall: null })
})

test('an hour that may not have come whole is not told to lack anything; what it has too much of is told', () => {
  const last = 4 * WEEK
  const ends = MONDAY + (last + 1) * HOUR
  const few = changed(flat(last + 1), last, { operations: 12, costUsd: 50 })
  expect(judged(few, last, ends - 1).anomalies.map(brief)).toEqual([`${last} cost_spike critical`])
  expect(judged(few, last, ends).anomalies.map(brief)).toEqual([
    `${last} traffic_drop warning`,
    `${last} cost_spike critical`,
  ])
})

test('hours without calls are part of the course of things where the weeks before have them too', () => {
  // Nobody works at night.
  const hours = season({ seed: 1, weeks: 5, calls: 300 }).map((point, hour) =>
    hour % 24 < 8 ? { ...point, operations: 0, errors: 0, costUsd: 0, tokensPerCall: null } : point,
  )
  expect(judged(hours, 4 * WEEK).anomalies.filter(({ type }) => STATISTICAL.includes(type))).toEqual([])
})

test('a week of which much is missing does not make the next ones strange', () => {
  const hours = season({ seed: 2, weeks: 6, calls: 300 }).map((point, hour) =>
    hour >= 3 * WEEK && hour < 3 * WEEK + 60
      ? { ...point, operations: 0, errors: 0, costUsd: 0, tokensPerCall: null }
      : point,
  )
  expect(judged(hours, 4 * WEEK).anomalies.filter(({ type }) => STATISTICAL.includes(type))).toEqual([])
})

test('what ended for good is missed for some days, and then no more', () => {
  const hours = flat(8 * WEEK).map((point, hour) =>
    hour >= 5 * WEEK ? { ...point, operations: 0, costUsd: 0, tokensPerCall: null } : point,
  )
  const days = new Set(
    judged(hours, 5 * WEEK).anomalies.map(({ detected_at }) => (Date.parse(detected_at) - MONDAY) / HOUR / 24 - 35),
  )
  expect(Math.max(...days)).toBeLessThan(5)
  expect(days).toContain(0)
})
