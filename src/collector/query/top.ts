/** `GET /api/v1/top`: the first of anything, by anything. */
import * as z from 'zod'
import { dimensionOf } from './dimensions.js'
import { columnsOf, endpoint, measure, questionOf, ratio } from './endpoint.js'
import { ESTIMATED_HEAD, estimatedHeadOf, HAS_MORE, SHARE } from './head.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'

/** What may be first, and the numbers shown beside. */
const RANKINGS = {
  cost: measure('cost', 'cost_usd', 'sum'),
  tokens: measure('tokens', 'total_tokens', 'sum'),
  calls: measure('calls', 'calls', 'count'),
  errors: measure('errors', 'errors', 'count'),
  latency: measure('latency', 'duration_ms', 'p95'),
} as const
type Ranking = keyof typeof RANKINGS
const COLUMNS = columnsOf(Object.values(RANKINGS))
const RANKED_BY = z.enum(Object.keys(RANKINGS) as [Ranking, ...Ranking[]])
/** Of which a share of the whole can be told. */
const SHARED: readonly Ranking[] = ['cost', 'tokens', 'calls', 'errors']

export const top = endpoint({
  method: 'GET',
  path: '/top',
  summary: 'The first of any dimension by cost, tokens, calls, errors or latency (p95), with their share of the whole',
  table: 'rows',
  parameters: z.strictObject({
    ...RANGE_PARAMETERS,
    ...FILTER_PARAMETERS,
    dimension: z
      .string()
      .max(100)
      .default('model')
      .describe('first what: model, provider, service, agent, user_id, tag:<key>, …'),
    by: RANKED_BY.default('cost'),
    limit: wholeNumber(1, 1000, 10, 'how many'),
  }),
  response: z.strictObject({
    ...ESTIMATED_HEAD,
    dimension: z.string(),
    by: RANKED_BY,
    total: z.number().nullable().describe('of everything that was asked about, in the unit of what they are ranked by'),
    rows: z.array(
      z.strictObject({
        rank: z.int().describe('1 is the first'),
        value: z.string().describe('of the dimension; empty where it is not known'),
        ...COLUMNS,
        share: SHARE.describe('share of the total; null of latencies, and where either is not known'),
      }),
    ),
    has_more: HAS_MORE,
  }),
  async answer({ dimension, by, limit, ...given }, { apart, now }) {
    dimensionOf('dimension', dimension)
    const { range, filters } = subjectOf(given, now)
    const first = RANKINGS[by]
    const measures = [first, ...Object.values(RANKINGS).filter((one) => one !== first)]
    const { total, by: lists } = await apart(questionOf({ range, filters, measures, groupBy: [dimension], limit }))
    const ranked = lists[dimension]!
    const whole = SHARED.includes(by) ? total.rows[0]![by] : null
    return {
      ...estimatedHeadOf(total),
      dimension,
      by,
      total: total.rows[0]![by],
      rows: ranked.rows.map((row, index) => {
        const { [dimension]: value, ...numbers } = row
        return { rank: index + 1, value: String(value), ...(numbers as typeof row), share: ratio(row[by], whole) }
      }),
      has_more: ranked.has_more,
    }
  },
})
