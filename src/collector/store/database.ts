/** An engine and where in it the tables stand: what the parts of the store share. */
import type { Engine, RawRows } from './engine.js'
import { type Placement, qualified } from './schema.js'

export type Database = { readonly engine: Engine; readonly placement: Placement }

/**
 * Inserts rows once per token, however often it is sent and wherever it was interrupted: every table the rows get to remembers the tokens
 * it took, and what one has already is still passed to those that have it not.
 */
export async function insertOnce(
  { engine, placement }: Database,
  table: string,
  rows: RawRows,
  token: string,
): Promise<void> {
  await engine.insert({
    ...rows,
    table: qualified(placement, table),
    settings: {
      insert_deduplicate: 1,
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      // One thread and one block, so that what is sent again is cut into the same blocks again.
      async_insert: 0,
      input_format_parallel_parsing: 0,
      max_threads: 1,
      max_insert_threads: 1,
      parallel_view_processing: 0,
      // A hundred days in one batch are unusual, not wrong: history is imported.
      throw_on_max_partitions_per_insert_block: 0,
      ...(placement.cluster !== undefined && { distributed_foreground_insert: 1 }),
    },
  })
}

/** How far the transfer `id` got; `undefined`: it never began. */
export async function transferPosition({ engine, placement }: Database, id: string): Promise<string | undefined> {
  const rows = await engine.query<{ position: string }>(
    `SELECT argMax(position, changed) AS position FROM ${qualified(placement, 'transfers')} WHERE id = {id:String} GROUP BY id`,
    { id },
  )
  return rows[0]?.position
}

/** How far each of the transfers got whose ids begin so. */
export async function transferPositions({ engine, placement }: Database, prefix: string): Promise<string[]> {
  const rows = await engine.query<{ position: string }>(
    `SELECT argMax(position, changed) AS position FROM ${qualified(placement, 'transfers')} WHERE startsWith(id, {prefix:String}) GROUP BY id`,
    { prefix },
  )
  return rows.map(({ position }) => position)
}

export async function recordTransferPosition(database: Database, id: string, position: string): Promise<void> {
  const row = [id, position, (Date.now() / 1000).toFixed(3)].join('\t')
  await database.engine.insert({
    table: qualified(database.placement, 'transfers'),
    format: 'TabSeparated',
    columns: ['id', 'position', 'changed'],
    body: Buffer.from(`${row}\n`),
    settings: { insert_deduplicate: 0, async_insert: 0 },
  })
}
