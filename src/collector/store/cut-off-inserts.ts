/**
 * What the engine leaves undone for an insert to be in each table once or not at all, and on the disk when it says so. For each part of an
 * insert it notes the insert's token in a log beside the table, and then moves the part to its place (ClickHouse 26.7; later versions the
 * other way round); it syncs neither (its issue 111577). Cut off between the two it takes what is sent again for what it has; after a power
 * cut rows may be there whose token is gone. So an insert that is under way is noted as such, and what one left that was cut off is taken
 * back before the next: the same is sent again.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { givenUp, isMergedOf, type Log, logFilesOf, logOf, type Note, tokenOf } from './insert-tokens.js'
import { createPartCheck, type PartCheck } from './short-parts.js'
import { holds, type Part, partsIn, putAside, tablesIn, whileDetached } from './table-files.js'

/** The file beside the engine's that tells whether an insert is under way. */
export const UNDER_WAY = 'insert-under-way'
const YES = '1'
const NO = '0'

/** What an insert that was cut off left in a table. */
type CutOff = {
  readonly log: Log
  /** Tokens whose rows are not in their place. */
  readonly missing: readonly Note[]
  /** Rows in their place without a token. */
  readonly unnoted: readonly Part[]
}

export type WholeInserts = {
  /** Runs one that is to get to every table once, however often it is tried; resolves when it is on the disk. `query`: of the engine. */
  run(insert: () => Promise<void>, query: (sql: string) => Promise<string>): Promise<void>
  /** What it checks by: for merges between inserts. */
  readonly written: PartCheck
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
  const written = createPartCheck()
  let isWhole = true
  return {
    written,
    async run(insert, query) {
      if (!isWhole) await takeBackFailed(engine, query)
      isWhole = false
      await note(YES)
      await insert()
      await written.check(query)
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
  const log = logFilesOf(table).at(-1)
  if (log === undefined) return
  await sync(dirname(log))
  // Those before it are synced when it is begun.
  await sync(log)
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What was dropped is removed at some time. */
function unlessNotThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

function takeBackCutOff(engine: string): void {
  for (const table of tablesIn(engine)) {
    const cutOff = cutOffIn(table)
    if (cutOff !== undefined) takeBack(table, cutOff)
  }
}

async function takeBackFailed(engine: string, query: (sql: string) => Promise<string>): Promise<void> {
  for (const table of tablesIn(engine)) {
    const cutOff = cutOffIn(table)
    if (cutOff !== undefined) await whileDetached(table, query, () => takeBack(table, cutOff))
  }
}

/** `undefined` where nothing is; also where tokens are not noted at all, or not as is understood: such a table is left as it is. */
function cutOffIn(table: string): CutOff | undefined {
  const log = logOf(table)
  if (log === undefined) return undefined
  const { noted, bytes, wholeBytes } = log
  const parts = partsIn(table)
  const missing = noted.filter(
    (note) => tokenOf(note) === tokenOf(noted.at(-1)!) && !parts.some((part) => holds(part, note.part)),
  )
  const unnoted = unnotedOf(parts, noted)
  if (missing.length === 0 && unnoted.length === 0 && wholeBytes === bytes) return undefined
  return { log, missing, unnoted }
}

/** Those with rows of an insert that no token stands for, which was the last one. */
function unnotedOf(parts: readonly Part[], noted: readonly Note[]): readonly Part[] {
  // Without any token there is nothing to tell by.
  if (noted.length === 0) return []
  const last = noted.reduce((most, { part }) => Math.max(most, part.last), 0)
  const others = parts.filter((part) => part.last <= last)
  return parts.filter((part) => part.first > last || (part.last > last && isMergedOf(part, others, noted)))
}

/** Gives tokens without rows up, and puts rows without a token aside. */
function takeBack(table: string, { log, missing, unnoted }: CutOff): void {
  // Half a line would be read as one with what is written after it.
  if (log.wholeBytes < log.bytes) truncateSync(log.file, log.wholeBytes)
  if (missing.length > 0) appendFileSync(log.file, missing.map(givenUp).join(''))
  putAside(table, unnoted)
}
