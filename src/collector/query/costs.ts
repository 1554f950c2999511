/** `GET /api/v1/costs` and `/costs/breakdown`: what was spent, when, and on what. */
import * as z from 'zod'
import { type Asker, endpoint, headOf, measure, questionOf, ratio } from './endpoint.js'
import { COMMON_PARAMETERS, type Subject, subjectOf, wholeNumber } from './parameters.js'

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
      asker.ask(questionOf({ ...subject, measures: [TOTAL, CALLS], interval: granularity })),
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
  by_user: 'user_id',
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
    const total = await asker.ask(questionOf({ ...subject, measures: [TOTAL] }))
    const all = total.rows[0]!['total_cost']
    const share = (cost: unknown) => ratio(cost, all)
    const breakdowns = Object.entries(BREAKDOWNS).map(async ([name, dimension]) => [
      name,
      await breakdown(asker, subject, dimension, limit, share),
    ])
    const series = await asker.ask(questionOf({ ...subject, measures: [TOTAL, CALLS], interval: granularity }))
    return {
      ...headOf(total),
      currency: 'USD',
      total_cost: all,
      ...Object.fromEntries(await Promise.all(breakdowns)),
      granularity,
      by_time: series.rows.map((row) => ({ ...row, share: share(row['total_cost']) })),
    }
  },
})

/** `share`: of the total of everything that was asked about, not only of the rows that are shown. */
async function breakdown(
  asker: Asker,
  subject: Omit<Subject, 'granularity'>,
  dimension: string,
  limit: number,
  share: (cost: unknown) => number | null,
) {
  const { rows } = await asker.ask(questionOf({ ...subject, measures: [TOTAL, CALLS], groupBy: [dimension], limit }))
  return rows.map(({ [dimension]: value, ...row }) => ({ dimension: value, ...row, share: share(row['total_cost']) }))
}
