/** What a collector that has ended left in its store, asked of the store itself, and compared with what was acknowledged. */
import { execFile } from 'node:child_process'
import { createReadStream, existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { environment, MAIN } from './collector.js'

const run = promisify(execFile)
const ROLLUPS = fileURLToPath(new URL('rollups-child.js', import.meta.url))

/** @typedef {{ data: string, url?: string, scratch?: string }} Place A data directory, or a server's URL; where files may be written. */

/** Ids of all operations in the store, as often as they are there. @param {Place} place */
export async function storedIds({ data, url, scratch = dirname(data) }) {
  const file = join(scratch, 'stored.jsonl')
  rmSync(file, { force: true })
  const where = url === undefined ? [] : ['--set', `store.url=${url}`]
  await run(process.execPath, [MAIN, 'export', file, '--format', 'jsonl', '--data', data, ...where], {
    cwd: dirname(data),
    env: environment(),
    maxBuffer: 1e8,
  })
  /** @type {string[]} */
  const ids = []
  if (existsSync(file)) {
    for await (const line of createInterface({ input: createReadStream(file) })) ids.push(JSON.parse(line).id)
    rmSync(file)
  }
  return ids
}

/** Operations that each of the sums counts. @param {Place} place @returns {Promise<{ [table: string]: number }>} */
async function rollupCounts({ data, url }) {
  const { stdout } = await run(process.execPath, [
    ROLLUPS,
    JSON.stringify(url === undefined ? { path: join(data, 'store') } : { url }),
  ])
  return JSON.parse(stdout)
}

/**
 * What was lost, what is there twice, and all else that is not as it must be: rows nobody sent, sums that count something else.
 * @param {Place} place @param {{ sent: ReadonlySet<string>, acknowledged: ReadonlySet<string> }} senders
 */
export async function compare(place, { sent, acknowledged }) {
  const ids = await storedIds(place)
  const stored = new Set(ids)
  let lost = 0
  for (const id of acknowledged) if (!stored.has(id)) lost++
  const unknown = ids.filter((id) => !sent.has(id)).length
  const doubled = ids.length - stored.size
  const wrong = []
  if (lost > 0) wrong.push(`${lost} acknowledged operations are not stored`)
  if (doubled > 0) wrong.push(`${doubled} operations are stored twice`)
  if (unknown > 0) wrong.push(`${unknown} operations are stored that nobody sent`)
  for (const [table, count] of Object.entries(await rollupCounts(place))) {
    if (count !== ids.length) wrong.push(`${table} counts ${count} operations, ${ids.length} are stored`)
  }
  return { rows: ids.length, lost, doubled, wrong }
}

/**
 * What is wrong with the ledger of a collector that has stored everything.
 * @param {any} ledger @param {{ rows: number }} stored
 */
export function compareLedger(ledger, { rows }) {
  const wrong = [...ledger.imbalances]
  if (ledger.stored !== rows) wrong.push(`the ledger says that ${ledger.stored} are stored; it is ${rows}`)
  const dropped = Object.entries(ledger.dropped).filter(([, count]) => Number(count) > 0)
  if (dropped.length > 0) wrong.push(`dropped: ${JSON.stringify(ledger.dropped)}`)
  return wrong
}
