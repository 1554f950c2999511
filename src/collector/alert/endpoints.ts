/** `GET /api/v1/alerts` and `/alerts/rules`: what is pending, firing or lately resolved, and by which rules. */
import * as z from 'zod'
import { formatDuration } from '../config/quantity.js'
import { type Endpoint, endpoint } from '../query/endpoint.js'
import type { Alert } from './alert.js'
import type { Alerting } from './alerting.js'
import { SEVERITIES } from './options.js'
import type { Rule } from './rule.js'
import { BURN_WINDOWS } from './rule-kinds.js'

const PHASES = ['pending', 'firing', 'resolved'] as const
/** What they tell is of now. */
const windowAt = (now: number) => {
  const time = new Date(now).toISOString()
  return { start_time: time, end_time: time }
}

export function alertEndpoints(alerting: Pick<Alerting, 'snapshot' | 'rules'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/alerts',
      summary:
        'Alerts that are pending, firing, or were resolved in the last quarter of an hour; earlier ones: /notices',
      table: 'alerts',
      isFresh: true,
      parameters: z.strictObject({
        state: z.enum(PHASES).optional().describe('only of this state'),
        severity: z.enum(SEVERITIES).optional().describe('only of this severity'),
        rule: z.string().max(100).optional().describe('only of this rule'),
      }),
      async answer({ state, severity, rule }, { now }) {
        const { alerts, isEvaluating, evaluatedTo } = await alerting.snapshot()
        const wanted = alerts.filter(
          (one) =>
            (state ?? one.course.phase) === one.course.phase &&
            (severity ?? one.severity) === one.severity &&
            (rule ?? one.rule) === one.rule,
        )
        return {
          window: windowAt(now),
          evaluating: isEvaluating,
          evaluated_to: evaluatedTo === undefined ? null : new Date(evaluatedTo).toISOString(),
          alerts: wanted.sort(byUrgency).map(shownAlert),
        }
      },
    }),
    endpoint({
      method: 'GET',
      path: '/alerts/rules',
      summary: 'The rules that are evaluated, and why one could not be, where it could not',
      table: 'rules',
      isFresh: true,
      parameters: z.strictObject({}),
      answer: async (_, { now }) => ({
        window: windowAt(now),
        rules: alerting.rules().map(({ rule, failure }) => ({ ...shownRule(rule), failure: failure ?? null })),
      }),
    }),
  ]
}

function byUrgency(one: Alert, other: Alert): number {
  const rank = ({ course: { phase }, severity }: Alert) =>
    (phase === 'firing' ? 0 : phase === 'pending' ? 10 : 20) + SEVERITIES.indexOf(severity)
  return rank(one) - rank(other) || other.course.since - one.course.since
}

/** An alert as it is answered. */
export function shownAlert({
  rule,
  severity,
  labels,
  course,
  value,
  threshold,
  summary,
  annotations,
  startedAt,
}: Alert) {
  return {
    rule,
    state: course.phase,
    severity,
    labels,
    since: new Date(course.since).toISOString(),
    started_at: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    value,
    threshold,
    /** What was seen last could not be told: it stays as it was. */
    is_unknown: course.last === 'unknown',
    summary,
    annotations,
  }
}

/** A rule as it is answered. */
export function shownRule({ name, kind, options, timing }: Rule) {
  const { severity, labels, filters, groupBy, field, aggregation, operator, threshold, clear, budget, objective } =
    options
  const { window, lookback, minOperations, windows, maxAlerts, summary } = options
  const text = (ms: number | undefined) => (ms === undefined ? undefined : formatDuration(ms))
  const pairs = kind === 'burn_rate' ? (windows ?? BURN_WINDOWS) : undefined
  return {
    name,
    kind,
    severity,
    labels,
    for: formatDuration(timing.forMs),
    keep_firing: formatDuration(timing.keepFiringMs),
    cooldown: formatDuration(timing.cooldownMs),
    filters,
    group_by: groupBy,
    max_alerts: maxAlerts,
    field,
    aggregation,
    operator,
    threshold,
    clear,
    window: text(window),
    lookback: text(lookback),
    min_operations: minOperations,
    budget,
    objective,
    windows: pairs?.map(({ long, short, factor }) => ({ long: text(long), short: text(short), factor })),
    summary,
  }
}
