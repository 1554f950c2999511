/** `GET /api/v1/tokens`: what tokens were used, of which type, and by whom. */
import * as z from 'zod'
import { endpoint, headOf, measure, questionOf, ratio } from './endpoint.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'

/** Cached ones are part of the input, reasoning ones of the output: only these two add up to the total. */
const TYPES = [
  measure('input', 'input_tokens', 'sum'),
  measure('output', 'output_tokens', 'sum'),
  measure('cache_read', 'cache_read_tokens', 'sum'),
  measure('cache_write', 'cache_write_tokens', 'sum'),
  measure('reasoning', 'reasoning_tokens', 'sum'),
]
const TOTAL = measure('total_tokens', 'total_tokens', 'sum')
const COST = measure('cost', 'cost_usd', 'sum')
const CALLS = measure('request_count', 'calls', 'count')

const BY = { by_model: 'model', by_agent: 'agent', by_workflow: 'workflow', by_service: 'service' } as const

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
  async answer({ limit, ...given }, { apart, now }) {
    const { range, filters } = subjectOf(given, now)
    const measures = [TOTAL, ...TYPES, COST, CALLS]
    // One more than wanted, in the place of what belongs to nobody.
    const { total, by } = await apart(
      questionOf({ range, filters, measures, groupBy: Object.values(BY), limit: limit + 1 }),
    )
    const { total_tokens, cost, request_count, ...types } = total.rows[0]!
    const lists = Object.entries(BY).map(([name, dimension]) => {
      // What has no agent or workflow is none of them.
      const isNamed = (row: (typeof total.rows)[number]) =>
        !(dimension === 'agent' || dimension === 'workflow') || row[dimension] !== ''
      const rows = by[dimension]!.rows.filter(isNamed).slice(0, limit)
      return [name, rows.map((row) => ({ ...row, share: ratio(row['total_tokens'], total_tokens) }))]
    })
    return {
      ...headOf(total),
      total_tokens,
      by_token_type: types,
      avg_tokens_per_request: ratio(total_tokens, request_count),
      request_count,
      currency: 'USD',
      estimated_cost: cost,
      ...Object.fromEntries(lists),
    }
  },
})
