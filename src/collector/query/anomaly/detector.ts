/** Judges hours: by fixed thresholds, and by what the same hour of the weeks before makes expected. A pure function of a series of hours. */
import {
  type Anomaly,
  type AnomalySettings,
  type AnomalyType,
  type HourPoint,
  type Levels,
  SEVERITIES,
  type Severity,
} from './anomaly.js'
import { Expectations } from './expectation.js'

const HOUR = 3_600_000

/** An hour that is not as it should be, before it is told. */
export type Detected = Pick<Anomaly, 'type' | 'severity' | 'entity' | 'expected' | 'threshold'> & {
  readonly hour: HourPoint
  /** As of an anomaly; undefined of a latency, of which only the level is known that it is past. */
  readonly value: number | undefined
}

export type Detection = {
  readonly detected: readonly Detected[]
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
  /** Whether more than that is to be known of what is detected: asked once of each. @default of all */
  readonly isWanted?: (hour: HourPoint, type: AnomalyType, severity: Severity) => boolean
}

/** @param hours consecutive, from the first one that is known of: those before it are unknown, one of them without calls had none */
export function detectAnomalies(hours: readonly HourPoint[], options: DetectOptions): Detection {
  const { settings, entity = null, from, settledUntil, isWanted = () => true } = options
  const { weeks, minWeeks, minOperations, deviations } = settings
  const start = hours[0]?.time ?? 0
  const expectationsOf = (read: (hour: HourPoint) => number | null, offset: number) =>
    new Expectations({ start, hours: hours.length, valueAt: (hour) => read(hours[hour]!) }, { weeks, minWeeks, offset })
  const calls = expectationsOf(({ operations }) => operations, HALF_A_CALL)
  // What costs nothing says nothing of what it costs when it does.
  const costs = expectationsOf(({ costUsd }) => costUsd, 0)
  const tokens = expectationsOf(({ tokensPerCall }) => tokensPerCall, 0)
  const drops = logarithms(settings.trafficDrop, (share) => 1 / (1 - share))
  const spikes = logarithms(settings.costSpike, (times) => times)
  const unusual = logarithms(settings.tokens, (times) => times)
  const detected: Detected[] = []
  const add = (hour: HourPoint, type: AnomalyType, found: Found | undefined) => {
    if (found !== undefined && isWanted(hour, type, found.severity)) detected.push({ type, entity, hour, ...found })
  }
  const addFixed = (hour: HourPoint, type: AnomalyType, severity: Severity, levels: Levels, value?: number) => {
    if (isWanted(hour, type, severity))
      detected.push({ type, entity, hour, severity, value, expected: null, threshold: levels[severity] })
  }
  const drop = { levels: drops, deviations, ways: FEWER }
  let expectedHours = 0

  for (const hour of hours) {
    const { time, operations, errors, slow, costUsd, tokensPerCall } = hour
    if (time < from) continue
    const expectedCalls = calls.at(time)
    if (!Number.isNaN(expectedCalls)) expectedHours++
    if (expectedCalls >= minOperations && time + HOUR <= settledUntil)
      add(
        hour,
        'traffic_drop',
        off(operations, time, calls, { ...drop, chance: 1 / expectedCalls, expected: expectedCalls }),
      )
    if (operations < minOperations) continue
    const rate = errors / operations
    const failing = worst(settings.errorRate, (level) => rate > level)
    if (failing !== undefined) addFixed(hour, 'error_rate_spike', failing, settings.errorRate, rate)
    if (slow !== undefined) addFixed(hour, 'latency_spike', slow, settings.latency)
    const chance = 1 / operations
    if (costUsd !== null && costUsd > 0)
      add(hour, 'cost_spike', off(costUsd, time, costs, { levels: spikes, deviations, chance, ways: MORE }))
    if (tokensPerCall !== null && tokensPerCall > 0)
      add(hour, 'unusual_tokens', off(tokensPerCall, time, tokens, { levels: unusual, deviations, chance, ways: BOTH }))
  }
  return { detected, expectedHours }
}

const FEWER = [-1]
const MORE = [1]
const BOTH = [-1, 1]

/** What was detected, in its words. */
export function anomalyOf({ hour, type, severity, entity, expected, threshold }: Detected, value: number): Anomaly {
  const description = DESCRIPTIONS[type](value, expected ?? Number.NaN, hour)
  return {
    detected_at: new Date(hour.time).toISOString(),
    type,
    severity,
    entity,
    value,
    expected,
    threshold,
    description,
  }
}

const DESCRIPTIONS: { readonly [type in AnomalyType]: (value: number, expected: number, hour: HourPoint) => string } = {
  traffic_drop: (value, expected) => `${value} calls where about ${Math.round(expected)} are expected`,
  error_rate_spike: (value, _, { errors, operations }) =>
    `Error rate of ${(100 * value).toFixed(1)} %: ${errors} of ${operations} calls failed`,
  latency_spike: (value) => `P95 latency of ${Math.round(value)} ms`,
  cost_spike: (value, expected) => `Cost of ${dollars(value)} where about ${dollars(expected)} are expected`,
  unusual_tokens: (value, expected) =>
    `${Math.round(value)} tokens a call where about ${Math.round(expected)} are expected`,
}

/** Zero calls have no logarithm; half a call does. */
const HALF_A_CALL = 0.5

type Found = Pick<Detected, 'severity' | 'value' | 'expected' | 'threshold'>

/** The worst severity whose level is passed. */
export function worst(levels: Levels, isPast: (level: number) => boolean): Severity | undefined {
  return SEVERITIES.findLast((severity) => isPast(levels[severity]))
}

type Judgement = {
  /** Of the expectations at that time, for who has it already. */
  readonly expected?: number
  /** Of the logarithm of how many times more, or fewer, it is. */
  readonly levels: Levels
  readonly deviations: number
  /** What few calls add to the variance of a logarithm. */
  readonly chance: number
  /** 1: too much is looked for; -1: too little. */
  readonly ways: readonly number[]
}

/** What is so far off what is expected that it passes a level, and is no chance either. */
function off(
  value: number,
  time: number,
  expectations: Expectations,
  { levels, deviations, chance, ways, expected = expectations.at(time) }: Judgement,
): Found | undefined {
  const { offset } = expectations
  if (!(expected + offset > 0)) return undefined
  const distance = Math.log((value + offset) / (expected + offset))
  const way = distance < 0 ? -1 : 1
  if (!ways.includes(way) || Math.abs(distance) <= Math.min(levels.info, levels.warning, levels.critical))
    return undefined
  const least = deviations * Math.hypot(expectations.deviationAt(time), Math.sqrt(chance))
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
