/** Reads operations from a file of JSON lines, gzipped or not, into the store; begun again with the same file, it continues. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Transform, type TransformCallback } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { IdentifiedOperation } from '../batch.js'
import { type Database, recordTransferPosition, transferPosition, transferPositions } from './database.js'
import { createExportedReader } from './exported-line.js'
import { linesOf } from './lines.js'

export type ImportProgress = {
  readonly lines: number
  readonly operations: number
  /** Lines that were no JSON or no operation. */
  readonly rejected: number
  /** Of the file as it stands on the disk. */
  readonly bytesRead: number
  readonly bytesTotal: number
}

export type ImportOptions = {
  readonly path: string
  /**
   * The operations in the JSON of one line; none: it is rejected. A pure function, so that an import can be continued.
   * @default reads what `exportOperations` wrote as `jsonl`, identities as they are
   */
  readonly toOperations?: ((line: unknown) => readonly IdentifiedOperation[]) | undefined
  /** Operations of one insert. @default 20000 */
  readonly batchOperations?: number | undefined
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Stops before the next batch, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export type ImportResult = Pick<ImportProgress, 'lines' | 'operations' | 'rejected'>

type Insert = (operations: readonly IdentifiedOperation[], token: string) => Promise<void>

/** What the names of transfers out of files begin with. */
const IMPORTS = 'import/'

/** Bytes that tell one file from another, with its size. */
const HEAD_BYTES = 65_536

/** The same file imported twice is stored once: what it is known by is its beginning and its size. */
export async function importFile(
  database: Database,
  insert: Insert,
  { path, toOperations = exportedOperations(), batchOperations = 20_000, onProgress = () => {}, signal }: ImportOptions,
): Promise<ImportResult> {
  const { head, size: bytesTotal } = await headOf(path)
  const id = `${IMPORTS}${createHash('sha256').update(head).digest('hex')}/${bytesTotal}`
  const position = await transferPosition(database, id)
  const done: ImportResult = position === undefined ? { lines: 0, operations: 0, rejected: 0 } : JSON.parse(position)
  let bytesRead = 0
  let { operations, rejected } = done
  let lines = 0
  let batch: IdentifiedOperation[] = []
  const store = async () => {
    signal?.throwIfAborted()
    if (batch.length > 0) await insert(batch, `${id}/${operations}`)
    operations += batch.length
    batch = []
    const result: ImportResult = { lines, operations, rejected }
    await recordTransferPosition(database, id, JSON.stringify(result))
    onProgress({ ...result, bytesRead, bytesTotal })
  }
  const bytes = bytesOf(path, head, (count) => {
    bytesRead += count
  })
  for await (const line of linesOf(bytes)) {
    lines++
    if (lines <= done.lines) continue
    const found = read(line, toOperations)
    if (found.length === 0) rejected++
    else batch.push(...found)
    if (batch.length >= batchOperations) await store()
  }
  if (lines > done.lines) await store()
  return { lines, operations, rejected }
}

/** Operations that all imports so far have brought into the store. */
export async function importedOperations(database: Database): Promise<number> {
  const positions = await transferPositions(database, IMPORTS)
  return positions.reduce((sum, position) => sum + (JSON.parse(position) as ImportResult).operations, 0)
}

async function headOf(path: string): Promise<{ readonly head: Buffer; readonly size: number }> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return { head: buffer.subarray(0, bytesRead), size }
  } finally {
    await file.close()
  }
}

function bytesOf(path: string, head: Buffer, onRead: (bytes: number) => void): AsyncIterable<Uint8Array> {
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, callback: TransformCallback) {
      onRead(chunk.length)
      callback(null, chunk)
    },
  })
  const isGzip = head[0] === 0x1f && head[1] === 0x8b
  const streams = [createReadStream(path), counted, ...(isGzip ? [createGunzip()] : [])]
  // What goes wrong in any of them is thrown where the last one is read.
  return pipeline(streams, () => {}) as unknown as AsyncIterable<Uint8Array>
}

function read(
  line: string,
  toOperations: (line: unknown) => readonly IdentifiedOperation[],
): readonly IdentifiedOperation[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return []
  }
  return toOperations(value)
}

function exportedOperations(): (line: unknown) => readonly IdentifiedOperation[] {
  const readExported = createExportedReader()
  return (line) => {
    const operation = readExported(line)
    return operation === undefined ? [] : [operation]
  }
}
