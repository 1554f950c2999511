/** The tables and views as SQL, for one server or a cluster. Versioned: what is released is never edited, a change is a further migration. */
import { COLUMNS, ID_SQL } from './columns.js'
import {
  aggregateSql,
  DIMENSIONS,
  HISTOGRAMS,
  MAIN_DEFINITION,
  MAIN_DIMENSIONS,
  MODEL_SQL,
  mainSql,
  ROLLUP_DEFINITION,
  TIERS,
  type Tier,
  widenSql,
} from './rollups.js'

/** Where the tables stand. */
export type Placement = {
  readonly database: string
  /** The cluster's name in the server's configuration: tables are replicated and sharded over it. */
  readonly cluster?: string | undefined
}

export type RetentionDays = {
  /** Days the raw operations are kept. */
  readonly raw: number
  /** Days the windows of one and of five minutes, an hour and a day are kept. */
  readonly '1m': number
  readonly '5m': number
  readonly '1h': number
  readonly '1d': number
}

/** Blocks whose tokens each table remembers: those of hours, where a batch is sent again within seconds. */
const DEDUPLICATION_WINDOW = 10_000

export const PARTITIONS = {
  day: (time: string) => `toYYYYMMDD(${time})`,
  month: (time: string) => `toYYYYMM(${time})`,
  year: (time: string) => `toYear(${time})`,
} as const

/** The tables that hold rows: what expires, is dropped and is copied. */
export type StoredTable = {
  readonly name: string
  readonly time: 'start_time' | 'window'
  readonly partition: keyof typeof PARTITIONS
  readonly tier: keyof RetentionDays
  /** Filled from another table alone, wherever that one is filled. */
  readonly isDerived?: true
}

export const STORED_TABLES: readonly StoredTable[] = [
  { name: 'operations', time: 'start_time', partition: 'day', tier: 'raw' },
  ...TIERS.flatMap(({ table, mainTable, partition, name: tier }: Tier): StoredTable[] => {
    const common = { time: 'window' as const, partition, tier }
    return [
      { name: table, ...common },
      ...(mainTable === undefined ? [] : [{ name: mainTable, ...common, isDerived: true as const }]),
    ]
  }),
]

export function qualified({ database }: Placement, table: string): string {
  return `\`${database}\`.\`${table}\``
}

/** The table that holds the rows on each server: what is altered, dropped from and measured. */
export function local(placement: Placement, table: string): string {
  return qualified(placement, localName(placement, table))
}

export function localName({ cluster }: Placement, table: string): string {
  return cluster === undefined ? table : `${table}_local`
}

export function onCluster({ cluster }: Placement): string {
  return cluster === undefined ? '' : ` ON CLUSTER \`${cluster}\``
}

/** SQL of the time a row expires at. */
export function expirySql(table: StoredTable, days: RetentionDays): string {
  return `\`${table.time}\` + toIntervalDay(${days[table.tier]})`
}

function mergeTree({ cluster }: Placement, kind: 'MergeTree' | 'AggregatingMergeTree'): string {
  // The path is spelled out: the default one holds the table's UUID, and a table made again would leave its old one behind.
  return cluster === undefined
    ? kind
    : `Replicated${kind}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')`
}

/** A small table that is the same on every server, whatever its shard. */
function createEverywhere(
  placement: Placement,
  table: string,
  definition: string,
  order: string,
  version?: string,
  expiry?: string,
) {
  const kind = version === undefined ? 'MergeTree' : 'ReplacingMergeTree'
  const copies = `'/clickhouse/tables/everywhere/{database}/{table}', '{shard}-{replica}'`
  const engine =
    placement.cluster === undefined
      ? `${kind}(${version ?? ''})`
      : `Replicated${kind}(${copies}${version === undefined ? '' : `, ${version}`})`
  return `CREATE TABLE IF NOT EXISTS ${qualified(placement, table)}${onCluster(placement)} (${definition})
ENGINE = ${engine} ORDER BY ${order}${expiry === undefined ? '' : ` TTL ${expiry}`}`
}

function deduplicationSettings({ cluster }: Placement): string {
  if (cluster === undefined) return `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`
  return `replicated_deduplication_window = ${DEDUPLICATION_WINDOW}, replicated_deduplication_window_seconds = 604800`
}

/** A table over the shards, for what is asked and inserted through any server of the cluster. Rows go to the shard of their key, a retry's too. */
function distributed(placement: Placement, table: string, key: string): readonly string[] {
  const { database, cluster } = placement
  if (cluster === undefined) return []
  return [
    `CREATE TABLE IF NOT EXISTS ${qualified(placement, table)}${onCluster(placement)} AS ${local(placement, table)}
ENGINE = Distributed('${cluster}', '${database}', '${localName(placement, table)}', ${key})`,
  ]
}

const OPERATION_DEFINITION = COLUMNS.map(
  ({ name, type, codec }) => `${name} ${type}${codec === undefined ? '' : ` CODEC(${codec})`}`,
).join(',\n  ')
const OPERATION_KEY = 'cityHash64(trace_id, span_id, own_id)'
const ROLLUP_KEY = `cityHash64(\`window\`, ${DIMENSIONS.join(', ')})`

/**
 * Hours first, since every question has a time range; then what questions filter by, which also brings equal values together for compression.
 * Single operations are found by the filters of their ids.
 */
const OPERATION_ORDER =
  'toStartOfHour(start_time), service, provider, request_model, operation, start_time, trace_id, span_id, own_id'

function createTable(placement: Placement, table: string, definition: string, rest: string): string {
  return `CREATE TABLE IF NOT EXISTS ${local(placement, table)}${onCluster(placement)} (\n  ${definition}\n)\n${rest}`
}

function createStored(
  placement: Placement,
  days: RetentionDays,
  name: string,
  definition: string,
  order: string,
): string {
  const table = STORED_TABLES.find((stored) => stored.name === name)!
  const kind = name === 'operations' ? 'MergeTree' : 'AggregatingMergeTree'
  return createTable(
    placement,
    name,
    definition,
    `ENGINE = ${mergeTree(placement, kind)}
PARTITION BY ${PARTITIONS[table.partition](`\`${table.time}\``)}
ORDER BY (${order})
TTL ${expirySql(table, days)}
SETTINGS ${deduplicationSettings(placement)}, ttl_only_drop_parts = 1`,
  )
}

function createView(placement: Placement, target: string, select: string): string {
  const view = qualified(placement, `view_${target}`)
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS ${view}${onCluster(placement)} TO ${local(placement, target)} AS\n${select}`
}

/** Filters that find the few rows of a trace or an identity without reading the columns whole. */
const INDEXES = ['trace_id', 'user_id', 'conversation_id']
  .map((column) => `INDEX ${column}_filter ${column} TYPE bloom_filter(0.01) GRANULARITY 4`)
  .join(',\n  ')

/**
 * Batches go into `operations_input`, which keeps nothing: its views fill `operations` and, through `rollups_input`, the rollups. So each stored
 * table takes a batch once by the batch's token, whatever became of the others; and each can be copied by itself.
 */
function createEverything(placement: Placement, days: RetentionDays): readonly string[] {
  const p = placement
  return [
    createTable(
      p,
      'operations_input',
      COLUMNS.map(({ name, type }) => `${name} ${type}`).join(',\n  '),
      'ENGINE = Null',
    ),
    createTable(p, 'rollups_input', ROLLUP_DEFINITION, 'ENGINE = Null'),
    createStored(
      p,
      days,
      'operations',
      `${OPERATION_DEFINITION},\n  id String ALIAS ${ID_SQL},\n  ${INDEXES}`,
      OPERATION_ORDER,
    ),
    ...TIERS.map(({ table }) =>
      createStored(p, days, table, ROLLUP_DEFINITION, `\`window\`, ${DIMENSIONS.join(', ')}`),
    ),
    createEverywhere(p, 'transfers', 'id String, position String, changed DateTime64(3)', 'id', 'changed'),
    createView(p, 'operations', `SELECT * FROM ${local(p, 'operations_input')}`),
    createView(p, 'rollups_input', aggregateSql(local(p, 'operations_input'))),
    ...TIERS.map((tier) => createView(p, tier.table, widenSql(local(p, 'rollups_input'), tier))),
    ...distributed(p, 'operations_input', OPERATION_KEY),
    ...distributed(p, 'operations', OPERATION_KEY),
    ...TIERS.flatMap(({ table }) => distributed(p, table, ROLLUP_KEY)),
  ]
}

/** Days a notice is kept. */
const NOTICE_DAYS = 400

/** What the collector has to remember beside operations: what it decided, and what it told. */
function createMemory(placement: Placement): readonly string[] {
  return [
    createEverywhere(
      placement,
      'states',
      "kind LowCardinality(String), name String, value String, changed DateTime64(6, 'UTC')",
      '(kind, name)',
      'changed',
    ),
    createEverywhere(
      placement,
      'notices',
      "time DateTime64(3, 'UTC'), id String, kind LowCardinality(String), name String, notice String, recorded DateTime64(3, 'UTC') DEFAULT now64(3)",
      '(kind, time, id)',
      'recorded',
      `toDateTime(time) + toIntervalDay(${NOTICE_DAYS})`,
    ),
  ]
}

/**
 * Histograms of hours and days are read by the hundred thousand, and unpacking them took more than half of the time of a month's percentiles:
 * twice the bytes are unpacked five times as fast. Those of minutes, which are most of the bytes, are read for hours only. What is there
 * already is repacked when it is merged.
 */
function repackHistograms(placement: Placement): readonly string[] {
  const columns = HISTOGRAMS.map((column) => `MODIFY COLUMN ${column} CODEC(LZ4)`).join(', ')
  return ['operations_1h', 'operations_1d'].map(
    (table) => `ALTER TABLE ${local(placement, table)}${onCluster(placement)} ${columns}`,
  )
}

/** What `transfers` names the main rollups by; its position is when they begin to be whole, in seconds. */
export const MAIN_ROLLUPS = 'operations_main'

/**
 * The rollups by the main dimensions, filled from those by all. What was stored before is not added to them, which could not be done exactly
 * while other collectors write to the same server: they are whole from the day on that follows all there is.
 */
function createMain(placement: Placement, days: RetentionDays): readonly string[] {
  const p = placement
  const main = TIERS.flatMap(({ table, mainTable }) => (mainTable === undefined ? [] : [{ table, mainTable }]))
  const whole = ['operations', ...TIERS.map(({ table }) => table)]
  const model = `ADD COLUMN IF NOT EXISTS model LowCardinality(String) ALIAS ${MODEL_SQL}`
  return [
    ...whole.flatMap((table) => [
      `ALTER TABLE ${local(p, table)}${onCluster(p)} ${model}`,
      ...(p.cluster === undefined ? [] : [`ALTER TABLE ${qualified(p, table)}${onCluster(p)} ${model}`]),
    ]),
    ...main.flatMap(({ table, mainTable }) => [
      createStored(p, days, mainTable, MAIN_DEFINITION, `\`window\`, ${MAIN_DIMENSIONS.join(', ')}`),
      createView(p, mainTable, mainSql(local(p, table))),
      ...distributed(p, mainTable, `cityHash64(\`window\`, ${MAIN_DIMENSIONS.join(', ')})`),
    ]),
    `INSERT INTO ${qualified(p, 'transfers')} (id, position, changed) SELECT '${MAIN_ROLLUPS}', toString(since), now64(3)
FROM (SELECT if(count() = 0, 0, toUnixTimestamp64Second(max(\`window\`)) + 86400) AS since FROM ${qualified(p, 'operations_1d')})
WHERE '${MAIN_ROLLUPS}' NOT IN (SELECT id FROM ${qualified(p, 'transfers')})`,
  ]
}

/** One step from a version of the schema to the next. Every statement may be run again: an interrupted migration is continued. */
export type Migration = {
  readonly version: number
  readonly statements: (placement: Placement, days: RetentionDays) => readonly string[]
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, statements: createEverything },
  { version: 2, statements: createMemory },
  { version: 3, statements: repackHistograms },
  { version: 4, statements: createMain },
]

/** The version this program writes and reads. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)!.version

/** What has to be there before any migration: the database and the list of the versions applied. */
export function foundation(placement: Placement): readonly string[] {
  const { database } = placement
  return [
    `CREATE DATABASE IF NOT EXISTS \`${database}\`${onCluster(placement)}`,
    createEverywhere(
      placement,
      'schema_versions',
      "version UInt32, applied DateTime64(3, 'UTC') DEFAULT now64(3)",
      'version',
    ),
  ]
}
