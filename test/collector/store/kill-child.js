/**
 * Inserts a batch and kills itself in the middle: as soon as one of the tables has rows of it and another has not. Started with a JSON file
 * with the statement that inserts it, as the store would, and which view to slow down so that there is such a moment. Exits 3 where it saw none.
 */
import { readFileSync } from 'node:fs'
import { Session } from 'chdb'

const { directory, sql, view, tables } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const writer = new Session(directory)
const reader = new Session(directory)

/** @param {string} sql */
const text = async (sql) => (await writer.queryAsync(sql, { format: 'TSVRaw' })).text().trimEnd()
const select = await text(`SELECT as_select FROM system.tables WHERE database = 'tokmeter' AND name = '${view}'`)
await text(`ALTER TABLE tokmeter.${view} MODIFY QUERY SELECT * FROM (${select}) WHERE sleepEachRow(0.15) = 0`)

async function counts() {
  const counted = []
  for (const [table, count] of tables) {
    const result = await reader.queryAsync(`SELECT ${count} FROM tokmeter.${table}`, { format: 'TSV' })
    counted.push(Number(result.text()))
  }
  return counted
}

const before = await counts()
let isDone = false
const inserted = writer.queryAsync(sql).then(() => {
  isDone = true
})
while (!isDone) {
  const now = await counts()
  const changed = now.map((count, index) => count !== before[index])
  if (changed.includes(true) && changed.includes(false)) process.kill(process.pid, 'SIGKILL')
}
await inserted
process.exit(3)
