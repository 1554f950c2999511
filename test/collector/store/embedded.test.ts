import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openEmbedded } from '../../../src/collector/store/embedded.js'
import { chat } from './operations.js'
import { closeAll, opened, temporaryDirectory } from './stores.js'

afterEach(closeAll)

test('a query that wants more memory than there is for one fails alone', async () => {
  const store = await opened({ path: temporaryDirectory() }, { memoryBytes: 256 * 2 ** 20 })
  const greedy = store.query('SELECT length(groupArray(number)) AS n FROM numbers(50000000)')
  await Promise.all([
    expect(greedy).rejects.toThrow(/memory limit/i),
    store.insert([chat()], 'meanwhile'),
    store.query('SELECT 1 AS one'),
  ])
  expect((await store.size()).operations).toBe(1)
})

test('closing waits for what is running, twice if asked twice, and nothing goes on afterwards', async () => {
  const path = temporaryDirectory()
  const store = await opened({ path })
  const inserted = store.insert([chat()], 'token')
  const queried = store.query<{ n: number }>('SELECT count() AS n FROM numbers(100000000)')
  await Promise.all([store.close(), store.close()])
  expect([await inserted, await queried]).toEqual([undefined, [{ n: 100_000_000 }]])
  await expect(store.insert([chat()], 'later')).rejects.toThrow('the store is closed')
  await expect(store.query('SELECT 1')).rejects.toThrow('the store is closed')
  const again = await opened({ path })
  expect((await again.size()).operations).toBe(1)
})

test('nothing is inserted where the disk is nearly full, and all of it when there is room again', async () => {
  let free = 33 * 2 ** 20
  const engine = await openEmbedded(join(temporaryDirectory(), 'engine'), {
    memoryBytes: 384 * 2 ** 20,
    concurrentQueries: 1,
    freeBytes: async () => free,
  })
  try {
    await engine.command('CREATE TABLE texts (text String) ENGINE = MergeTree ORDER BY text')
    const insert = (text: string) =>
      engine.insert({
        format: 'TabSeparated',
        table: '`default`.`texts`',
        columns: ['text'],
        body: Buffer.from(`${text}\n`),
        settings: {},
      })
    await insert('before')
    free = 31 * 2 ** 20
    await expect(insert('while full')).rejects.toThrow('is full: 31 MiB are free, and 33 MiB are needed to store')
    free = Infinity
    await insert('after')
    expect(await engine.query('SELECT text FROM texts ORDER BY text')).toEqual([{ text: 'after' }, { text: 'before' }])
  } finally {
    await engine.close()
  }
})

test('what a query wrote before it failed, or was stopped, is in the answer of no other', async () => {
  const engine = await openEmbedded(join(temporaryDirectory(), 'engine'), {
    memoryBytes: 384 * 2 ** 20,
    concurrentQueries: 1,
  })
  try {
    const failing = engine.query(
      'SELECT number, throwIf(number = 150000) FROM numbers(200000) SETTINGS max_block_size = 1000, max_threads = 1',
    )
    await expect(failing).rejects.toThrow('throwIf')
    expect(await engine.query('SELECT 2 AS n')).toEqual([{ n: 2 }])
    // Stopped at any moment: also when its row is there, and its end is not.
    let stopped = 0
    for (let round = 0; round < 100; round++) {
      const stop = new AbortController()
      const gone = engine.query('SELECT sum(number) AS gone FROM numbers(20000000)', {}, { signal: stop.signal })
      gone.catch(() => stopped++)
      setTimeout(() => stop.abort(), round / 4)
      expect(await engine.query('SELECT {round:UInt32} AS n', { round })).toEqual([{ n: round }])
    }
    expect(stopped).toBeGreaterThan(0)
  } finally {
    await engine.close()
  }
})

// Where the system shows threads by name.
test.runIf(process.platform === 'linux')('merges stand back behind what is waited for', async () => {
  await opened({ path: temporaryDirectory() })
  const named = (name: string) => readdirSync('/proc/self/task').filter((thread) => threadName(thread) === name)
  const priorities = (name: string) => new Set(named(name).map((thread) => getPriority(Number(thread))))
  expect(priorities('MergeMutate')).toEqual(new Set([Math.min(19, getPriority() + 10)]))
  expect(priorities('BgSchPool')).toEqual(new Set([getPriority()]))
})

function threadName(thread: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trimEnd()
  } catch {
    // It has ended since.
    return undefined
  }
}

test('an insert without operations stores nothing, one without a token is refused', async () => {
  const store = await opened({ path: temporaryDirectory() })
  await store.insert([], 'empty')
  await expect(store.insert([chat()], '')).rejects.toThrow('token')
  expect((await store.size()).operations).toBe(0)
})

test('under pressure questions that can wait run one at a time on one thread, all of them, while an insert runs and beside what cannot wait', async () => {
  let pressure = 0
  const engine = await openEmbedded(join(temporaryDirectory(), 'engine'), {
    memoryBytes: 384 * 2 ** 20,
    concurrentQueries: 2,
    cores: 2,
    pressure: () => pressure,
  })
  const ask = async (canWait: boolean) => {
    const running = "SELECT count() FROM system.processes WHERE query LIKE '%asked by somebody%'"
    const sql = `SELECT getSetting('max_threads') AS threads, (${running}) AS running, sleep(0.05) AS slept`
    const [seen] = await engine.query<{ threads: number; running: number; slept: number }>(sql, {}, { canWait })
    return seen!
  }
  const many = (canWait: boolean) => Promise.all(Array.from({ length: 10 }, () => ask(canWait)))
  try {
    await engine.command(
      'CREATE TABLE slow (text String, pause UInt8 DEFAULT sleepEachRow(0.5)) ENGINE = MergeTree ORDER BY text',
    )
    const unhindered = await many(true)
    expect(unhindered.map(({ running }) => running)).toContain(2)

    pressure = 1
    let isInserted = false
    const body = Buffer.from('a\nb\nc\n')
    const inserting = engine
      .insert({ format: 'TabSeparated', table: '`default`.`slow`', columns: ['text'], body, settings: {} })
      .then(() => {
        isInserted = true
      })
    const one = { threads: 1, running: 1, slept: 0 }
    expect(await ask(true)).toEqual(one)
    expect(isInserted).toBe(false)
    expect(await many(true)).toEqual(Array(10).fill(one))
    const [waited, unwaited] = await Promise.all([many(true), many(false)])
    expect(waited.map(({ threads }) => threads)).toEqual(Array(10).fill(1))
    expect(unwaited.map(({ threads }) => threads)).toEqual(unhindered.map(({ threads }) => threads))

    pressure = 0
    expect((await many(true)).map(({ running }) => running)).toContain(2)
    await inserting
  } finally {
    await engine.close()
  }
})
