/** `GET /api/v1/tokens`: what tokens were used, of which type, and by whom. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, questionOf, ratio } from './endpoint.js'
import { CURRENCY, HEAD, headOf, SHARE } from './head.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'

/** Cached ones are part of the input, reasoning ones of the output: only these two add up to the total. */
const TYPES = [
  measure('input', 'input_tokens', 'sum'),
  measure('output', 'output_tokens', 'sum'),
  measure('cache_read', 'cache_read_tokens', 'sum'),
  measure('cache_write', 'cache_write_tokens', 'sum'),
  measure('reasoning', 'reasoning_tokens', 'sum'),
] as const
const TOTAL = measure('total_tokens', 'total_tokens', 'sum')
const COST = measure('cost', 'cost_usd', 'sum')
const CALLS = measure('request_count', 'calls', 'count')
const MEASURES = [TOTAL, ...TYPES, COST, CALLS] as const
const COLUMNS = columnsOf(MEASURES)

const BY = ['model', 'agent', 'workflow', 'service'] as const

const listBy = <Dimension extends (typeof BY)[number]>(dimension: Dimension) =>
  z.array(
    z.strictObject({
      ...({ [dimension]: z.string() } as { [Name in Dimension]: z.ZodString }),
      ...COLUMNS,
      share: SHARE.describe('share of all tokens; null where either is not known'),
    }),
  )

export const tokens = endpoint({
  method: 'GET',
  path: '/tokens',
  summary: 'Tokens used, by type, model, agent, workflow and service, and what they cost',
  table: 'by_model',
  parameters: z.strictObject({
    ...RANGE_PARAMETERS,
    ...FILTER_PARAMETERS,
    limit: wholeNumber(1, 1000, 20, 'most rows of each list, the ones with most tokens first'),
  }),
  response: z.strictObject({
    ...HEAD,
    total_tokens: COLUMNS.total_tokens,
    by_token_type: z
      .strictObject(columnsOf(TYPES))
      .describe('input and output add up to the total: what was cached is input, reasoning is output'),
    avg_tokens_per_request: COLUMNS.total_tokens.describe('mean of the calls of a model; null where that is not known'),
    request_count: COLUMNS.request_count,
    currency: CURRENCY,
    estimated_cost: COLUMNS.cost,
    by_model: listBy('model'),
    by_agent: listBy('agent'),
    by_workflow: listBy('workflow'),
    by_service: listBy('service'),
  }),
  async answer({ limit, ...given }, { apart, now }) {
    const { range, filters } = subjectOf(given, now)
    // One more than wanted, in the place of what belongs to nobody.
    const { total, by } = await apart(questionOf({ range, filters, measures: MEASURES, groupBy: BY, limit: limit + 1 }))
    const { total_tokens, cost, request_count, ...types } = total.rows[0]!
    const shared = <Row extends { readonly total_tokens: number | null }>(rows: readonly Row[]) =>
      rows.slice(0, limit).map((row) => ({ ...row, share: ratio(row.total_tokens, total_tokens) }))
    return {
      ...headOf(total),
      total_tokens,
      by_token_type: types,
      avg_tokens_per_request: ratio(total_tokens, request_count),
      request_count,
      currency: CURRENCY.value,
      estimated_cost: cost,
      by_model: shared(by.model.rows),
      // What has no agent or workflow is none of them.
      by_agent: shared(by.agent.rows.filter(({ agent }) => agent !== '')),
      by_workflow: shared(by.workflow.rows.filter(({ workflow }) => workflow !== '')),
      by_service: shared(by.service.rows),
    }
  },
})
