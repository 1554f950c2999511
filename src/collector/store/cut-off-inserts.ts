/**
 * What the engine leaves undone for an insert to be in each table once or not at all, and on the disk when it says so. For each part of an
 * insert it notes the insert's token in a log beside the table, and then moves the part to its place (ClickHouse 26.7; later versions the
 * other way round); it syncs neither (its issue 111577). Cut off between the two it takes what is sent again for what it has; after a power
 * cut rows may be there whose token is gone. So an insert that is under way is noted as such, and what one left that was cut off is taken
 * back before the next: the same is sent again.
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
import { open, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** The file beside the engine's that tells whether an insert is under way. */
export const UNDER_WAY = 'insert-under-way'
const YES = '1'
const NO = '0'
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
/** What an insert that was cut off left in a table. */
type CutOff = {
  /** The file that tokens are noted in, bytes of its whole lines, and all of them. */
  readonly log: string
  readonly whole: number
  readonly length: number
  /** Tokens whose rows are not in their place. */
  readonly missing: readonly Note[]
  /** Rows in their place without a token. */
  readonly unnoted: readonly Part[]
}

export type WholeInserts = {
  /** Runs one that is to get to every table once, however often it is tried; resolves when it is on the disk. `query`: of the engine. */
  run(insert: () => Promise<void>, query: (sql: string) => Promise<string>): Promise<void>
}

/** Before the engine opens its files. It has one insert at a time. */
export async function openWholeInserts(engine: string): Promise<WholeInserts> {
  const path = join(engine, '..', UNDER_WAY)
  if (existsSync(path) && readFileSync(path, 'latin1') === YES) {
    takeBackCutOff(engine)
    await syncTables(engine)
  }
  const note = (answer: string) => writeFile(path, answer, { flush: true })
  await note(NO)
  await sync(join(engine, '..'))
  let isWhole = true
  return {
    async run(insert, query) {
      if (!isWhole) await takeBackFailed(engine, query)
      isWhole = false
      await note(YES)
      await insert()
      await syncTables(engine)
      await note(NO)
      isWhole = true
    },
  }
}

/** Has on the disk what was inserted: the names of the parts, whose files the engine syncs, and the tokens. */
async function syncTables(engine: string): Promise<void> {
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

function takeBackCutOff(engine: string): void {
  for (const table of tablesIn(engine)) {
    const cutOff = cutOffIn(table)
    if (cutOff !== undefined) takeBack(table, cutOff)
  }
}

/** The engine reads the log of a table when that is attached. */
async function takeBackFailed(engine: string, query: (sql: string) => Promise<string>): Promise<void> {
  for (const table of tablesIn(engine)) {
    const cutOff = cutOffIn(table)
    if (cutOff === undefined) continue
    const name = await query(
      `SELECT concat('\`', database, '\`.\`', name, '\`') FROM system.tables WHERE uuid = '${basename(table)}'`,
    )
    // It was dropped.
    if (name === '') continue
    await query(`DETACH TABLE ${name} SYNC`)
    try {
      takeBack(table, cutOff)
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

/** `undefined` where nothing is; also where tokens are not noted at all, or a log says what is not understood: such a table is left as it is. */
function cutOffIn(table: string): CutOff | undefined {
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
  const missing = noted.filter(
    (note) => tokenOf(note) === tokenOf(noted.at(-1)!) && !parts.some((part) => holds(part, note.part)),
  )
  const unnoted = unnotedOf(parts, noted)
  if (missing.length === 0 && unnoted.length === 0 && whole === bytes.length) return undefined
  return { log, whole, length: bytes.length, missing, unnoted }
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

/** Those with rows of an insert that no token stands for, which was the last one. */
function unnotedOf(parts: readonly Part[], noted: readonly Note[]): readonly Part[] {
  // Without any token there is nothing to tell by.
  if (noted.length === 0) return []
  const last = noted.reduce((most, { part }) => Math.max(most, part.last), 0)
  const others = parts.filter((part) => part.last <= last)
  // The engine keeps what it merged for eight minutes: what else is in a merged part is there once more, and counts again without it.
  const isMergedOf = (merged: Part) =>
    others.some(({ partition, first }) => partition === merged.partition && first === merged.first) &&
    noted.every(({ part }) => !holds(merged, part) || others.some((other) => holds(other, part)))
  return parts.filter((part) => part.first > last || (part.last > last && isMergedOf(part)))
}

/** Gives tokens without rows up, and puts rows without a token aside, into the table's `detached`. */
function takeBack(table: string, { log, whole, length, missing, unnoted }: CutOff): void {
  // Half a line would be read as one with what is written after it.
  if (whole < length) truncateSync(log, whole)
  const records = missing.map(({ id, part }) => `${GIVEN_UP}\t${part.name}\t${id}\n`)
  if (records.length > 0) appendFileSync(log, records.join(''))
  for (const { name } of unnoted) {
    const aside = join(table, 'detached', `${PUT_ASIDE}${name}`)
    // Names are given again.
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(join(table, 'detached'), { recursive: true })
    renameSync(join(table, name), aside)
  }
}
