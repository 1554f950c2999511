/** Alerts and rules in the words of answers. The schemas are those of the OpenAPI document. */
import * as z from 'zod'
import { formatDuration } from '../config/quantity.js'
import type { Told } from '../query/endpoint.js'
import { MOMENT, WINDOW } from '../query/head.js'
import { AGGREGATIONS } from '../query/measures.js'
import { FILTER_OPERATORS, HAVING_OPERATORS } from '../query/question.js'
import type { Alert } from './alert.js'
import { RULE_KINDS, SEVERITIES } from './options.js'
import type { Rule } from './rule.js'
import { BURN_WINDOWS } from './rule-kinds.js'

export const PHASES = ['pending', 'firing', 'resolved'] as const

const labels = z.record(z.string(), z.string())
const known = (description: string) => z.number().nullable().describe(`${description}; null where nothing is known`)
const duration = z.string().describe('such as 5m')

export const ALERT = z.strictObject({
  rule: z.string(),
  state: z.enum(PHASES),
  severity: z.enum(SEVERITIES),
  labels: labels.describe('of the rule and of the group'),
  since: MOMENT.describe('when it came to be in this state'),
  started_at: MOMENT.nullable().describe('when it fired; null where it has not'),
  value: known('what was compared'),
  threshold: known('with what'),
  is_unknown: z.boolean().describe('what was seen last could not be told: it stays as it was'),
  summary: z.string(),
  annotations: labels,
})

const RULE = z.strictObject({
  name: z.string(),
  kind: z.enum([...RULE_KINDS, 'custom']),
  severity: z.enum(SEVERITIES),
  labels,
  for: duration,
  keep_firing: duration,
  cooldown: duration,
  filters: z.array(
    z.strictObject({
      dimension: z.string(),
      operator: z.enum(FILTER_OPERATORS),
      value: z.union([z.string(), z.array(z.string())]),
    }),
  ),
  group_by: z.array(z.string()),
  max_alerts: z.int(),
  field: z.string().optional(),
  aggregation: z.enum(AGGREGATIONS).optional(),
  operator: z.enum(HAVING_OPERATORS).optional(),
  threshold: z.number().optional(),
  clear: z.number().optional().describe('a firing alert is over past this threshold'),
  window: duration.optional(),
  lookback: duration.optional(),
  min_operations: z.int().optional(),
  budget: z.string().optional(),
  objective: z.number().optional().describe('share of operations that are not to fail'),
  windows: z
    .array(z.strictObject({ long: duration, short: duration, factor: z.number() }))
    .optional()
    .describe('of a burn rate: both are beyond the factor where it fires'),
  summary: z.string().optional(),
})

export const ALERTS = z.strictObject({
  window: WINDOW.describe('the moment of the answer'),
  evaluating: z.boolean().describe('whether this collector is the one of those on its store that looks at the rules'),
  evaluated_to: MOMENT.nullable().describe('the end of the windows that were looked at last; null before'),
  alerts: z.array(ALERT).describe('the most urgent first'),
})

export const RULES = z.strictObject({
  window: WINDOW.describe('the moment of the answer'),
  rules: z.array(
    RULE.extend({ failure: z.string().nullable().describe('why it could not be evaluated; null where it could') }),
  ),
})

/** An alert as it is answered. */
export function shownAlert(alert: Alert): Told<z.output<typeof ALERT>> {
  const { rule, severity, labels, course, value, threshold, summary, annotations, startedAt } = alert
  return {
    rule,
    state: course.phase,
    severity,
    labels,
    since: new Date(course.since).toISOString(),
    started_at: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    value,
    threshold,
    is_unknown: course.last === 'unknown',
    summary,
    annotations,
  }
}

/** A rule as it is answered. */
export function shownRule({ name, kind, options, timing }: Rule): Told<z.output<typeof RULE>> {
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
    windows: pairs?.map(({ long, short, factor }) => ({
      long: formatDuration(long),
      short: formatDuration(short),
      factor,
    })),
    summary,
  }
}
