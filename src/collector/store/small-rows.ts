/** Inserts a few rows into one of the small tables, as text. */
import type { Database } from './database.js'
import { qualified } from './schema.js'

export async function insertSmallRows(
  { engine, placement }: Database,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  if (rows.length === 0) return
  await engine.insert({
    table: qualified(placement, table),
    format: 'TabSeparated',
    columns,
    body: Buffer.from(rows.map((row) => `${row.map(escaped).join('\t')}\n`).join('')),
    settings: { insert_deduplicate: 0, async_insert: 0 },
  })
}

const ESCAPES: { readonly [character: string]: string } = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
}

function escaped(text: string): string {
  return text.replace(/[\\\t\n\r\0]/g, (character) => ESCAPES[character]!)
}
