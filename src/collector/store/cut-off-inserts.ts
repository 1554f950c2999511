/**
 * What the engine itself leaves undone for an insert to be in each table once or not at all, and on the disk when it says so. For each part
 * of an insert it notes the insert's token in a log beside the table, and then moves the part to its place; it syncs neither. Killed
 * between the two it would take what is sent again for what it has.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, truncateSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a table's tokens are noted, in files that are numbered upwards. */
const LOGS = 'deduplication_logs'
const LOG = /^deduplication_log_(\d+)\.txt$/
/** A token is taken in with a part, or given up again. */
const RECORD = /^([12])\t([^\t_]+_\d+_\d+_\d+(?:_\d+)?)\t([^\t]+)$/
const TAKEN = '1'
const GIVEN_UP = '2'
/** The last of them that are looked at: an insert has one for each day, month or year that it has rows of. */
const RECORDS = 5000
/** The partition, the first and the last insert whose rows are in the part, how often it was merged, and how often changed. */
const PART = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/

type Part = { readonly name: string; readonly partition: string; readonly first: number; readonly last: number }
/** `id`: the partition, and what is made of the insert's token and the table. */
type Note = { readonly id: string; readonly part: Part }

/** Has on the disk what was inserted: the names of the parts, whose files the engine syncs, and the tokens. */
export async function syncTables(engine: string): Promise<void> {
  for (const group of await readdir(join(engine, 'store'))) {
    for (const name of await readdir(join(engine, 'store', group))) {
      const table = join(engine, 'store', group, name)
      await sync(table)
      const logs = logsAmong(await readdir(join(table, LOGS)).catch(() => []))
      if (logs.length === 0) continue
      await sync(join(table, LOGS))
      // Those before it are synced when it is begun.
      await sync(join(table, LOGS, logs.at(-1)!))
    }
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Makes it so that what is sent again of an insert that was cut off gets to every table once. Before the engine opens its files.
 * `afterPowerCut`: what was not synced may be gone, tokens too. Then what is there without one is put aside, into the table's `detached`;
 * not what was merged already with what was there before.
 */
export function takeBackCutOff(engine: string, { afterPowerCut }: { readonly afterPowerCut: boolean }): void {
  const store = join(engine, 'store')
  if (!existsSync(store)) return
  for (const group of readdirSync(store)) {
    for (const name of readdirSync(join(store, group))) takeBackIn(join(store, group, name), afterPowerCut)
  }
}

function takeBackIn(table: string, afterPowerCut: boolean): void {
  const directory = join(table, LOGS)
  const logs = existsSync(directory) ? logsAmong(readdirSync(directory)) : []
  const log = logs.at(-1)
  if (log === undefined) return
  dropHalfALine(join(directory, log))
  const noted = notedIn(logs.slice(-2).map((file) => join(directory, file)))
  const newest = noted?.at(-1)
  if (noted === undefined || newest === undefined) return
  const parts = readdirSync(table).flatMap((name) => partOf(name) ?? [])
  const isThere = ({ part }: Note) => parts.some((whole) => holds(whole, part))
  const missing = noted.filter((note) => tokenOf(note) === tokenOf(newest) && !isThere(note))
  // What stands in the log is what the engine knows when it is opened.
  const records = missing.map(({ id, part }) => `${GIVEN_UP}\t${part.name}\t${id}\n`)
  if (records.length > 0) appendFileSync(join(directory, log), records.join(''), { flush: true })
  if (!afterPowerCut) return
  const last = noted.reduce((most, { part }) => Math.max(most, part.last), 0)
  for (const { name } of parts.filter(({ first }) => first > last)) {
    mkdirSync(join(table, 'detached'), { recursive: true })
    renameSync(join(table, name), join(table, 'detached', `cut-off_${name}`))
  }
}

const logsAmong = (names: readonly string[]) =>
  names.filter((name) => LOG.test(name)).sort((a, b) => numberOf(a) - numberOf(b))
const numberOf = (log: string) => Number(LOG.exec(log)![1])

function dropHalfALine(log: string): void {
  const bytes = readFileSync(log)
  const whole = bytes.lastIndexOf('\n') + 1
  if (whole < bytes.length) truncateSync(log, whole)
}

/** The last tokens that count, oldest first; `undefined` where a log says what is not understood, which is left as it is. */
function notedIn(logs: readonly string[]): readonly Note[] | undefined {
  const notes = new Map<string, Note>()
  const lines = logs.flatMap((log) => readFileSync(log, 'latin1').split('\n')).filter((line) => line !== '')
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
