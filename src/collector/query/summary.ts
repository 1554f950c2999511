/** `GET /api/v1/metrics/summary`: cost, performance and usage at a glance. */
import * as z from 'zod'
import { endpoint, headOf, measure, ofCalls, questionOf, ratio, successRate } from './endpoint.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf } from './parameters.js'

const COST = measure('cost', 'cost_usd', 'sum')
const REQUESTS = measure('requests', 'calls', 'count')
const TOKENS = measure('tokens', 'total_tokens', 'sum')

const MOST_PROVIDERS = 20

export const summary = endpoint({
  method: 'GET',
  path: '/metrics/summary',
  summary: 'Cost, performance and usage at a glance',
  table: 'summary',
  parameters: z.strictObject({ ...RANGE_PARAMETERS, ...FILTER_PARAMETERS }),
  async answer(given, { apart, rows, now }) {
    const { granularity: _, ...subject } = subjectOf(given, now)
    const { granularity: __, ...calls } = subjectOf(ofCalls(given), now)
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
          measures: [
            measure('avg_latency_ms', 'duration_ms', 'avg'),
            measure('p95_latency_ms', 'duration_ms', 'p95'),
            measure('error_rate', 'error_rate', 'avg'),
          ],
        }),
      ),
      rows(questionOf({ ...subject, measures: [REQUESTS, COST, TOKENS], groupBy: ['model'], limit: 10 })),
    ])
    const { cost, requests, tokens } = total.rows[0]!
    const { error_rate, ...latencies } = speed.rows[0]!
    return {
      ...headOf({ ...total, percentile_error: speed.percentile_error! }),
      cost: {
        currency: 'USD',
        total_cost: cost,
        cost_by_provider: by['provider']!.rows.map((row) => ({
          provider: row['provider'],
          cost: row['cost'],
          share: ratio(row['cost'], cost),
        })),
        top_models_by_cost: by['model']!.rows.slice(0, 5).map((row) => ({
          model: row['model'],
          cost: row['cost'],
          share: ratio(row['cost'], cost),
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
