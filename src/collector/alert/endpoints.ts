/** `GET /api/v1/alerts` and `/alerts/rules`: what is pending, firing or lately resolved, and by which rules. */
import * as z from 'zod'
import { type Endpoint, endpoint } from '../query/endpoint.js'
import { windowOf } from '../query/head.js'
import type { Alert } from './alert.js'
import type { Alerting } from './alerting.js'
import { ALERTS, PHASES, RULES, shownAlert, shownRule } from './answer.js'
import { SEVERITIES } from './options.js'

/** What they tell is of now. */
const windowAt = (now: number) => windowOf({ start: now, end: now })

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
      response: ALERTS,
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
      response: RULES,
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
