/** Where the rows of a question come from, as SQL: rollups of some tiers, or raw operations looked at as rollups of one. */
import { bucketSql } from '../store/histogram.js'
import { MEASURES } from '../store/rollups.js'
import type { Segment } from './tier-cover.js'
import type { TimeRange } from './time-range.js'

/** The name of a table in SQL: `operations`, or `operations_1m`, `_5m`, `_1h`, `_1d`. */
export type TableName = (name: string) => string

/** What a raw operation has for a column of the rollups. */
const OF_ONE: ReadonlyMap<string, string> = new Map([
  ['operations', 'toUInt64(1)'],
  ['errors', "toUInt64(error_type != '')"],
  ...MEASURES.flatMap(({ column, sumType }): [string, string][] => [
    [`${column}_known`, `toUInt64(isNotNull(${column}))`],
    [`${column}_sum`, `to${sumType}(ifNull(${column}, 0))`],
    [`${column}_min`, column],
    [`${column}_max`, column],
    [
      `${column}_histogram`,
      `if(isNull(${column}), CAST(map(), 'Map(Int16, UInt64)'), map(assumeNotNull(${bucketSql(column)}), toUInt64(1)))`,
    ],
  ]),
])

function timeSql(milliseconds: number): string {
  return `fromUnixTimestamp64Milli(toInt64(${Math.round(milliseconds)}), 'UTC')`
}

/** A condition on times: those in a range. */
export const within = (column: string, { start, end }: TimeRange) =>
  `${column} >= ${timeSql(start)} AND ${column} < ${timeSql(end)}`

/**
 * Rows with `time` and `columns`, of rollups. Segments of one tier are read together.
 * @param where conditions on dimensions
 */
export function fromRollups(
  table: TableName,
  segments: readonly Segment[],
  columns: readonly string[],
  where: readonly string[],
): string {
  const tiers = [...new Set(segments.map(({ tier }) => tier))]
  return tiers
    .map((tier) => {
      const times = segments
        .filter((segment) => segment.tier === tier)
        .map((segment) => `(${within('`window`', segment)})`)
      const conditions = [`(${times.join(' OR ')})`, ...where].join(' AND ')
      return `SELECT \`window\` AS time, ${columns.join(', ')} FROM ${table(`operations_${tier}`)} WHERE ${conditions}`
    })
    .join('\nUNION ALL\n')
}

/** Rows with `time` and `columns`, of the raw operations. */
export function fromRaw(
  table: TableName,
  range: TimeRange,
  columns: readonly string[],
  where: readonly string[],
): string {
  const selected = columns.map((column) => {
    const sql = OF_ONE.get(column)
    return sql === undefined || sql === column ? column : `${sql} AS ${column}`
  })
  const conditions = [within('start_time', range), ...where].join(' AND ')
  return `SELECT start_time AS time, ${selected.join(', ')} FROM ${table('operations')} WHERE ${conditions}`
}
