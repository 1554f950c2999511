/** Judges hours: by fixed thresholds, and by what the same hour of the weeks before makes expected. What is found of a series depends on its hours alone. */
import type { Anomaly, AnomalySettings, AnomalyType, HourColumns, Levels, Severity } from './anomaly.js'
import { Expectations } from './expectation.js'

const HOUR = 3_600_000

/** An hour that is not as it should be, before it is told. */
export type Detected = Pick<Anomaly, 'type' | 'severity' | 'entity' | 'expected' | 'threshold'> & {
  /** Epoch milliseconds of the start of the hour. */
  readonly time: number
  readonly operations: number
  readonly errors: number
  /** As of an anomaly; undefined of a latency, of which only the level is known that it is past. */
  readonly value: number | undefined
}

export type Detection = {
  readonly detected: readonly Detected[]
  /** Hours for which enough weeks are known to expect something of their traffic. */
  readonly expectedHours: number
}

export type DetectorOptions = {
  readonly settings: AnomalySettings
  /** Epoch milliseconds: hours that start from here on are judged, those before are what they are judged by. */
  readonly from: number
  /**
   * Epoch milliseconds until which all that happened has come. In an hour that ends later nothing can be missing yet, since it may
   * still come; what it has too much of is judged as it is.
   */
  readonly settledUntil: number
  /** Whether more than that is to be known of what is detected in the hour of that time: asked once of each. @default of all */
  readonly isWanted?: (time: number, type: AnomalyType, severity: Severity) => boolean
}

/**
 * Judges one series after another.
 * @param hours from the first one that is known of: those before it are unknown, one of them without calls had none
 * @param entity what they are of; null: everything together
 */
export type Detect = (hours: HourColumns, entity: string | null) => Detection

export function createDetector(options: DetectorOptions): Detect {
  const { settings, from, settledUntil, isWanted = () => true } = options
  const { weeks, minWeeks, minOperations, deviations } = settings
  const compared = (offset: number, levels: Levels, ways: readonly number[]): Compared => ({
    expectations: new Expectations({ weeks, minWeeks, offset }),
    levels,
    least: Math.min(levels.info, levels.warning, levels.critical),
    deviations,
    ways,
  })
  const drops = logarithms(settings.trafficDrop, (share) => 1 / (1 - share))
  const calls = compared(HALF_A_CALL, drops, FEWER)
  // What costs nothing says nothing of what it costs when it does.
  const costs = compared(0, logarithms(settings.costSpike, times), MORE)
  const tokens = compared(0, logarithms(settings.tokens, times), BOTH)

  return ({ start, operations, errors, slow, cost, tokensPerCall }, entity) => {
    calls.expectations.take(operations, start)
    costs.expectations.take(cost, start)
    tokens.expectations.take(tokensPerCall, start)
    const detected: Detected[] = []
    const add = (hour: number, type: AnomalyType, found: Found | undefined) => {
      const time = start + hour * HOUR
      if (found === undefined || !isWanted(time, type, found.severity)) return
      detected.push({ type, entity, time, operations: operations[hour]!, errors: errors[hour]!, ...found })
    }
    let expectedHours = 0
    for (let hour = Math.max(0, Math.ceil((from - start) / HOUR)); hour < operations.length; hour++) {
      const count = operations[hour]!
      if (calls.expectations.isKnown(hour)) expectedHours++
      if (isFar(calls, hour) && start + (hour + 1) * HOUR <= settledUntil) {
        const expected = calls.expectations.at(hour)
        if (expected >= minOperations) add(hour, 'traffic_drop', off(calls, hour, count, expected))
      }
      if (count < minOperations) continue
      add(hour, 'error_rate_spike', pastLevel(settings.errorRate, errors[hour]! / count))
      const severity = slow[hour]
      if (severity !== undefined)
        add(hour, 'latency_spike', {
          severity,
          value: undefined,
          expected: null,
          threshold: settings.latency[severity],
        })
      add(hour, 'cost_spike', off(costs, hour, cost[hour]!, count))
      add(hour, 'unusual_tokens', off(tokens, hour, tokensPerCall[hour]!, count))
    }
    return { detected, expectedHours }
  }
}

const FEWER = [-1]
const MORE = [1]
const BOTH = [-1, 1]
const times = (level: number) => level

/** What was detected, in its words. */
export function anomalyOf(detected: Detected, value: number): Anomaly {
  const { time, type, severity, entity, expected, threshold } = detected
  const description = DESCRIPTIONS[type](value, expected ?? Number.NaN, detected)
  return {
    detected_at: new Date(time).toISOString(),
    type,
    severity,
    entity,
    value,
    expected,
    threshold,
    description,
  }
}

const DESCRIPTIONS: { readonly [type in AnomalyType]: (value: number, expected: number, of: Detected) => string } = {
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

/** The worst severity whose level a value is past. */
export function worst({ info, warning, critical }: Levels, value: number): Severity | undefined {
  if (value > critical) return 'critical'
  if (value > warning) return 'warning'
  return value > info ? 'info' : undefined
}

function pastLevel(levels: Levels, value: number): Found | undefined {
  const severity = worst(levels, value)
  return severity === undefined ? undefined : { severity, value, expected: null, threshold: levels[severity] }
}

/** How numbers of hours are compared with what is expected of them. */
type Compared = {
  readonly expectations: Expectations
  /** Of the logarithm of how many times more, or fewer, it is. */
  readonly levels: Levels
  /** Of these levels. */
  readonly least: number
  readonly deviations: number
  /** 1: too much is looked for; -1: too little. */
  readonly ways: readonly number[]
}

/** Whether an hour is past a level, be it by chance. */
function isFar({ expectations, least, ways }: Compared, hour: number): boolean {
  const distance = expectations.distanceAt(hour)
  return Math.abs(distance) > least && ways.includes(Math.sign(distance))
}

/**
 * What is so far off what is expected that it passes a level, and is no chance either.
 * @param value of the hour
 * @param calls of the hour: few of them add to the variance of a logarithm
 */
function off(compared: Compared, hour: number, value: number, calls: number): Found | undefined {
  if (!isFar(compared, hour)) return undefined
  const { expectations, levels, deviations } = compared
  const { offset } = expectations
  const distance = expectations.distanceAt(hour)
  const chance = deviations * Math.hypot(expectations.deviationAt(hour), Math.sqrt(1 / calls))
  const severity = worst(levels, Math.abs(distance))
  if (severity === undefined || Math.abs(distance) <= chance) return undefined
  const expected = expectations.at(hour)
  const passed = Math.sign(distance) * Math.max(levels[severity], chance)
  return { severity, value, expected, threshold: (expected + offset) * Math.exp(passed) - offset }
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
