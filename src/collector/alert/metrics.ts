/** What the collector measures of its alerts: rows of the table of its metrics of itself. */
import { type Observation, rowsOf, type SelfMetric } from '../self-metric.js'

const { counter, gauge } = rowsOf('alerts')

export const ALERT_METRICS: readonly SelfMetric[] = [
  gauge('alert.rules', '{rule}', 'Rules that are evaluated.', ({ rules }) => [[rules]]),
  gauge('alert.failing_rules', '{rule}', 'Rules that could not be evaluated at the last look.', ({ failingRules }) => [
    [failingRules],
  ]),
  gauge('alert.alerts', '{alert}', 'Alerts, by state.', ({ byPhase }) =>
    Object.entries(byPhase).map(([state, count]): Observation => [count, { state }]),
  ),
  counter('alert.evaluations', '{evaluation}', 'Looks at all rules.', ({ evaluations }) => [[evaluations]]),
  counter('alert.failures', '{failure}', 'Rules that could not be evaluated, once for each look.', ({ failures }) => [
    [failures],
  ]),
  counter('alert.overflow', '{alert}', 'Alerts not begun since their rule had as many as it may.', ({ overflowed }) => [
    [overflowed],
  ]),
  counter('alert.evaluation_time', 's', 'Time that evaluating took.', ({ tookMs }) => [[tookMs / 1000]]),
  gauge('alert.last_evaluation_duration', 's', 'Time that the last look at all rules took.', ({ lastTookMs }) => [
    [lastTookMs / 1000],
  ]),
  counter(
    'alert.notifications',
    '{notification}',
    'Notifications by channel and outcome: delivered, rejected for good, dropped; failed are attempts that were made again.',
    ({ channels }) =>
      Object.entries(channels).flatMap(([channel, { waiting: _, ...outcomes }]) =>
        Object.entries(outcomes).map(([outcome, count]): Observation => [count, { channel, outcome }]),
      ),
  ),
  gauge('alert.queue_size', '{notification}', 'Notifications that wait, by channel.', ({ channels }) =>
    Object.entries(channels).map(([channel, { waiting }]): Observation => [waiting, { channel }]),
  ),
]
