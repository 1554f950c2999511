/** The directories and parts of the engine's tables, as they stand on the disk. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** What the names of parts that are put aside begin with. */
export const PUT_ASIDE = 'cut-off_'
/** The partition, the first and the last insert whose rows are in the part, how often it was merged, and how often changed. */
const PART = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/

const ATTACH_AGAIN_MS = 20

export type Part = { readonly name: string; readonly partition: string; readonly first: number; readonly last: number }

/** The directories of all tables. */
export function tablesIn(engine: string): readonly string[] {
  const store = join(engine, 'store')
  if (!existsSync(store)) return []
  return readdirSync(store).flatMap((group) => readdirSync(join(store, group)).map((name) => join(store, group, name)))
}

/** Changes a table's files under an engine that is open, which reads them when a table is attached. `query`: of the engine. */
export async function whileDetached(
  table: string,
  query: (sql: string) => Promise<string>,
  change: () => void,
): Promise<void> {
  const name = await query(
    `SELECT concat('\`', database, '\`.\`', name, '\`') FROM system.tables WHERE uuid = '${basename(table)}'`,
  )
  // It was dropped.
  if (name === '') return
  // Not SYNC, which waits for the queries that run: a session of one that fails meanwhile is closed, and lets go of the table, only after
  // what the engine is just doing, which would be to wait for it.
  await query(`DETACH TABLE ${name}`)
  try {
    change()
  } finally {
    await attach(name, query)
  }
}

/** Again and again until no query has it any more that began before it was detached: each has its time. */
async function attach(name: string, query: (sql: string) => Promise<string>): Promise<void> {
  for (;;)
    try {
      await query(`ATTACH TABLE ${name}`)
      return
    } catch (error) {
      if (!String(error).includes('still used by some query')) throw error
      await setTimeout(ATTACH_AGAIN_MS)
    }
}

/** Those that count, and those that were merged into others: they are kept for eight minutes. */
export function partsIn(table: string): readonly Part[] {
  return readdirSync(table).flatMap((name) => partOf(name) ?? [])
}

export function partOf(name: string): Part | undefined {
  const [, partition, first, last] = PART.exec(name) ?? []
  if (partition === undefined) return undefined
  return { name, partition, first: Number(first), last: Number(last) }
}

export const holds = (whole: Part, part: Part) =>
  whole.partition === part.partition && whole.first <= part.first && part.last <= whole.last

/** Into the table's `detached`, so that the engine knows nothing of them; what they were merged of counts again without them. */
export function putAside(table: string, parts: readonly Part[]): void {
  for (const { name } of parts) {
    const aside = join(table, 'detached', `${PUT_ASIDE}${name}`)
    // Names are given again.
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(join(table, 'detached'), { recursive: true })
    renameSync(join(table, name), aside)
  }
}
