/** Tells how many operations each of the sums of a store counts. Its argument is where the store is, as JSON. A process has one embedded store. */
const { openStore } = await import(new URL('../../src/collector/dist/store/store.js', import.meta.url).href)
const store = await openStore(JSON.parse(process.argv[2] ?? ''), {})
/** @type {{ [table: string]: number }} */
const counts = {}
for (const tier of ['1m', '5m', '1h', '1d']) {
  const table = `operations_${tier}`
  const [row] = await store.query(`SELECT sum(operations) AS counted FROM ${store.table(table)}`)
  counts[table] = Number(row.counted)
}
await store.close()
console.log(JSON.stringify(counts))
