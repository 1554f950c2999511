/** The tokens of inserts, as the engine notes them in a log beside each table: one for each part that an insert makes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { holds, type Part, partOf } from './table-files.js'

/** Where they are noted, in files that are numbered upwards. */
const LOGS = 'deduplication_logs'
const LOG = /^deduplication_log_(\d+)\.txt$/
/** A token is taken in with a part, or given up again. */
const RECORD = /^([12])\t([^\t_]+_\d+_\d+_\d+(?:_\d+)?)\t([^\t]+)$/
const TAKEN = '1'
const GIVEN_UP = '2'
/** The last of them that are looked at: an insert has one for each day, month or year that it has rows of. */
const RECORDS = 5000

/** `id`: the partition, and what is made of the insert's token and the table. */
export type Note = { readonly id: string; readonly part: Part }

export type Log = {
  /** The file the next token is noted in, bytes of its whole lines, and all of them. */
  readonly file: string
  readonly wholeBytes: number
  readonly bytes: number
  /** The last that count, oldest first. */
  readonly noted: readonly Note[]
}

/** The log's files, oldest first; none where the table takes no tokens. */
export function logFilesOf(table: string): readonly string[] {
  const directory = join(table, LOGS)
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).filter((name) => LOG.test(name))
  return names.sort((a, b) => numberOf(a) - numberOf(b)).map((name) => join(directory, name))
}

const numberOf = (log: string) => Number(LOG.exec(log)![1])

/** `undefined` where the table takes no tokens, or the log says what is not understood. */
export function logOf(table: string): Log | undefined {
  const files = logFilesOf(table)
  const file = files.at(-1)
  if (file === undefined) return undefined
  const bytes = readFileSync(file)
  const wholeBytes = bytes.lastIndexOf('\n') + 1
  const before = files.slice(-2, -1).map((older) => readFileSync(older, 'latin1'))
  const noted = notedIn([...before, bytes.toString('latin1', 0, wholeBytes)].join(''))
  return noted && { file, wholeBytes, bytes: bytes.length, noted }
}

function notedIn(text: string): readonly Note[] | undefined {
  const notes = new Map<string, Note>()
  const lines = text.split('\n').filter((line) => line !== '')
  for (const line of lines.slice(-RECORDS)) {
    const [, kind, name = '', id = ''] = RECORD.exec(line) ?? []
    const part = partOf(name)
    if (part === undefined) return undefined
    notes.delete(id)
    if (kind === TAKEN) notes.set(id, { id, part })
  }
  return [...notes.values()]
}

/** What makes the engine forget it. */
export function givenUp({ id, part }: Note): string {
  return `${GIVEN_UP}\t${part.name}\t${id}\n`
}

/** The same for all parts of an insert into a table. */
export const tokenOf = ({ id, part }: Note) => id.slice(part.partition.length)

/** All that is in the merged part and was noted is in the others too: without it they count again. The engine keeps them for eight minutes. */
export function isMergedOf(merged: Part, others: readonly Part[], noted: readonly Note[]): boolean {
  return (
    others.some(({ partition, first }) => partition === merged.partition && first === merged.first) &&
    noted.every(({ part }) => !holds(merged, part) || others.some((other) => holds(other, part)))
  )
}
