/** Writes stored operations into a file, an hour at a time and with flat memory; begun again with the same file, it continues. */
import {
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { finished } from 'node:stream/promises'
import { COLUMNS } from './columns.js'
import type { Database } from './database.js'
import { linesOf } from './lines.js'
import { ROW_SELECT, toOperation } from './rows.js'
import { STORED_TABLES } from './schema.js'
import { rangeSql, type Slice, sliceSql, slicesOf, type TimeRange } from './slices.js'

export type ExportFormat = 'csv' | 'jsonl' | 'parquet'

export type ExportProgress = { readonly rows: number; readonly totalRows: number }

export type ExportOptions = TimeRange & {
  /** The file to write. Until it is whole, what there is stands beside it as `<path>.part`. */
  readonly path: string
  /** `jsonl`: operations as `importFile` reads them. `csv` and `parquet`: the columns of the table. */
  readonly format: ExportFormat
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined
  /** Stops after the hour being written, with the signal's reason; what is written is kept for the next time. */
  readonly signal?: AbortSignal | undefined
}

export type ExportResult = { readonly rows: number; readonly bytes: number }

/** How far an interrupted export got: `next` is the first hour it has not written. */
type Position = { readonly key: string; readonly next: number; readonly rows: number; readonly bytes: number }

const OPERATIONS = STORED_TABLES[0]!
const NAMES = ['id', ...COLUMNS.map(({ name }) => name).filter((name) => name !== 'own_id')]

/** Parquet is written in one go, since its tail lists the whole: interrupted, it begins anew. */
export async function exportOperations(database: Database, options: ExportOptions): Promise<ExportResult> {
  const { path, format, onProgress = () => {}, signal } = options
  const part = `${path}.part`
  const note = `${path}.part.json`
  const slices = await slicesOf(database, OPERATIONS, options)
  const totalRows = slices.reduce((sum, { rows }) => sum + rows, 0)
  let position: Position
  if (format === 'parquet') {
    signal?.throwIfAborted()
    onProgress({ rows: 0, totalRows })
    await database.engine.writeParquet(rangeSql(database, OPERATIONS, NAMES.join(', '), options), part)
    position = { key: '', next: 0, rows: totalRows, bytes: 0 }
  } else {
    position = begin(part, note, JSON.stringify([format, options.from, options.to]), format)
    for (const slice of slices) {
      if (slice.index < position.next) continue
      signal?.throwIfAborted()
      onProgress({ rows: position.rows, totalRows })
      position = await writeSlice(database, options, slice, part, position)
      writeFileSync(note, JSON.stringify(position))
    }
  }
  onProgress({ rows: position.rows, totalRows })
  renameSync(part, path)
  rmSync(note, { force: true })
  return { rows: position.rows, bytes: statSync(path).size }
}

/** The position to go on from: that of the same export interrupted before, or the beginning. */
function begin(part: string, note: string, key: string, format: ExportFormat): Position {
  if (existsSync(note) && existsSync(part)) {
    const position = JSON.parse(readFileSync(note, 'utf8')) as Position
    if (position.key === key && statSync(part).size >= position.bytes) {
      // What was written after the note is of an hour that will be written again.
      truncateSync(part, position.bytes)
      return position
    }
  }
  const head = format === 'csv' ? `${NAMES.join(',')}\n` : ''
  writeFileSync(part, head)
  return { key, next: 0, rows: 0, bytes: Buffer.byteLength(head) }
}

async function writeSlice(
  database: Database,
  options: ExportOptions,
  slice: Slice,
  part: string,
  position: Position,
): Promise<Position> {
  const file = createWriteStream(part, { flags: 'a', flush: true })
  const done = finished(file)
  // Awaited at the end; before that a failure of the disk must not go unhandled.
  done.catch(() => {})
  let bytes = position.bytes
  let rows = position.rows
  const write = async (chunk: Uint8Array) => {
    bytes += chunk.length
    if (!file.write(chunk))
      await Promise.race([new Promise<void>((resolve) => file.once('drain', () => resolve())), done])
  }
  try {
    if (options.format === 'csv') {
      const sql = sliceSql(database, OPERATIONS, NAMES.join(', '), slice, options)
      for await (const chunk of database.engine.stream(sql, 'CSV')) await write(chunk)
      rows += slice.rows
    } else {
      const sql = sliceSql(database, OPERATIONS, ROW_SELECT, slice, options)
      let text = ''
      for await (const line of linesOf(database.engine.stream(sql, 'JSONEachRow'))) {
        text += `${JSON.stringify(toOperation(JSON.parse(line)))}\n`
        rows++
        if (text.length < 65_536) continue
        await write(Buffer.from(text))
        text = ''
      }
      await write(Buffer.from(text))
    }
  } finally {
    file.end()
    await done
  }
  return { key: position.key, next: slice.index + 1, rows, bytes }
}
