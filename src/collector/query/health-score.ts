/** How healthy something is, in points of 100: how often it succeeds, how fast it is, and how long ago it was last used. */

/** As the section `health` of the configuration. */
export type HealthSettings = {
  readonly weights: { readonly success: number; readonly performance: number; readonly activity: number }
  /** Mean durations in milliseconds: up to the one 100 points, from the other on 50. */
  readonly latency: { readonly good: number; readonly poor: number }
  /** Milliseconds without an operation after which there are no points for activity. */
  readonly inactiveAfter: number
  /** Milliseconds without an operation after which something is idle. */
  readonly idleAfter: number
  readonly degraded: Limits
  readonly critical: Limits
}
type Limits = { readonly errorRate: number; readonly latency: number }

export type HealthFacts = {
  readonly operations: number
  readonly errors: number
  /** Milliseconds; null where no duration is known. */
  readonly meanLatencyMs: number | null
  /** Milliseconds since the last operation; null where none is known. */
  readonly idleMs: number | null
}

export type HealthScore = {
  /** Null where one of its parts is. */
  readonly overall_score: number | null
  /** Null without operations, which neither succeed nor fail. */
  readonly success_score: number | null
  readonly performance_score: number | null
  readonly activity_score: number | null
  readonly days_since_last_seen: number | null
  readonly is_idle: boolean
  readonly recommendations: readonly string[]
}

export const HEALTH_STATUSES = ['healthy', 'degraded', 'critical'] as const
export type HealthStatus = (typeof HEALTH_STATUSES)[number]

const DAY_MS = 86_400_000
/** Points below which something is recommended. */
const GOOD_SUCCESS = 95
const GOOD_PERFORMANCE = 70

/** @param kind what it is, for the recommendations: `model`, `provider`, `service`, `agent` */
export function healthScoreOf(kind: string, facts: HealthFacts, settings: HealthSettings): HealthScore {
  const { operations, errors, meanLatencyMs, idleMs } = facts
  const { weights, inactiveAfter, idleAfter } = settings
  const success = operations === 0 ? null : Math.floor((100 * (operations - errors)) / operations)
  const performance = meanLatencyMs === null ? null : performanceOf(meanLatencyMs, settings.latency)
  const days = idleMs === null ? null : Math.floor(idleMs / DAY_MS)
  const inactiveDays = inactiveAfter / DAY_MS
  const activity = days === null ? null : days >= inactiveDays ? 0 : 100 - Math.floor((100 * days) / inactiveDays)
  const isIdle = days !== null && days > idleAfter / DAY_MS
  const whole = weights.success + weights.performance + weights.activity
  const isKnown = success !== null && performance !== null && activity !== null
  const overall = isKnown
    ? Math.floor((success * weights.success + performance * weights.performance + activity * weights.activity) / whole)
    : null
  const recommendations: string[] = []
  if (success !== null && success < GOOD_SUCCESS)
    recommendations.push(
      `Look into its failures: ${errors} of ${operations} calls failed (group by error_type); retries, another model or a fallback may help`,
    )
  if (performance !== null && performance < GOOD_PERFORMANCE)
    recommendations.push(
      `Calls take ${Math.round(meanLatencyMs!)} ms in the mean: shorter prompts and answers, less reasoning, prompt caching, streaming or a faster model may help`,
    )
  if (isIdle)
    recommendations.push(
      `Not used for ${days} days: retire this ${kind}, its keys and its prompts, if nothing needs it`,
    )
  return {
    overall_score: overall,
    success_score: success,
    performance_score: performance,
    activity_score: activity,
    days_since_last_seen: days,
    is_idle: isIdle,
    recommendations,
  }
}

function performanceOf(mean: number, { good, poor }: HealthSettings['latency']): number {
  if (mean <= good) return 100
  if (mean >= poor) return 50
  return Math.floor(100 - ((mean - good) / (poor - good)) * 50)
}

/** Of everything together; null without operations. */
export function healthStatusOf(
  { operations, errors, meanLatencyMs }: Omit<HealthFacts, 'idleMs'>,
  { degraded, critical }: Pick<HealthSettings, 'degraded' | 'critical'>,
): HealthStatus | null {
  if (operations === 0) return null
  const exceeds = ({ errorRate, latency }: Limits) => errors / operations > errorRate || (meanLatencyMs ?? 0) > latency
  return exceeds(critical) ? 'critical' : exceeds(degraded) ? 'degraded' : 'healthy'
}
