/** `GET /api/v1/metrics/conversations`: what conversations there were, and what they took. */
import * as z from 'zod'
import { columnsOf, endpoint, measure, questionOf, ratio } from './endpoint.js'
import { CURRENCY, HAS_MORE, HEAD, headOf } from './head.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'
import { LIMITS } from './question.js'

const TOTALS = [
  measure('message_count', 'calls', 'count'),
  measure('total_tokens', 'total_tokens', 'sum'),
  measure('total_cost', 'cost_usd', 'sum'),
] as const
const EACH = [
  ...TOTALS,
  measure('start_time', 'start_time', 'min'),
  measure('end_time', 'start_time', 'max'),
  measure('users', 'user_id', 'uniq'),
] as const
const mean = (what: string) => z.number().nullable().describe(`${what}; null where that is not known`)

export const conversations = endpoint({
  method: 'GET',
  path: '/metrics/conversations',
  summary: 'Conversations, the latest first: their messages, tokens, cost and times',
  table: 'conversations',
  parameters: z.strictObject({
    ...RANGE_PARAMETERS,
    ...FILTER_PARAMETERS,
    conversation_id: z.string().max(100).optional().describe('only this one, hashed as stored'),
    limit: wholeNumber(1, 1000, 100, 'most conversations'),
    offset: wholeNumber(0, LIMITS.offset, 0, 'conversations to leave out, the latest first'),
  }),
  response: z.strictObject({
    ...HEAD,
    currency: CURRENCY,
    total_conversations: z.int(),
    avg_messages_per_conversation: mean('mean number of calls of a model'),
    avg_tokens_per_conversation: mean('mean number of input and output tokens'),
    avg_cost_per_conversation: mean('mean known cost in US dollars'),
    conversations: z.array(
      z.strictObject({ conversation_id: z.string().describe('hashed as stored'), ...columnsOf(EACH) }),
    ),
    has_more: HAS_MORE,
  }),
  async answer({ conversation_id, limit, offset, ...given }, { ask, rows, now }) {
    const { range, filters } = subjectOf(given, now)
    // What belongs to no conversation is none.
    const one =
      conversation_id === undefined
        ? { dimension: 'conversation_id', operator: 'ne' as const, value: '' }
        : { dimension: 'conversation_id', operator: 'eq' as const, value: conversation_id }
    const subject = { range, filters: [...filters, one] }
    const [total, each] = await Promise.all([
      ask(questionOf({ ...subject, measures: [...TOTALS, measure('conversations', 'conversation_id', 'uniq')] })),
      rows(
        questionOf({
          ...subject,
          measures: EACH,
          groupBy: ['conversation_id'],
          order: { by: 'end_time', direction: 'desc' },
          limit,
          offset,
        }),
      ),
    ])
    const { conversations: count, message_count, total_tokens, total_cost } = total.rows[0]!
    return {
      ...headOf(total),
      currency: CURRENCY.value,
      total_conversations: count,
      avg_messages_per_conversation: ratio(message_count, count),
      avg_tokens_per_conversation: ratio(total_tokens, count),
      avg_cost_per_conversation: ratio(total_cost, count),
      conversations: each.rows,
      has_more: each.has_more,
    }
  },
})
