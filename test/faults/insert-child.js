/**
 * Inserts an operation of each of the `days` into the store of its argument, a JSON object, twice if that is said, and tells how many each table counts.
 * With `mayFail` once more when that fails, without the tracer that had it fail. A process has one embedded store.
 */
import { readFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const built = (/** @type {string} */ path) => new URL(`../../src/collector/dist/${path}`, import.meta.url).href
const { openStore } = await import(built('store/store.js'))
const { STORED_TABLES } = await import(built('store/schema.js'))

const { path, token, days, twice, mayFail } = JSON.parse(process.argv[2] ?? '')
const operations = days.map((/** @type {number} */ startTime) => ({
  id: `${token}/${startTime}`,
  operation: 'chat',
  startTime,
}))

/** 0 without one. */
const tracer = () => Number(/TracerPid:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])

const store = await openStore({ path }, {})
try {
  await store.insert(operations, token)
} catch (error) {
  if (!mayFail) throw error
  writeSync(2, 'failed')
  process.kill(tracer(), 'SIGTERM')
  while (tracer() !== 0) await sleep(10)
  await store.insert(operations, token)
}
if (twice) await store.insert(operations, token)
// From here on it is durable: for whoever traces this process.
writeSync(2, 'inserted')
/** @type {{ [table: string]: number }} */
const counts = {}
for (const { name } of STORED_TABLES) {
  const count = name === 'operations' ? 'count()' : 'sum(operations)'
  const [row] = await store.query(`SELECT ${count} AS counted FROM ${store.table(name)}`)
  counts[name] = row.counted
}
await store.close()
console.log(JSON.stringify(counts))
