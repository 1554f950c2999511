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
 * Of every entity of each dimension that any tier still knows, the one that is seen last first. The empty name is of what is unknown.
 * @param names of dimensions of the rollups, as those of the filters
 */
export async function seenOf<Name extends string>(
  { query, table, now }: Asker,
  names: readonly Name[],
  filters: readonly Filter[],
): Promise<{ readonly [name in Name]: ReadonlyMap<string, Seen> }> {
  const dimensions = names.map((name) => dimensionOf('by', name))
  const bound: { [parameter: string]: string | number | readonly string[] } = {}
  const where = conditionsOf(filters, bound).map(({ sql }) => sql)
  // Narrow windows only of late: of these there are many.
  const segments = [
    { tier: '1d' as const, start: 0, end: now },
    { tier: '1h' as const, start: now - 31 * DAY_MS, end: now },
    { tier: '1m' as const, start: now - 2 * DAY_MS, end: now },
  ]
  const columns = [...new Set(dimensions.flatMap((dimension) => dimension.columns))]
  const moment = (of: 'min' | 'max') => `toUnixTimestamp64Milli(toDateTime64(${of}(time), 3, 'UTC'))`
  const rows = await query<{ name: Name; entity: string; first: number; last: number }>(
    `SELECT pair.1 AS name, pair.2 AS entity, ${moment('min')} AS first, ${moment('max')} AS last
FROM (\n${fromRollups(table, segments, columns, where)}\n)
ARRAY JOIN [${dimensions.map(({ name, sql }) => `('${name}', toString(${sql}))`).join(', ')}] AS pair
GROUP BY name, entity ORDER BY last DESC, entity LIMIT ${ENTITIES} BY name`,
    bound,
  )
  const seen = new Map(names.map((name) => [name, new Map<string, Seen>()]))
  for (const { name, entity, first, last } of rows)
    seen.get(name)!.set(entity, { first: Number(first), last: Number(last) })
  return Object.fromEntries(seen) as { [name in Name]: Map<string, Seen> }
}
