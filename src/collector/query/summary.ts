/** `GET /api/v1/metrics/summary`: cost, performance and usage at a glance. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, ofCalls, questionOf, ratio, successRate } from './endpoint.js'
import { CURRENCY, ESTIMATED_HEAD, estimatedHeadOf, SHARE } from './head.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf } from './parameters.js'

const COST = measure('cost', 'cost_usd', 'sum')
const REQUESTS = measure('requests', 'calls', 'count')
const TOKENS = measure('tokens', 'total_tokens', 'sum')
const LATENCIES = [
  measure('avg_latency_ms', 'duration_ms', 'avg'),
  measure('p95_latency_ms', 'duration_ms', 'p95'),
] as const
const COLUMNS = columnsOf([COST, REQUESTS, TOKENS])

const MOST_PROVIDERS = 20

const SHARED = { cost: COLUMNS.cost, share: SHARE.describe('share of the total; null where either is not known') }

export const summary = endpoint({
  method: 'GET',
  path: '/metrics/summary',
  summary: 'Cost, performance and usage at a glance',
  parameters: z.strictObject({ ...RANGE_PARAMETERS, ...FILTER_PARAMETERS }),
  response: z.strictObject({
    ...ESTIMATED_HEAD,
    cost: z.strictObject({
      currency: CURRENCY,
      total_cost: COLUMNS.cost,
      cost_by_provider: z.array(z.strictObject({ provider: z.string(), ...SHARED })),
      top_models_by_cost: z.array(z.strictObject({ model: z.string(), ...SHARED })),
    }),
    performance: z
      .strictObject({ ...columnsOf(LATENCIES), success_rate: SHARE.describe('null where there are none') })
      .describe('of calls of a model where no operation is named'),
    usage: z.strictObject({
      total_requests: COLUMNS.requests,
      total_tokens: COLUMNS.tokens,
      requests_by_model: z.array(
        z.strictObject({ model: z.string(), requests: COLUMNS.requests, tokens: COLUMNS.tokens }),
      ),
    }),
  }),
  async answer(given, { apart, rows, now }) {
    const subject = subjectOf(given, now)
    const calls = subjectOf(ofCalls(given), now)
    const [{ total, by }, speed, busiest] = await Promise.all([
      apart(
        questionOf({
          ...subject,
          measures: [COST, REQUESTS, TOKENS],
          groupBy: ['provider', 'model'],
          limit: MOST_PROVIDERS,
        }),
      ),
      rows(
        questionOf({
          ...calls,
          measures: [...LATENCIES, measure('error_rate', 'error_rate', 'avg')],
        }),
      ),
      rows(questionOf({ ...subject, measures: [REQUESTS, COST, TOKENS], groupBy: ['model'], limit: 10 })),
    ])
    const { cost, requests, tokens } = total.rows[0]!
    const { error_rate, ...latencies } = speed.rows[0]!
    return {
      ...estimatedHeadOf(total),
      cost: {
        currency: CURRENCY.value,
        total_cost: cost,
        cost_by_provider: by.provider.rows.map((row) => ({
          provider: row.provider,
          cost: row.cost,
          share: ratio(row.cost, cost),
        })),
        top_models_by_cost: by.model.rows.slice(0, 5).map((row) => ({
          model: row.model,
          cost: row.cost,
          share: ratio(row.cost, cost),
        })),
      },
      performance: { ...latencies, success_rate: successRate(error_rate) },
      usage: {
        total_requests: requests,
        total_tokens: tokens,
        requests_by_model: busiest.rows.map(({ cost: _cost, ...row }) => row),
      },
    }
  },
})
