// The states are made by hand here, out of the files of the engine; test/faults/cut-insert.js makes them by killing.
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UNDER_WAY } from '../../../src/collector/store/cut-off-inserts.js'
import { chat, NOON } from './operations.js'
import { COUNTS, closeAll, countsOf, inEveryTable, opened, temporaryDirectory } from './stores.js'

afterAll(closeAll)

const DAY_MS = 86_400_000

type Batch = ReturnType<typeof chat>[]
type Table = { readonly directory: string; readonly log: string; readonly lengthBefore: number }

let path: string
let batch: Batch
let tables: readonly Table[]

const filesOf = (directory: string) => readdirSync(directory, { recursive: true, encoding: 'utf8' })

/** The tables of the store that take every token once. */
const logsOf = () =>
  filesOf(join(path, 'engine/store'))
    .filter((name) => name.endsWith('/deduplication_log_1.txt'))
    .map((name) => join(path, 'engine/store', name))

/** Parts of the last insert, as the log has them. */
const lastParts = ({ log, lengthBefore }: Table) =>
  readFileSync(log, 'utf8')
    .slice(lengthBefore)
    .split('\n')
    .flatMap((line) => line.split('\t')[1] ?? [])

const detached = () => filesOf(join(path, 'engine/store')).filter((name) => /\/detached\/[^/]+$/.test(name))

const twoDays = () => [chat(), chat({ startTime: NOON - DAY_MS })]

/** Sends the last insert again, twice. */
async function countsWhenSentAgain(token = 'last') {
  const store = await opened({ path })
  for (let time = 0; time < 2; time++) await store.insert(batch, token)
  const counts = await countsOf(store)
  await store.close()
  return counts
}

beforeAll(async () => {
  path = temporaryDirectory()
  const store = await opened({ path })
  await store.insert(twoDays(), 'before')
  const lengths = logsOf().map((log) => [log, statSync(log).size] as const)
  batch = twoDays()
  await store.insert(batch, 'last')
  await store.close()
  tables = lengths.map(([log, lengthBefore]) => ({ log, lengthBefore, directory: join(log, '../..') }))
  expect(tables.length).toBe(Object.keys(COUNTS).length)
})

test('where a token is noted and its rows are not in their place, they are taken when they are sent again', async () => {
  // Each table as it is when the process is killed within it: of several parts the last.
  for (const table of tables) rmSync(join(table.directory, lastParts(table).at(-1)!), { recursive: true })
  writeFileSync(join(path, UNDER_WAY), '1')
  expect(await countsWhenSentAgain()).toEqual(inEveryTable(4))
})

test('rows without a token are left where they are, unless an insert was under way', async () => {
  for (const { log, lengthBefore } of tables) truncateSync(log, lengthBefore)
  const store = await opened({ path })
  expect(await countsOf(store)).toEqual(inEveryTable(4))
  await store.close()
  expect(detached()).toEqual([])
})

test('rows whose token is gone or there by half are put aside, and taken when they are sent again', async () => {
  // And once more, with parts of the same names.
  for (let time = 0; time < 2; time++) {
    for (const { log, lengthBefore } of tables) {
      truncateSync(log, lengthBefore)
      appendFileSync(log, '1\t2026')
    }
    writeFileSync(join(path, UNDER_WAY), '1')
    expect(await countsWhenSentAgain()).toEqual(inEveryTable(4))
    expect(new Set(detached().map((name) => name.split('/')[1])).size).toBe(tables.length)
  }
})

test('what was put aside is gone when somebody is erased', async () => {
  const store = await opened({ path })
  await store.eraseIdentity('somebody')
  expect(detached()).toEqual([])
  await store.close()
})

test('rows without a token that were merged already are put aside too, and those they were merged with stay', async () => {
  const store = await opened({ path })
  const lengths = tables.map(({ log }) => statSync(log).size)
  batch = twoDays()
  await store.insert(batch, 'merged')
  for (const table of Object.keys(COUNTS))
    await store.database.engine.command(`OPTIMIZE TABLE ${store.table(table)} FINAL`)
  const parts = await store.query<{ n: number }>(
    "SELECT count() AS n FROM system.parts WHERE database = 'tokmeter' AND active AND table LIKE 'operations%' GROUP BY table, partition",
  )
  expect(new Set(parts.map(({ n }) => n))).toEqual(new Set([1]))
  await store.close()
  for (const [index, { log }] of tables.entries()) truncateSync(log, lengths[index])
  writeFileSync(join(path, UNDER_WAY), '1')
  expect(await countsWhenSentAgain('merged')).toEqual(inEveryTable(6))
})

test('what was put aside is gone after a week', async () => {
  const store = await opened({ path })
  const names = detached()
  expect(names.length).toBeGreaterThan(0)
  await store.applyRetention(Date.now() + 6 * DAY_MS)
  expect(detached()).toEqual(names)
  await store.applyRetention(Date.now() + 8 * DAY_MS)
  expect(detached()).toEqual([])
  await store.close()
})

test('rows that could not be moved to their place are taken when they are sent again by the same process', async () => {
  const store = await opened({ path })
  const { directory } = tables[0]!
  // The numbers of inserts go on from the greatest there is.
  const [partition] = lastParts(tables[0]!)[0]!.split('_')
  const names = Array.from({ length: 40 }, (_, n) => [`${partition}_${n}_${n}_0`, `${partition}_${n}_${n}_1`]).flat()
  const obstacles = names.map((name) => join(directory, name)).filter((name) => !existsSync(name))
  for (const file of obstacles) writeFileSync(file, '')
  batch = twoDays()
  await expect(store.insert(batch, 'failed')).rejects.toThrow('rename')
  for (const file of obstacles) rmSync(file)
  for (let time = 0; time < 2; time++) await store.insert(batch, 'failed')
  expect(await countsOf(store)).toEqual(inEveryTable(8))
  await store.close()
})

test('a log that says what is not understood is left as it is, and so is its table', async () => {
  const { log } = tables[0]!
  const before = detached()
  const bytes = readFileSync(log, 'utf8').replace(/.*\n$/, '3\tnobody\tknows\n')
  writeFileSync(log, bytes)
  writeFileSync(join(path, UNDER_WAY), '1')
  const store = await opened({ path })
  expect(await countsOf(store)).toEqual(inEveryTable(8))
  await store.close()
  expect([readFileSync(log, 'utf8'), detached()]).toEqual([bytes, before])
})
