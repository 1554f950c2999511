/** Stores for tests, on temporary directories: embedded, and by HTTP through the front. Each test file closes what it opened by `closeAll`. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { STORED_TABLES } from '../../../src/collector/store/schema.js'
import { openStore, type Store, type StoreOptions } from '../../../src/collector/store/store.js'

const directories: string[] = []
const stores: Store[] = []
const fronts: ChildProcess[] = []

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-store-'))
  directories.push(directory)
  return directory
}

/** The URL of a new front on an engine of its own. */
export async function startFront(): Promise<string> {
  const path = fileURLToPath(new URL('http-front.js', import.meta.url))
  const front = fork(path, [temporaryDirectory()], { execArgv: [] })
  fronts.push(front)
  const [{ port }] = (await once(front, 'message')) as [{ port: number }]
  return `http://127.0.0.1:${port}`
}

export async function opened(location: Parameters<typeof openStore>[0], options?: StoreOptions): Promise<Store> {
  const store = await openStore(location, options)
  stores.push(store)
  return store
}

/** SQL of how many operations each table counts. */
export const COUNTS: { readonly [table: string]: string } = Object.fromEntries(
  STORED_TABLES.map(({ name }) => [name, name === 'operations' ? 'count()' : 'sum(operations)']),
)

export async function countsOf(store: Store): Promise<{ [table: string]: number }> {
  const counts: { [table: string]: number } = {}
  for (const [table, count] of Object.entries(COUNTS)) {
    const rows = await store.query<{ n: number }>(`SELECT ${count} AS n FROM ${store.table(table)}`)
    counts[table] = rows[0]!.n
  }
  return counts
}

export function inEveryTable(count: number): { [table: string]: number } {
  return Object.fromEntries(Object.keys(COUNTS).map((table) => [table, count]))
}

export async function closeAll(): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  for (const front of fronts.splice(0)) {
    const ended = once(front, 'exit')
    front.disconnect()
    await ended
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}
