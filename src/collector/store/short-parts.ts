/**
 * Parts that are shorter on the disk than the engine wrote them. It (chDB 3.4, ClickHouse 26.7) goes on when a write fails: an insert, or
 * a merge, succeeds with a file that is empty or lacks a piece. So what is new is measured before it counts as stored.
 */
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isMergedOf, logOf, tokenOf } from './insert-tokens.js'
import { partOf, partsIn, putAside, whileDetached } from './table-files.js'

/** What the engine does not count to a part's bytes. */
const NOT_COUNTED = new Set([
  'checksums.txt',
  'columns.txt',
  'columns_substreams.txt',
  'default_compression_codec.txt',
  'metadata_version.txt',
])

type Query = (sql: string) => Promise<string>

export type PartCheck = {
  /** Puts aside what was written since the last check and is shorter; throws an Error that says so. `query`: of the engine. */
  check(query: Query): Promise<void>
}

export function createPartCheck(): PartCheck {
  /** A part of the same second may have come after the last check. */
  let since = seconds()
  return {
    async check(query) {
      const begin = seconds()
      // Clocks are put back, too.
      const rows = await query(
        `SELECT path, bytes_on_disk FROM system.parts WHERE active AND modification_time >= toDateTime(${Math.min(since, begin)})`,
      )
      since = begin
      let short = 0
      for (const row of rows.split('\n')) {
        const [path = '', bytes] = row.split('\t')
        if (path === '') continue
        if (bytesOf(path) < Number(bytes) && (await putShortAside(path, query))) short++
      }
      if (short > 0)
        throw new Error(
          `writes failed that the engine did not notice: ${short} parts are shorter than they were written`,
        )
    },
  }
}

const seconds = () => Math.floor(Date.now() / 1000)

/** Infinity where it is not there any more. */
function bytesOf(part: string): number {
  try {
    return readdirSync(part).reduce(
      (sum, file) => sum + (NOT_COUNTED.has(file) ? 0 : statSync(join(part, file)).size),
      0,
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Infinity
    throw error
  }
}

/** Whether that was done: what is of the last insert is sent again, and what was merged counts without it. Anything else there is only once. */
async function putShortAside(path: string, query: Query): Promise<boolean> {
  const table = dirname(path)
  const part = partOf(basename(path))
  const noted = logOf(table)?.noted
  if (part === undefined || noted === undefined) return false
  const isNoted = noted.some(
    (note) =>
      tokenOf(note) === tokenOf(noted.at(-1)!) && note.part.first === part.first && note.part.last === part.last,
  )
  // Where its rows could not be written, its token may not have been either.
  const isNew = isNoted || noted.every((note) => note.part.last < part.first)
  const others = partsIn(table).filter(({ name }) => name !== part.name)
  if (!isNew && !isMergedOf(part, others, noted)) return false
  await whileDetached(table, query, () => putAside(table, [part]))
  return true
}
