/** Since when and until when entities are known: of the rollups, which outlast the operations themselves by years. */
import type { Asker } from './asker.js'
import { dimensionOf } from './dimensions.js'
import { conditionsOf, type Filter } from './question.js'
import { fromRollups } from './sources.js'

const DAY_MS = 86_400_000

/** Epoch milliseconds. */
export type Seen = {
  /** The start of the day of the first operation. */
  readonly first: number
  /** The start of the minute of the last operation; of its hour where that was more than two days ago, of its day where it was more than a month ago. */
  readonly last: number
}

/** Most entities told apart. */
const ENTITIES = 10_000

/**
 * Of every entity of a dimension of the rollups that any tier still knows; the one that is seen last first. The empty name is of what is unknown.
 * @param filters of dimensions of the rollups
 */
export async function seenOf(
  { query, table, now }: Asker,
  name: string,
  filters: readonly Filter[],
): Promise<Map<string, Seen>> {
  const dimension = dimensionOf('by', name)
  const bound: { [parameter: string]: string | number | readonly string[] } = {}
  const where = conditionsOf(filters, bound).map(({ sql }) => sql)
  // Narrow windows only of late: of these there are many.
  const segments = [
    { tier: '1d' as const, start: 0, end: now },
    { tier: '1h' as const, start: now - 31 * DAY_MS, end: now },
    { tier: '1m' as const, start: now - 2 * DAY_MS, end: now },
  ]
  const moment = (of: 'min' | 'max') => `toUnixTimestamp64Milli(toDateTime64(${of}(time), 3, 'UTC'))`
  const rows = await query<{ entity: string; first: number; last: number }>(
    `SELECT toString(${dimension.sql}) AS entity, ${moment('min')} AS first, ${moment('max')} AS last
FROM (\n${fromRollups(table, segments, dimension.columns, where)}\n)
GROUP BY entity ORDER BY last DESC, entity LIMIT ${ENTITIES}`,
    bound,
  )
  return new Map(rows.map(({ entity, first, last }) => [entity, { first: Number(first), last: Number(last) }]))
}
