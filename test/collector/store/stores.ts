/** Stores for tests, on temporary directories: embedded, and by HTTP through the front. Each test file closes what it opened by `closeAll`. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

export async function closeAll(): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  for (const front of fronts.splice(0)) {
    const ended = once(front, 'exit')
    front.disconnect()
    await ended
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}
