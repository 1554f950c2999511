/** `GET /api/v1/costs` and `/costs/breakdown`: what was spent, when, and on what. */
import * as z from 'zod'
import type { Answer } from './ask.js'
import { endpoint, headOf, measure, questionOf, ratio } from './endpoint.js'
import { COMMON_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'

const TOTAL = measure('total_cost', 'cost_usd', 'sum')
const CALLS = measure('request_count', 'calls', 'count')

export const costs = endpoint({
  method: 'GET',
  path: '/costs',
  summary: 'What was spent, in total and over time, in US dollars',
  table: 'time_series',
  parameters: z.strictObject(COMMON_PARAMETERS),
  async answer(given, asker) {
    const { granularity, ...subject } = subjectOf(given, asker.now)
    const measures = [
      TOTAL,
      CALLS,
      ...(['avg', 'min', 'max', 'p50'] as const).map((of) => measure(`${of}_cost_per_request`, 'cost_usd', of)),
    ]
    const [total, series] = await Promise.all([
      asker.ask(questionOf({ ...subject, measures })),
      asker.rows(questionOf({ ...subject, measures: [TOTAL, CALLS], interval: granularity })),
    ])
    const { p50_cost_per_request, ...rest } = total.rows[0]!
    return {
      ...headOf(total),
      currency: 'USD',
      ...rest,
      median_cost_per_request: p50_cost_per_request,
      granularity,
      time_series: series.rows,
    }
  },
})

const BREAKDOWNS = {
  by_model: 'model',
  by_provider: 'provider',
  by_service: 'service',
  by_agent: 'agent',
  by_operation: 'operation',
} as const

export const costsBreakdown = endpoint({
  method: 'GET',
  path: '/costs/breakdown',
  summary: 'What the money was spent on: by model, provider, service, agent, operation, user and time',
  table: 'by_model',
  parameters: z.strictObject({
    ...COMMON_PARAMETERS,
    limit: wholeNumber(1, 1000, 20, 'most rows of each breakdown, the dearest first'),
  }),
  async answer({ limit, ...given }, asker) {
    const { granularity, ...subject } = subjectOf(given, asker.now)
    const measures = [TOTAL, CALLS]
    const [{ total, by }, users, series] = await Promise.all([
      asker.apart(questionOf({ ...subject, measures, groupBy: Object.values(BREAKDOWNS), limit })),
      // No rollup tells users apart: these are read from the operations.
      asker.rows(questionOf({ ...subject, measures, groupBy: ['user_id'], limit })),
      asker.rows(questionOf({ ...subject, measures, interval: granularity })),
    ])
    const all = total.rows[0]!['total_cost']
    // Of everything that was asked about, not only of the rows that are shown.
    const share = (cost: unknown) => ratio(cost, all)
    const breakdown = (rows: Answer['rows'], dimension: string) =>
      rows.map(({ [dimension]: value, ...row }) => ({ dimension: value, ...row, share: share(row['total_cost']) }))
    return {
      ...headOf(total),
      currency: 'USD',
      total_cost: all,
      ...Object.fromEntries(
        Object.entries(BREAKDOWNS).map(([name, dimension]) => [name, breakdown(by[dimension]!.rows, dimension)]),
      ),
      by_user: breakdown(users.rows, 'user_id'),
      granularity,
      by_time: series.rows.map((row) => ({ ...row, share: share(row['total_cost']) })),
    }
  },
})
