/** Copies the tables of one store into another, a piece of time at a time; begun again with the same two, it continues. */
import { createHash } from 'node:crypto'
import { type Database, insertOnce, recordTransferPosition, transferPosition } from './database.js'
import { wholeLines } from './lines.js'
import { INSERT_BYTES, INSERT_ROWS } from './rows.js'
import { qualified, STORED_TABLES } from './schema.js'
import { copiedColumns, sliceSql, slicesOf } from './slices.js'

export type CopyProgress = { readonly table: string; readonly rows: number; readonly totalRows: number }

export type CopyOptions = {
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined
  /** Stops after the piece being copied, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Rows of each table copied, those of earlier attempts too. */
export type CopyResult = { readonly tables: readonly { readonly table: string; readonly rows: number }[] }

/**
 * Each table is copied by itself, rollups as they are: they reach further back than the raw operations and keep what was erased there.
 * The target may be in use meanwhile. The source may not be: its directory is open here. What it received between two attempts is copied
 * too, unless it belongs to a time that was copied already.
 */
export async function copyOperations(
  source: Database,
  target: Database,
  { onProgress = () => {}, signal }: CopyOptions = {},
): Promise<CopyResult> {
  const tables: { table: string; rows: number }[] = []
  const identity = await identityOf(source)
  for (const table of STORED_TABLES.filter(({ isDerived }) => isDerived !== true)) {
    const id = `copy/${identity}/${table.name}`
    const columns = copiedColumns(table)
    const position = await transferPosition(target, id)
    const next = position === undefined ? 0 : Number(position)
    const slices = await slicesOf(source, table)
    const totalRows = slices.reduce((sum, slice) => sum + slice.rows, 0)
    let rows = 0
    for (const slice of slices) {
      if (slice.index >= next) {
        signal?.throwIfAborted()
        onProgress({ table: table.name, rows, totalRows })
        let part = 0
        const bytes = source.engine.stream(sliceSql(source, table, columns.join(', '), slice), 'TabSeparated')
        for await (const body of wholeLines(bytes, { rows: INSERT_ROWS, bytes: INSERT_BYTES }))
          await insertOnce(
            target,
            table.name,
            { format: 'TabSeparated', columns, body },
            `${id}/${slice.index}/${part++}`,
          )
        await recordTransferPosition(target, id, String(slice.index + 1))
      }
      rows += slice.rows
    }
    onProgress({ table: table.name, rows, totalRows })
    tables.push({ table: table.name, rows })
  }
  for (const [table, columns] of Object.entries(SMALL_TABLES)) {
    const rows = await copySmall(source, target, table, columns)
    onProgress({ table, rows, totalRows: rows })
    tables.push({ table, rows })
  }
  return { tables }
}

/** What the collector remembers beside operations. The newest of each key wins, wherever it was written, so that all may be copied again. */
const SMALL_TABLES = {
  states: ['kind', 'name', 'value', 'changed'],
  notices: ['time', 'id', 'kind', 'name', 'notice', 'recorded'],
} as const

async function copySmall(source: Database, target: Database, table: string, columns: readonly string[]) {
  const from = `${qualified(source.placement, table)} FINAL`
  const bytes = source.engine.stream(`SELECT ${columns.join(', ')} FROM ${from}`, 'TabSeparated')
  let rows = 0
  for await (const body of wholeLines(bytes, { rows: INSERT_ROWS, bytes: INSERT_BYTES })) {
    rows += body.reduce((lines, byte) => lines + (byte === NEW_LINE ? 1 : 0), 0)
    await target.engine.insert({
      table: qualified(target.placement, table),
      format: 'TabSeparated',
      columns,
      body,
      settings: { insert_deduplicate: 0, async_insert: 0 },
    })
  }
  return rows
}

const NEW_LINE = 10

/** What tells this store from any other: the identity its engine gave the first table. */
async function identityOf({ engine, placement }: Database): Promise<string> {
  const rows = await engine.query<{ uuid: string }>(
    "SELECT toString(uuid) AS uuid FROM system.tables WHERE database = {database:String} AND name = 'schema_versions'",
    { database: placement.database },
  )
  return createHash('sha256').update(rows[0]!.uuid).digest('hex').slice(0, 32)
}
