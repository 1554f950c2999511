/** Where the rows of a question come from, as SQL: rollups of some tiers, or raw operations looked at as rollups of one. */
import { bucketSql } from '../store/histogram.js'
import { DIMENSIONS, MAIN_DIMENSIONS, MEASURES, TIERS } from '../store/rollups.js'
import type { Dimension } from './dimensions.js'
import type { Segment } from './tier-cover.js'
import type { TimeRange } from './time-range.js'

export type Tables = {
  /** The name of a table in SQL: `operations`, or that of a tier's rollups. */
  table(name: string): string
  /** Epoch milliseconds from which on the rollups by the main dimensions have all there is. @default never */
  readonly mainSince?: number | undefined
}

/** A filter as SQL. */
export type Condition = { readonly dimension: Dimension; readonly sql: string }

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
 * Rows with `time` and `columns`, of rollups: of those by the main dimensions where these are enough. Segments of one table are read together.
 * @param conditions on dimensions
 */
export function fromRollups(
  { table, mainSince = Number.POSITIVE_INFINITY }: Tables,
  segments: readonly Segment[],
  columns: readonly string[],
  conditions: readonly Condition[],
): string {
  const from = isOfMain(columns, conditions) ? mainSince : Number.POSITIVE_INFINITY
  const byTable = new Map<string, string[]>()
  for (const { tier, ...range } of segments) {
    const { table: whole, mainTable = whole } = TIERS.find(({ name }) => name === tier)!
    for (const [name, part] of [
      [whole, { start: range.start, end: Math.min(range.end, from) }],
      [mainTable, { start: Math.max(range.start, from), end: range.end }],
    ] as const)
      if (part.start < part.end) byTable.set(name, [...(byTable.get(name) ?? []), `(${within('`window`', part)})`])
  }
  // Of no time at all: no rows, but still their columns.
  if (byTable.size === 0) byTable.set('operations_1m', ['false'])
  const where = conditions.map(({ sql }) => sql)
  return [...byTable]
    .map(
      ([name, times]) =>
        `SELECT \`window\` AS time, ${columns.join(', ')} FROM ${table(name)} WHERE ${[`(${times.join(' OR ')})`, ...where].join(' AND ')}`,
    )
    .join('\nUNION ALL\n')
}

/** Whether all that is told apart are main dimensions. */
function isOfMain(columns: readonly string[], conditions: readonly Condition[]): boolean {
  const needed = new Set([...columns, ...conditions.flatMap(({ dimension }) => dimension.columns)])
  const main: readonly string[] = MAIN_DIMENSIONS
  return DIMENSIONS.every((dimension) => main.includes(dimension) || !needed.has(dimension))
}

/** Rows with `time` and `columns`, of the raw operations. */
export function fromRaw(
  { table }: Tables,
  range: TimeRange,
  columns: readonly string[],
  conditions: readonly Condition[],
): string {
  const selected = columns.map((column) => {
    const sql = OF_ONE.get(column)
    return sql === undefined || sql === column ? column : `${sql} AS ${column}`
  })
  const where = [within('start_time', range), ...conditions.map(({ sql }) => sql)].join(' AND ')
  return `SELECT start_time AS time, ${selected.join(', ')} FROM ${table('operations')} WHERE ${where}`
}
