/** `GET /api/v1/operations`: the operations themselves, the latest first, page by page. */
import * as z from 'zod'
import { type OperationRow, ROW_SELECT, toOperation } from '../store/rows.js'
import { coverageIn } from './coverage.js'
import { type Asker, endpoint } from './endpoint.js'
import { COVERAGE, WINDOW, windowOf } from './head.js'
import { InvalidQuestion } from './invalid-question.js'
import { OPERATION } from './operation-answer.js'
import { FILTER_PARAMETERS, RANGE_PARAMETERS, subjectOf, wholeNumber } from './parameters.js'
import { conditionsOf, type Filter } from './question.js'
import { type Condition, fromRaw, fromRollups, within } from './sources.js'
import { coverOf } from './tier-cover.js'
import { type TimeRange, windowEnd, windowStart } from './time-range.js'

/** Where a page ended: by time and id, so that what arrives meanwhile moves no page. */
type Cursor = { readonly microseconds: number; readonly id: string }

const ID_LIMIT = 1000
const more = z.string().max(ID_LIMIT).optional()

export const operations = endpoint({
  method: 'GET',
  path: '/operations',
  summary: 'The operations themselves, the latest first, page by page',
  table: 'operations',
  parameters: z.strictObject({
    ...RANGE_PARAMETERS,
    ...FILTER_PARAMETERS,
    conversation_id: more.describe('only of this conversation, hashed as stored'),
    error_type: more.describe('only with this error.type'),
    failed: z.enum(['true', 'false']).optional().describe('only those that failed, or only those that did not'),
    limit: wholeNumber(1, 1000, 100, 'most operations of a page'),
    cursor: z
      .string()
      .max(2 * ID_LIMIT)
      .optional()
      .describe('next_cursor of the page before'),
  }),
  response: z.strictObject({
    window: WINDOW.describe('what was asked for'),
    coverage: COVERAGE.describe('of all pages; of calls too of which only sums are kept'),
    operations: z.array(OPERATION),
    next_cursor: z.string().nullable().describe('where the next page begins; null after the last one'),
  }),
  async answer({ conversation_id, error_type, failed, limit, cursor, ...given }, asker) {
    const { query, table, now } = asker
    const { range, filters } = subjectOf(given, now)
    const bound: { [name: string]: string | number | readonly string[] } = {}
    const conditions = conditionsOf([...filters, ...filtersOf({ conversation_id, error_type, failed })], bound)
    const where = [within('start_time', range), ...conditions.map(({ sql }) => sql)]
    const chosen = { ...bound }
    if (cursor !== undefined) {
      const { microseconds, id } = readCursor(cursor)
      bound['microseconds'] = microseconds
      bound['id'] = id
      where.push("(start_time, id) < (fromUnixTimestamp64Micro({microseconds:Int64}, 'UTC'), {id:String})")
    }
    const [rows, coverage] = await Promise.all([
      query<OperationRow>(
        `SELECT ${ROW_SELECT} FROM ${table('operations')} WHERE ${where.join(' AND ')}
ORDER BY start_time DESC, id DESC LIMIT ${limit + 1}`,
        bound,
      ),
      // Of all pages together.
      coverageIn(asker, rowsIn(asker, range, conditions), chosen),
    ])
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    return {
      window: windowOf(range),
      coverage,
      operations: page.map(toOperation),
      next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null,
    }
  },
})

/** Those of the very range, each read where that is cheapest: whole minutes as rollups, where there are, what is left as operations. */
function rowsIn(asker: Asker, range: TimeRange, conditions: readonly Condition[]) {
  const raw = (part: TimeRange) => (columns: readonly string[]) => fromRaw(asker, part, columns, conditions)
  const whole = { start: windowEnd(range.start, '1m'), end: windowStart(range.end, '1m') }
  if (whole.start >= whole.end || conditions.some(({ dimension }) => dimension.isRaw)) return raw(range)
  const cover = coverOf(whole, '1d', asker.kept, asker.now)
  if (cover.range.start !== whole.start || cover.range.end !== whole.end) return raw(range)
  const ends = [raw({ start: range.start, end: whole.start }), raw({ start: whole.end, end: range.end })]
  return (columns: readonly string[]) =>
    [fromRollups(asker, cover.segments, columns, conditions), ...ends.map((end) => end(columns))].join('\nUNION ALL\n')
}

function filtersOf({
  conversation_id,
  error_type,
  failed,
}: {
  conversation_id?: string | undefined
  error_type?: string | undefined
  failed?: 'true' | 'false' | undefined
}): Filter[] {
  const filters: Filter[] = []
  if (conversation_id !== undefined)
    filters.push({ dimension: 'conversation_id', operator: 'eq', value: conversation_id })
  if (error_type !== undefined) filters.push({ dimension: 'error_type', operator: 'eq', value: error_type })
  if (failed !== undefined)
    filters.push({ dimension: 'error_type', operator: failed === 'true' ? 'ne' : 'eq', value: '' })
  return filters
}

function cursorOf(row: OperationRow): string {
  return Buffer.from(JSON.stringify([Number(row['start_microseconds']), row['id']])).toString('base64url')
}

function readCursor(text: string): Cursor {
  try {
    const [microseconds, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [unknown, unknown]
    if (Number.isSafeInteger(microseconds) && typeof id === 'string')
      return { microseconds: microseconds as number, id }
  } catch {
    // Told below.
  }
  throw new InvalidQuestion('cursor', 'is none: give next_cursor of the page before, as it was')
}
