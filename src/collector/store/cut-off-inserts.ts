/**
 * What the engine itself leaves undone for an insert to be in each table once or not at all, and on the disk when it says so. For each part
 * of an insert it notes the insert's token in a log beside the table, and then moves the part to its place; it syncs neither. Killed
 * between the two it would take what is sent again for what it has.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** Where a table's tokens are noted, in files that are numbered upwards. */
const LOGS = 'deduplication_logs'
const LOG = /^deduplication_log_(\d+)\.txt$/
/** A token is taken in with a part, or given up again. */
const RECORD = /^([12])\t([^\t_]+_\d+_\d+_\d+(?:_\d+)?)\t([^\t]+)$/
const TAKEN = '1'
const GIVEN_UP = '2'
/** What the names of parts that are put aside begin with. */
export const PUT_ASIDE = 'cut-off_'
/** The last of them that are looked at: an insert has one for each day, month or year that it has rows of. */
const RECORDS = 5000
/** The partition, the first and the last insert whose rows are in the part, how often it was merged, and how often changed. */
const PART = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/

type Part = { readonly name: string; readonly partition: string; readonly first: number; readonly last: number }
/** `id`: the partition, and what is made of the insert's token and the table. */
type Note = { readonly id: string; readonly part: Part }
type Tokens = {
  /** The file the next one is noted in. */
  readonly log: string
  /** Bytes of its whole lines, and all of them. */
  readonly whole: number
  readonly length: number
  /** Those that count, oldest first. */
  readonly noted: readonly Note[]
  /** Those of the last insert whose rows are not in their place. */
  readonly missing: readonly Note[]
  /** What is in its place. */
  readonly parts: readonly Part[]
}

/** Has on the disk what was inserted: the names of the parts, whose files the engine syncs, and the tokens. */
export async function syncTables(engine: string): Promise<void> {
  for (const table of tablesIn(engine)) await syncTable(table).catch(unlessNotThere)
}

async function syncTable(table: string): Promise<void> {
  await sync(table)
  const directory = join(table, LOGS)
  const log = logsAmong(await readdir(directory)).at(-1)
  await sync(directory)
  // Those before it are synced when it is begun.
  if (log !== undefined) await sync(join(directory, log))
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Small tables take no tokens, and what was dropped is removed at some time. */
function unlessNotThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

/**
 * Makes it so that what is sent again of an insert that was cut off gets to every table once. Before the engine opens its files.
 * `afterPowerCut`: what was not synced may be gone, tokens too. Then rows that are there without one are put aside, into the table's
 * `detached`.
 */
export function takeBackCutOff(engine: string, { afterPowerCut }: { readonly afterPowerCut: boolean }): void {
  for (const table of tablesIn(engine)) {
    const tokens = tokensOf(table)
    if (tokens === undefined) continue
    giveUp(tokens)
    if (afterPowerCut) putAside(table, withoutToken(tokens))
  }
}

/** The same after an insert that failed, for the engine while it is open: it reads the log of a table that is attached. */
export async function takeBackFailed(engine: string, query: (sql: string) => Promise<string>): Promise<void> {
  for (const table of tablesIn(engine)) {
    const tokens = tokensOf(table)
    if (tokens === undefined || (tokens.missing.length === 0 && tokens.whole === tokens.length)) continue
    const name = await query(
      `SELECT concat('\`', database, '\`.\`', name, '\`') FROM system.tables WHERE uuid = '${basename(table)}'`,
    )
    await query(`DETACH TABLE ${name} SYNC`)
    try {
      giveUp(tokens)
    } finally {
      await query(`ATTACH TABLE ${name}`)
    }
  }
}

/** The directories of all tables. */
function tablesIn(engine: string): readonly string[] {
  const store = join(engine, 'store')
  if (!existsSync(store)) return []
  return readdirSync(store).flatMap((group) => readdirSync(join(store, group)).map((name) => join(store, group, name)))
}

/** `undefined` where it takes none, or a log says what is not understood: such a table is left as it is. */
function tokensOf(table: string): Tokens | undefined {
  const directory = join(table, LOGS)
  const logs = existsSync(directory) ? logsAmong(readdirSync(directory)).map((log) => join(directory, log)) : []
  const log = logs.at(-1)
  if (log === undefined) return undefined
  const bytes = readFileSync(log)
  const whole = bytes.lastIndexOf('\n') + 1
  const before = logs.slice(-2, -1).map((file) => readFileSync(file, 'latin1'))
  const noted = notedIn([...before, bytes.toString('latin1', 0, whole)].join(''))
  if (noted === undefined) return undefined
  const parts = readdirSync(table).flatMap((name) => partOf(name) ?? [])
  const newest = noted.at(-1)
  const missing = noted.filter(
    (note) => tokenOf(note) === tokenOf(newest!) && !parts.some((part) => holds(part, note.part)),
  )
  return { log, whole, length: bytes.length, noted, missing, parts }
}

const logsAmong = (names: readonly string[]) =>
  names.filter((name) => LOG.test(name)).sort((a, b) => numberOf(a) - numberOf(b))
const numberOf = (log: string) => Number(LOG.exec(log)![1])

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

function partOf(name: string): Part | undefined {
  const [, partition, first, last] = PART.exec(name) ?? []
  if (partition === undefined) return undefined
  return { name, partition, first: Number(first), last: Number(last) }
}

const holds = (whole: Part, part: Part) =>
  whole.partition === part.partition && whole.first <= part.first && part.last <= whole.last

/** The same for all parts of an insert into a table. */
const tokenOf = ({ id, part }: Note) => id.slice(part.partition.length)

/** Half a line would be read as one with what is written after it. */
function giveUp({ log, whole, length, missing }: Tokens): void {
  if (whole < length) truncateSync(log, whole)
  const records = missing.map(({ id, part }) => `${GIVEN_UP}\t${part.name}\t${id}\n`)
  if (records.length > 0) appendFileSync(log, records.join(''), { flush: true })
}

/** Parts with rows of an insert that no token stands for, which was the last one. */
function withoutToken({ parts, noted }: Tokens): readonly Part[] {
  // Without any there is nothing to tell by.
  const last = noted.reduce((most, { part }) => Math.max(most, part.last), noted.length === 0 ? Infinity : 0)
  const others = parts.filter((part) => part.last <= last)
  // The engine keeps what it merged for eight minutes: what else is in a merged part is there once more, and counts again without it.
  const isMergedOf = (merged: Part) =>
    others.some(({ partition, first }) => partition === merged.partition && first === merged.first) &&
    noted.every(({ part }) => !holds(merged, part) || others.some((other) => holds(other, part)))
  return parts.filter((part) => part.first > last || (part.last > last && isMergedOf(part)))
}

function putAside(table: string, parts: readonly Part[]): void {
  for (const { name } of parts) {
    const aside = join(table, 'detached', `${PUT_ASIDE}${name}`)
    // Names are given again.
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(join(table, 'detached'), { recursive: true })
    renameSync(join(table, name), aside)
  }
}
