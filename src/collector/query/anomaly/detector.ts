/** Judges hours: by fixed thresholds, and by what the same hour of the weeks before makes expected. A pure function of a series of hours. */
import {
  type Anomaly,
  type AnomalySettings,
  type AnomalyType,
  type HourPoint,
  type Levels,
  SEVERITIES,
} from './anomaly.js'
import { type Expectation, Expectations } from './expectation.js'

const HOUR = 3_600_000

export type Detection = {
  readonly anomalies: readonly Anomaly[]
  /** Hours for which enough weeks are known to expect something of their traffic. */
  readonly expectedHours: number
}

export type DetectOptions = {
  readonly settings: AnomalySettings
  /** What the series is of. @default null: everything together */
  readonly entity?: string | null
  /** Epoch milliseconds: hours that start from here on are judged, those before are what they are judged by. */
  readonly from: number
  /**
   * Epoch milliseconds until which all that happened has come. In an hour that ends later nothing can be missing yet, since it may
   * still come; what it has too much of is judged as it is.
   */
  readonly settledUntil: number
}

/** @param hours consecutive, from the first one that is known of: those before it are unknown, one of them without calls had none */
export function detectAnomalies(hours: readonly HourPoint[], options: DetectOptions): Detection {
  const { settings, entity = null, from, settledUntil } = options
  const { weeks, minWeeks, minOperations, deviations } = settings
  const start = hours[0]?.time ?? 0
  const expectationsOf = (read: (hour: HourPoint) => number | null, offset: number) =>
    new Expectations({ start, values: hours.map(read) }, { weeks, minWeeks, offset })
  const calls = expectationsOf(({ operations }) => operations, HALF_A_CALL)
  // What costs nothing says nothing of what it costs when it does.
  const costs = expectationsOf(({ costUsd }) => costUsd, 0)
  const tokens = expectationsOf(({ tokensPerCall }) => tokensPerCall, 0)
  const drops = logarithms(settings.trafficDrop, (share) => 1 / (1 - share))
  const spikes = logarithms(settings.costSpike, (times) => times)
  const unusual = logarithms(settings.tokens, (times) => times)
  const anomalies: Anomaly[] = []
  let expectedHours = 0

  for (const hour of hours) {
    if (hour.time < from) continue
    const add = (type: AnomalyType, found: Found | undefined, description: (found: Found) => string) => {
      if (found !== undefined)
        anomalies.push({
          detected_at: new Date(hour.time).toISOString(),
          type,
          entity,
          ...found,
          description: description(found),
        })
    }
    const { operations, errors, p95LatencyMs = null, costUsd, tokensPerCall } = hour
    const traffic = calls.of(hour.time)
    if (traffic !== undefined) expectedHours++
    if (traffic !== undefined && traffic.expected >= minOperations && hour.time + HOUR <= settledUntil)
      add(
        'traffic_drop',
        off(operations, traffic, drops, { deviations, chance: 1 / traffic.expected, offset: HALF_A_CALL, ways: [-1] }),
        ({ expected }) => `${operations} calls where about ${Math.round(expected!)} are expected`,
      )
    if (operations < minOperations) continue
    add(
      'error_rate_spike',
      above(errors / operations, settings.errorRate),
      ({ value }) => `Error rate of ${(100 * value).toFixed(1)} %: ${errors} of ${operations} calls failed`,
    )
    if (p95LatencyMs !== null)
      add(
        'latency_spike',
        above(p95LatencyMs, settings.latency),
        ({ value }) => `P95 latency of ${Math.round(value)} ms`,
      )
    const chance = 1 / operations
    if (costUsd !== null && costUsd > 0)
      add(
        'cost_spike',
        off(costUsd, costs.of(hour.time), spikes, { deviations, chance, offset: 0, ways: [1] }),
        ({ value, expected }) => `Cost of ${dollars(value)} where about ${dollars(expected!)} are expected`,
      )
    if (tokensPerCall !== null && tokensPerCall > 0)
      add(
        'unusual_tokens',
        off(tokensPerCall, tokens.of(hour.time), unusual, { deviations, chance, offset: 0, ways: [1, -1] }),
        ({ value, expected }) => `${Math.round(value)} tokens a call where about ${Math.round(expected!)} are expected`,
      )
  }
  return { anomalies, expectedHours }
}

/** Zero calls have no logarithm; half a call does. */
const HALF_A_CALL = 0.5

type Found = Pick<Anomaly, 'severity' | 'value' | 'expected' | 'threshold'>

/** The worst severity whose level is passed. */
function worst(levels: Levels, isPast: (level: number) => boolean) {
  return SEVERITIES.findLast((severity) => isPast(levels[severity]))
}

function above(value: number, levels: Levels): Found | undefined {
  const severity = worst(levels, (level) => value > level)
  return severity && { severity, value, expected: null, threshold: levels[severity] }
}

/**
 * What is so far off that it passes a level and is no chance either.
 * @param levels of the logarithm of how many times more, or fewer, it is
 * @param chance what few calls add to the variance of a logarithm
 */
function off(
  value: number,
  expectation: Expectation | undefined,
  levels: Levels,
  {
    deviations,
    chance,
    offset,
    ways,
  }: { deviations: number; chance: number; offset: number; ways: readonly (1 | -1)[] },
): Found | undefined {
  if (expectation === undefined || expectation.expected + offset <= 0) return undefined
  const { expected, deviation } = expectation
  const distance = Math.log((value + offset) / (expected + offset))
  const way = distance < 0 ? -1 : 1
  if (!ways.includes(way) || worst(levels, (level) => Math.abs(distance) > level) === undefined) return undefined
  const least = deviations * Math.hypot(deviation(), Math.sqrt(chance))
  const severity = worst(levels, (level) => Math.abs(distance) > Math.max(level, least))
  if (severity === undefined) return undefined
  const threshold = (expected + offset) * Math.exp(way * Math.max(levels[severity], least)) - offset
  return { severity, value, expected, threshold }
}

function logarithms(levels: Levels, timesOf: (level: number) => number): Levels {
  return {
    info: Math.log(timesOf(levels.info)),
    warning: Math.log(timesOf(levels.warning)),
    critical: Math.log(timesOf(levels.critical)),
  }
}

/** With the digits that matter. */
function dollars(value: number): string {
  return `$${value >= 1 ? value.toFixed(2) : value.toPrecision(2)}`
}
