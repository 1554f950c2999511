/** What the rollups keep: by which dimensions, of which numbers, in which windows. Derives their columns and the SQL that fills them. */
import { bucketSql } from './histogram.js'

/**
 * What the rollups may be grouped and filtered by. No identity is among them: rows would multiply by the users active in a window
 * (a thousand of them make a thousand rows of one), and an identity erased from the raw rows would live on in the rollups.
 * Questions by user or conversation are answered from the raw rows.
 */
export const DIMENSIONS = [
  'service',
  'environment',
  'region',
  'provider',
  'request_model',
  'response_model',
  'operation',
  'agent_name',
  'workflow_name',
  'tool_name',
  'error_type',
] as const

/** The model that was asked for, or the one that answered where that is not known. A column of every table, which it is not stored in. */
export const MODEL_SQL = "if(request_model = '', response_model, request_model)"

/**
 * What most questions tell apart. The rollups of hours and days are kept by these alone as well: a fifth of the rows in an ordinary store, so
 * that a month by the hour is read in a few hundredths of a second.
 */
export const MAIN_DIMENSIONS = ['service', 'environment', 'provider', 'model', 'operation'] as const

export type Tier = {
  readonly name: '1m' | '5m' | '1h' | '1d'
  readonly table: string
  /** The same windows by the main dimensions alone. */
  readonly mainTable?: string
  readonly seconds: number
  /** Partitions are what retention drops: small against the tier's retention, large enough to stay few. */
  readonly partition: 'day' | 'month' | 'year'
}

/** UTC-aligned, half-open windows. */
export const TIERS: readonly Tier[] = [
  { name: '1m', table: 'operations_1m', seconds: 60, partition: 'day' },
  { name: '5m', table: 'operations_5m', seconds: 300, partition: 'day' },
  { name: '1h', table: 'operations_1h', mainTable: 'operations_1h_main', seconds: 3600, partition: 'month' },
  { name: '1d', table: 'operations_1d', mainTable: 'operations_1d_main', seconds: 86_400, partition: 'year' },
]

type Measure = {
  readonly column: string
  /** Of the sum: wide enough never to wrap. Of least and largest: that of the column. */
  readonly sumType: 'UInt64' | 'Int128' | 'Float64'
  readonly type: 'UInt64' | 'Int64' | 'Float64'
  /** With least, largest and a histogram. */
  readonly isDistribution: boolean
}

/** The numbers summed. For each: `<column>_known` (how many operations have it) and `<column>_sum`. */
export const MEASURES: readonly Measure[] = [
  { column: 'duration_ms', type: 'Float64', sumType: 'Float64', isDistribution: true },
  { column: 'time_to_first_chunk_ms', type: 'Float64', sumType: 'Float64', isDistribution: true },
  { column: 'cost_nano_dollars', type: 'Int64', sumType: 'Int128', isDistribution: true },
  { column: 'input_tokens', type: 'UInt64', sumType: 'UInt64', isDistribution: true },
  { column: 'output_tokens', type: 'UInt64', sumType: 'UInt64', isDistribution: true },
  { column: 'cache_read_tokens', type: 'UInt64', sumType: 'UInt64', isDistribution: false },
  { column: 'cache_write_tokens', type: 'UInt64', sumType: 'UInt64', isDistribution: false },
  { column: 'reasoning_tokens', type: 'UInt64', sumType: 'UInt64', isDistribution: false },
  { column: 'output_chunks', type: 'UInt64', sumType: 'UInt64', isDistribution: false },
  { column: 'retries', type: 'UInt64', sumType: 'UInt64', isDistribution: false },
]

const HISTOGRAM = 'SimpleAggregateFunction(sumMap, Map(Int16, UInt64))'

type RollupColumn = { readonly name: string; readonly type: string; readonly sql: string }

function measureColumns({ column, type, sumType, isDistribution }: Measure): readonly RollupColumn[] {
  const sum = sumType === 'Int128' ? `toInt128(ifNull(${column}, 0))` : `ifNull(${column}, 0)`
  const columns = [
    { name: `${column}_known`, type: 'SimpleAggregateFunction(sum, UInt64)', sql: `count(${column})` },
    { name: `${column}_sum`, type: `SimpleAggregateFunction(sum, ${sumType})`, sql: `sum(${sum})` },
  ]
  if (!isDistribution) return columns
  const one = `map(assumeNotNull(${bucketSql(column)}), toUInt64(1))`
  return [
    ...columns,
    { name: `${column}_min`, type: `SimpleAggregateFunction(min, Nullable(${type}))`, sql: `min(${column})` },
    { name: `${column}_max`, type: `SimpleAggregateFunction(max, Nullable(${type}))`, sql: `max(${column})` },
    { name: `${column}_histogram`, type: HISTOGRAM, sql: `sumMapIf(${one}, isNotNull(${column}))` },
  ]
}

/** The columns beside `window` and the dimensions. */
export const ROLLUP_COLUMNS: readonly RollupColumn[] = [
  { name: 'operations', type: 'SimpleAggregateFunction(sum, UInt64)', sql: 'count()' },
  { name: 'errors', type: 'SimpleAggregateFunction(sum, UInt64)', sql: "countIf(error_type != '')" },
  ...MEASURES.flatMap(measureColumns),
]

export const HISTOGRAMS: readonly string[] = ROLLUP_COLUMNS.filter(({ type }) => type === HISTOGRAM).map(
  ({ name }) => name,
)

/** SQL of the start of the window a time is in. A time of 64 bits: those of 32 end in 2106, and a broken clock sends any. */
function windowSql(seconds: number, microseconds: string): string {
  return `toDateTime64(intDiv(${microseconds}, ${seconds * 1_000_000}) * ${seconds}, 0, 'UTC')`
}

const WINDOW = "`window` DateTime64(0, 'UTC') CODEC(Delta, ZSTD(1))"
const text = (dimension: string) => `${dimension} LowCardinality(String)`
const measures = (codec: string) =>
  ROLLUP_COLUMNS.map(({ name, type }) => `${name} ${type}${type === HISTOGRAM ? ` CODEC(${codec})` : ''}`)

/** The definition of the columns of every rollup table. */
export const ROLLUP_DEFINITION = [WINDOW, ...DIMENSIONS.map(text), ...measures('ZSTD(1)')].join(',\n  ')

/** The definition of the columns of those by the main dimensions. Their histograms are read by the hundred thousand. */
export const MAIN_DEFINITION = [WINDOW, ...MAIN_DIMENSIONS.map(text), ...measures('LZ4')].join(',\n  ')

export const ROLLUP_NAMES: readonly string[] = ['window', ...DIMENSIONS, ...ROLLUP_COLUMNS.map(({ name }) => name)]

/** Operations as rollups of one minute. The alias differs from the column of `start_time`, so that no window is made of a window. */
export function aggregateSql(source: string): string {
  return `SELECT ${windowSql(60, 'toUnixTimestamp64Micro(start_time)')} AS \`window\`,
  ${DIMENSIONS.join(', ')},
  ${ROLLUP_COLUMNS.map(({ name, sql }) => `${sql} AS ${name}`).join(',\n  ')}
FROM ${source}
GROUP BY \`window\`, ${DIMENSIONS.join(', ')}`
}

/** Rollups of one minute as those of a tier: only the window changes, equal rows are added up where they are stored. */
export function widenSql(source: string, { seconds }: Tier): string {
  if (seconds === 60) return `SELECT * FROM ${source}`
  const microseconds = 'toUnixTimestamp64Second(minute.`window`) * 1000000'
  const others = ROLLUP_NAMES.slice(1).join(', ')
  return `SELECT ${windowSql(seconds, microseconds)} AS \`window\`, ${others} FROM ${source} AS minute`
}

/** Rollups by all dimensions as those by the main ones: equal rows are added up where they are stored. */
export function mainSql(source: string): string {
  const dimensions = MAIN_DIMENSIONS.map((name) => (name === 'model' ? `${MODEL_SQL} AS model` : name))
  return `SELECT \`window\`, ${[...dimensions, ...ROLLUP_COLUMNS.map(({ name }) => name)].join(', ')} FROM ${source}`
}
