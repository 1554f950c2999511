/** What is deleted: whole partitions whose time is over or whose room is needed, and the rows of one identity. */
import type { Database } from './database.js'
import { quoted } from './engine.js'
import {
  local,
  localName,
  onCluster,
  qualified,
  type RetentionDays,
  STORED_TABLES,
  type StoredTable,
} from './schema.js'
import { PUT_ASIDE } from './table-files.js'

const DAY_MS = 86_400_000
/** Days that what was put aside is there for whoever wants to look at it. */
const PUT_ASIDE_DAYS = 7

export type Size = {
  /** Bytes of all tables on the disk. */
  readonly bytes: number
  /** Operations stored one by one. */
  readonly operations: number
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[]
}

export type RetentionResult = {
  /** What was dropped, as `table/partition`. */
  readonly dropped: readonly string[]
  readonly bytes: number
  /** More than the limit is left: it is all in the newest partitions, which are never dropped for their size. */
  readonly isOverLimit: boolean
}

type Partition = {
  readonly table: StoredTable
  readonly id: string
  readonly rows: number
  readonly bytes: number
  /** Epoch milliseconds of the first moment after it. */
  readonly end: number
}

/** Epoch milliseconds of the first moment after the partition `20260131`, `202601` or `2026`. */
function endOf(partition: string): number {
  const year = Number(partition.slice(0, 4))
  if (partition.length === 4) return Date.UTC(year + 1, 0)
  const month = Number(partition.slice(4, 6)) - 1
  if (partition.length === 6) return Date.UTC(year, month + 1)
  return Date.UTC(year, month, Number(partition.slice(6)) + 1)
}

/** Oldest first. On a cluster: of all its shards, each counted once. */
async function partitionsOf({ engine, placement }: Database): Promise<Partition[]> {
  const { cluster, database } = placement
  const parts = cluster === undefined ? 'system.parts' : `cluster('${cluster}', system.parts)`
  const rows = await engine.query<{ table: string; partition: string; rows: number; bytes: number }>(
    `SELECT table, partition, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM ${parts}
    WHERE active AND database = {database:String} GROUP BY table, partition`,
    { database },
  )
  const partitions: Partition[] = []
  for (const { table: name, partition: id, rows: count, bytes } of rows) {
    const table = STORED_TABLES.find((stored) => localName(placement, stored.name) === name)
    if (table) partitions.push({ table, id, rows: Number(count), bytes: Number(bytes), end: endOf(id) })
  }
  return partitions.sort((a, b) => a.end - b.end)
}

export async function sizeOf(database: Database): Promise<Size> {
  const partitions = await partitionsOf(database)
  const tables = STORED_TABLES.map(({ name }) => {
    const own = partitions.filter(({ table }) => table.name === name)
    return { table: name, rows: sum(own.map(({ rows }) => rows)), bytes: sum(own.map(({ bytes }) => bytes)) }
  })
  return { bytes: sum(tables.map(({ bytes }) => bytes)), operations: tables[0]!.rows, tables }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/**
 * Drops the partitions that are over at `now` and, while all together are larger than `maxBytes`, the oldest ones: of the raw operations first,
 * since they take most of the room and the rollups keep what they sum up to, then of the finer rollups before the coarser ones.
 * The engine expires rows by its own clock too; this does it at once, and by the clock it is given.
 */
export async function applyRetention(
  database: Database,
  days: RetentionDays,
  maxBytes: number,
  now: number,
): Promise<RetentionResult> {
  const dropped: string[] = []
  const drop = async ({ table, id }: Partition) => {
    const { engine, placement } = database
    // Quoted: a partition by a number is named by the number's text too.
    await engine.command(
      `ALTER TABLE ${local(placement, table.name)}${onCluster(placement)} DROP PARTITION ${quoted(id)}`,
    )
    dropped.push(`${table.name}/${id}`)
  }
  let left: Partition[] = []
  for (const partition of await partitionsOf(database))
    if (partition.end + days[partition.table.tier] * DAY_MS <= now) await drop(partition)
    else left.push(partition)
  let bytes = sum(left.map((partition) => partition.bytes))
  for (const table of STORED_TABLES) {
    const own = left.filter((partition) => partition.table === table)
    for (const partition of own.slice(0, -1)) {
      if (bytes <= maxBytes) break
      await drop(partition)
      bytes -= partition.bytes
      left = left.filter((other) => other !== partition)
    }
  }
  await dropPutAside(database, now - PUT_ASIDE_DAYS * DAY_MS)
  return { dropped, bytes, isOverLimit: bytes > maxBytes }
}

/** Deletes what was put aside, if it was written before: its batches were sent again. */
async function dropPutAside({ engine, placement }: Database, before: number): Promise<void> {
  const parts = await engine.query<{ table: string; name: string }>(
    `SELECT table, name FROM system.detached_parts
    WHERE database = {database:String} AND startsWith(name, {prefix:String}) AND modification_time < toDateTime({before:UInt32})`,
    { database: placement.database, prefix: PUT_ASIDE, before: Math.floor(before / 1000) },
  )
  for (const { table, name } of parts)
    await engine.command(
      `ALTER TABLE ${qualified(placement, table)} DROP DETACHED PART ${quoted(name)} SETTINGS allow_drop_detached = 1`,
    )
}

/** Deletes the raw rows of a user or a conversation; resolves with how many when they are gone. Rollups know no identities. */
export async function eraseIdentity({ engine, placement }: Database, hash: string): Promise<number> {
  if (hash === '') throw new TypeError('an identity is a text that is not empty: the empty one stands for unknown')
  const own = (literal: string) => `user_id = ${literal} OR conversation_id = ${literal}`
  const table = local(placement, 'operations')
  const from =
    placement.cluster === undefined
      ? table
      : `cluster('${placement.cluster}', '${placement.database}', '${localName(placement, 'operations')}')`
  const rows = await engine.query<{ n: number }>(`SELECT count() AS n FROM ${from} WHERE ${own('{hash:String}')}`, {
    hash,
  })
  const count = Number(rows[0]?.n ?? 0)
  if (count > 0) await engine.command(`ALTER TABLE ${table}${onCluster(placement)} DELETE WHERE ${own(quoted(hash))}`)
  await dropPutAside({ engine, placement }, Date.now() + DAY_MS)
  // An alert by user tells the user it is of.
  for (const [memory, column] of Object.entries({ states: "concat(name, ' ', value)", notices: 'notice' })) {
    const where = `position(${column}, ${quoted(hash)}) > 0`
    const of = qualified(placement, memory)
    const [found] = await engine.query<{ n: number }>(`SELECT count() AS n FROM ${of} WHERE ${where}`)
    if (Number(found!.n) > 0) await engine.command(`ALTER TABLE ${of}${onCluster(placement)} DELETE WHERE ${where}`)
  }
  return count
}
