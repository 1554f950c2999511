/** The histories that the benches of the query API ask about: each made once, by `bench/query-rows.js`, and kept. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { start } from './collector-process.js'
import { progress } from './line.js'

const HOUR_MS = 3_600_000

/** Settings of a collector on a history, which is older than what is kept by default when it is used again. */
export const KEEPING = ['store.retention.raw=100d', 'store.retention.1m=100d', 'store.retention.5m=100d']

/**
 * The data directory of a collector with so many operations, and the time of the last.
 * @param {string} directory Of all histories.
 * @param {number} rows
 * @param {number} alike Operations that rollups do not tell apart.
 * @returns {Promise<{ path: string, end: number }>}
 */
export async function historyOf(directory, rows, alike) {
  const path = join(directory, `${rows}-${alike}`)
  const made = join(path, 'made.json')
  if (existsSync(made)) return { path, ...JSON.parse(readFileSync(made, 'utf8')) }
  progress(`${rows} operations are made in ${path}, once`)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  // Begun by a collector, so that everything is where it has it.
  await (await start(path)).stop()
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const args = [join(path, 'store'), String(rows), String(end), String(alike)]
  const child = fork(fileURLToPath(new URL('query-rows.js', import.meta.url)), args, { stdio: ['ignore', 2, 2, 'ipc'] })
  const exit = once(child, 'exit')
  const told = await Promise.race([once(child, 'message'), exit.then(() => undefined)])
  if (told === undefined) throw new Error('the history could not be made')
  await exit
  // Last, so that what was interrupted is made anew.
  writeFileSync(made, JSON.stringify({ end }))
  return { path, end }
}
