/** `GET /api/v1/costs` and `/costs/breakdown`: what was spent, when, and on what. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, questionOf, ratio } from './endpoint.js'
import { CURRENCY, ESTIMATED_HEAD, estimatedHeadOf, GRANULARITY, HEAD, headOf, MOMENT, SHARE } from './head.js'
import { COMMON_PARAMETERS, seriesOf, wholeNumber } from './parameters.js'

const MEASURES = [measure('total_cost', 'cost_usd', 'sum'), measure('request_count', 'calls', 'count')] as const
const EACH = [
  measure('avg_cost_per_request', 'cost_usd', 'avg'),
  measure('min_cost_per_request', 'cost_usd', 'min'),
  measure('max_cost_per_request', 'cost_usd', 'max'),
  measure('median_cost_per_request', 'cost_usd', 'p50'),
] as const
const COLUMNS = columnsOf(MEASURES)

export const costs = endpoint({
  method: 'GET',
  path: '/costs',
  summary: 'What was spent, in total and over time, in US dollars',
  table: 'time_series',
  parameters: z.strictObject(COMMON_PARAMETERS),
  response: z.strictObject({
    ...ESTIMATED_HEAD,
    currency: CURRENCY,
    ...COLUMNS,
    ...columnsOf(EACH),
    granularity: GRANULARITY,
    time_series: z.array(z.strictObject({ time: MOMENT, ...COLUMNS })),
  }),
  async answer(given, asker) {
    const { granularity, ...subject } = seriesOf(given, asker)
    const [total, series] = await Promise.all([
      asker.ask(questionOf({ ...subject, measures: [...MEASURES, ...EACH] })),
      asker.rows(questionOf({ ...subject, measures: MEASURES, interval: granularity })),
    ])
    return {
      ...estimatedHeadOf(total),
      currency: CURRENCY.value,
      ...total.rows[0]!,
      granularity,
      time_series: series.rows,
    }
  },
})

const BY = ['model', 'provider', 'service', 'agent', 'operation'] as const

const BREAKDOWN = z.array(
  z.strictObject({
    dimension: z.string().describe('its value; empty where it is not known'),
    ...COLUMNS,
    share: SHARE.describe('share of the total; null where either is not known'),
  }),
)

export const costsBreakdown = endpoint({
  method: 'GET',
  path: '/costs/breakdown',
  summary: 'What the money was spent on: by model, provider, service, agent, operation, user and time',
  table: 'by_model',
  parameters: z.strictObject({
    ...COMMON_PARAMETERS,
    limit: wholeNumber(1, 1000, 20, 'most rows of each breakdown, the dearest first'),
  }),
  response: z.strictObject({
    ...HEAD,
    currency: CURRENCY,
    total_cost: COLUMNS.total_cost,
    by_model: BREAKDOWN,
    by_provider: BREAKDOWN,
    by_service: BREAKDOWN,
    by_agent: BREAKDOWN,
    by_operation: BREAKDOWN,
    by_user: BREAKDOWN.describe('users are hashed as stored'),
    granularity: GRANULARITY,
    by_time: z.array(z.strictObject({ time: MOMENT, ...COLUMNS, share: SHARE })),
  }),
  async answer({ limit, ...given }, asker) {
    const { granularity, ...subject } = seriesOf(given, asker)
    const [{ total, by }, users, series] = await Promise.all([
      asker.apart(questionOf({ ...subject, measures: MEASURES, groupBy: BY, limit })),
      // No rollup tells users apart: these are read from the operations.
      asker.rows(questionOf({ ...subject, measures: MEASURES, groupBy: ['user_id'], limit })),
      asker.rows(questionOf({ ...subject, measures: MEASURES, interval: granularity })),
    ])
    const all = total.rows[0]!.total_cost
    // Of everything that was asked about, not only of the rows that are shown.
    const shared = <Row extends { readonly total_cost: number | null }>(row: Row) => ({
      ...row,
      share: ratio(row.total_cost, all),
    })
    return {
      ...headOf(total),
      currency: CURRENCY.value,
      total_cost: all,
      by_model: by.model.rows.map(({ model, ...row }) => shared({ dimension: model, ...row })),
      by_provider: by.provider.rows.map(({ provider, ...row }) => shared({ dimension: provider, ...row })),
      by_service: by.service.rows.map(({ service, ...row }) => shared({ dimension: service, ...row })),
      by_agent: by.agent.rows.map(({ agent, ...row }) => shared({ dimension: agent, ...row })),
      by_operation: by.operation.rows.map(({ operation, ...row }) => shared({ dimension: operation, ...row })),
      by_user: users.rows.map(({ user_id, ...row }) => shared({ dimension: user_id, ...row })),
      granularity,
      by_time: series.rows.map(shared),
    }
  },
})
