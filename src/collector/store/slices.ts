/** A stored table cut into pieces of time, each read in one order: what is exported and copied piece by piece can be continued. */
import { COLUMNS } from './columns.js'
import type { Database } from './database.js'
import { DIMENSIONS, ROLLUP_NAMES } from './rollups.js'
import { qualified, type StoredTable } from './schema.js'

/** Epoch milliseconds, half-open. */
export type TimeRange = { readonly from?: number | undefined; readonly to?: number | undefined }

export type Slice = { readonly index: number; readonly rows: number }

/** Seconds of one slice, so that one has some ten thousand rows in an ordinary store. */
const SLICE_SECONDS: { readonly [tier in StoredTable['tier']]: number } = {
  raw: 3600,
  '1m': 86_400,
  '5m': 86_400,
  '1h': 30 * 86_400,
  '1d': 366 * 86_400,
}

function microseconds({ time }: StoredTable): string {
  return time === 'start_time' ? 'toUnixTimestamp64Micro(start_time)' : 'toUnixTimestamp64Second(`window`) * 1000000'
}

function timeLiteral({ time }: StoredTable, microseconds: number): string {
  if (time === 'start_time') return `fromUnixTimestamp64Micro(toInt64(${microseconds}), 'UTC')`
  return `fromUnixTimestamp64Second(toInt64(${Math.ceil(microseconds / 1_000_000)}), 'UTC')`
}

function within(table: StoredTable, { from, to }: TimeRange): string {
  const conditions: string[] = []
  if (from !== undefined) conditions.push(`\`${table.time}\` >= ${timeLiteral(table, Math.round(from * 1000))}`)
  if (to !== undefined) conditions.push(`\`${table.time}\` < ${timeLiteral(table, Math.round(to * 1000))}`)
  return conditions.length === 0 ? '1' : conditions.join(' AND ')
}

/** The slices that have rows, oldest first. */
export async function slicesOf(
  { engine, placement }: Database,
  table: StoredTable,
  range: TimeRange = {},
): Promise<Slice[]> {
  const index = `intDiv(${microseconds(table)}, ${SLICE_SECONDS[table.tier] * 1_000_000})`
  const rows = await engine.query<{ slice: number; n: number }>(
    `SELECT ${index} AS slice, count() AS n FROM ${qualified(placement, table.name)}
    WHERE ${within(table, range)} GROUP BY slice ORDER BY slice`,
    {},
    { maxExecutionSeconds: 600 },
  )
  return rows.map(({ slice, n }) => ({ index: Number(slice), rows: Number(n) }))
}

/** SQL of the rows of a slice, the same rows in the same order however the engine has merged them. */
export function sliceSql(
  { placement }: Database,
  table: StoredTable,
  columns: string,
  { index }: Slice,
  range: TimeRange = {},
): string {
  const milliseconds = SLICE_SECONDS[table.tier] * 1000
  const from = Math.max(range.from ?? 0, index * milliseconds)
  const to = Math.min(range.to ?? Number.POSITIVE_INFINITY, (index + 1) * milliseconds)
  return `${rangeSql({ placement }, table, columns, { from, to })}
ORDER BY ${table.time === 'start_time' ? RAW_ORDER : ROLLUP_ORDER}
SETTINGS max_threads = 1, max_block_size = 8192, max_execution_time = 86400`
}

/** SQL of the rows of a range, in any order. */
export function rangeSql(
  { placement }: Pick<Database, 'placement'>,
  table: StoredTable,
  columns: string,
  range: TimeRange,
): string {
  const final = table.time === 'window' ? ' FINAL' : ''
  return `SELECT ${columns} FROM ${qualified(placement, table.name)}${final} WHERE ${within(table, range)}`
}

// The order the tables are kept in, so that the engine reads in it instead of sorting.
const RAW_ORDER =
  'toStartOfHour(start_time), service, provider, request_model, operation, start_time, trace_id, span_id, own_id'
const ROLLUP_ORDER = `\`window\`, ${DIMENSIONS.join(', ')}`

/** The names of the columns a table is copied by. */
export function copiedColumns({ time }: StoredTable): readonly string[] {
  return time === 'start_time' ? COLUMNS.map(({ name }) => name) : ROLLUP_NAMES
}
