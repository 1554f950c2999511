/** What an anomaly is: an hour of something that is not as it should be, or not as it was in the weeks before. */

export const ANOMALY_TYPES = [
  'error_rate_spike',
  'latency_spike',
  'traffic_drop',
  'cost_spike',
  'unusual_tokens',
] as const
export type AnomalyType = (typeof ANOMALY_TYPES)[number]

/** From the least to the worst. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export type Anomaly = {
  /** The start of the hour. */
  readonly detected_at: string
  readonly type: AnomalyType
  readonly severity: Severity
  /** What it is of: one of a dimension, or null of everything together. */
  readonly entity: string | null
  /** A share of failed calls, milliseconds, calls, dollars, or tokens for each call. */
  readonly value: number
  /** What the weeks before make expected; null where the threshold is a fixed one. */
  readonly expected: number | null
  /** Past it an hour has this severity, in the unit of the value. */
  readonly threshold: number
  readonly description: string
}

/** From where on each severity is reached. */
export type Levels = { readonly [severity in Severity]: number }

/** As the section `anomalies` of the configuration. */
export type AnomalySettings = {
  /** Shares of failed calls. */
  readonly errorRate: Levels
  /** p95 of the duration of calls, in milliseconds. */
  readonly latency: Levels
  /** By what share there are fewer calls than expected. */
  readonly trafficDrop: Levels
  /** How many times the expected cost. */
  readonly costSpike: Levels
  /** How many times the expected tokens of a call, or by how many times fewer. */
  readonly tokens: Levels
  /** Standard deviations, robustly told, that an hour has to be off as well before it is not as expected. */
  readonly deviations: number
  /** Calls of an hour, or calls expected, below which nothing is judged. */
  readonly minOperations: number
  /** Weeks that are looked back on. */
  readonly weeks: number
  /** Weeks whose same hour has to be known: with fewer nothing is expected. */
  readonly minWeeks: number
}

/** What is known of consecutive hours of one entity: a column for each number, with one of each hour. */
export type HourColumns = {
  /** Epoch milliseconds of the start of the first. */
  readonly start: number
  readonly operations: Float64Array
  readonly errors: Float64Array
  /** US dollars; NaN where nothing is known of what the calls cost. */
  readonly cost: Float64Array
  /** Mean of the calls whose usage is known; NaN where there are none. */
  readonly tokensPerCall: Float64Array
  /** What the p95 of the durations is past the level of; undefined where it is of none, or none is known. */
  readonly slow: readonly (Severity | undefined)[]
}
