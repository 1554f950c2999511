/**
 * Inserts operations of two days into the store of its argument, a JSON object, and tells how many each table counts. A process has one
 * embedded store.
 */
import { writeSync } from 'node:fs'

const built = (/** @type {string} */ path) => new URL(`../../src/collector/dist/${path}`, import.meta.url).href
const { openStore } = await import(built('store/store.js'))
const { STORED_TABLES } = await import(built('store/schema.js'))

const { path, token, times } = JSON.parse(process.argv[2] ?? '')
const DAY_MS = 86_400_000
const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2
const operations = [0, 1].map((day) => ({ id: `${token}/${day}`, operation: 'chat', startTime: noon - day * DAY_MS }))

const store = await openStore({ path }, {})
for (let time = 0; time < times; time++) await store.insert(operations, token)
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
