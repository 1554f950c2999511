import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { openEmbedded } from '../../../src/collector/store/embedded.js'
import { watchRoomToMerge } from '../../../src/collector/store/full-disk.js'
import { createPartCheck } from '../../../src/collector/store/short-parts.js'
import { chat } from './operations.js'
import { closeAll, countsOf, inEveryTable, opened, temporaryDirectory } from './stores.js'

afterEach(closeAll)

test('nothing is merged where the disk is nearly full, and again when there is room', async () => {
  let free = 63 * 2 ** 20
  const engine = await openEmbedded(join(temporaryDirectory(), 'engine'), {
    memoryBytes: 384 * 2 ** 20,
    concurrentQueries: 1,
    freeBytes: async () => free,
  })
  try {
    await engine.command('CREATE TABLE numbers (n UInt64) ENGINE = MergeTree ORDER BY n')
    for (const n of [1, 2]) await engine.command(`INSERT INTO numbers VALUES (${n})`)
    const merge = () => engine.command('OPTIMIZE TABLE numbers FINAL SETTINGS optimize_throw_if_noop = 1')
    // Those that are made while it is so know of it a moment later.
    await vi.waitFor(() => expect(merge()).rejects.toThrow(/cancel/i), 30_000)
    free = 97 * 2 ** 20
    await vi.waitFor(merge, 30_000)
  } finally {
    await engine.close()
  }
})

/** An engine with a merge that a full disk left empty, and one row in another partition. */
async function openedWithEmptyMerge() {
  let free = 97 * 2 ** 20
  const directory = join(temporaryDirectory(), 'engine')
  const engine = await openEmbedded(directory, {
    memoryBytes: 384 * 2 ** 20,
    concurrentQueries: 2,
    freeBytes: async () => free,
  })
  await engine.command('CREATE DATABASE own')
  await engine.command(
    'CREATE TABLE own.numbers (n UInt64) ENGINE = MergeTree PARTITION BY n % 2 ORDER BY n SETTINGS non_replicated_deduplication_window = 100',
  )
  for (const n of [1, 3, 2])
    await engine.command(`INSERT INTO own.numbers SETTINGS insert_deduplication_token = '${n}' VALUES (${n})`)
  await engine.command('OPTIMIZE TABLE own.numbers FINAL')
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  const merged = files.filter((name) => /\/1_1_2_1\/.*/.test(name))
  expect(merged.length).toBeGreaterThan(0)
  for (const file of merged) truncateSync(join(directory, file))
  const fillUp = () => {
    free = 63 * 2 ** 20
  }
  const makeRoom = () => {
    free = 97 * 2 ** 20
  }
  return { engine, directory, fillUp, makeRoom }
}

test('what is erased while nothing is merged is gone when there is room again, and what comes after it is stored', async () => {
  const { engine, fillUp, makeRoom } = await openedWithEmptyMerge()
  try {
    fillUp()
    // Those that are made while it is so know of it a moment later.
    await vi.waitFor(
      () => expect(engine.command('OPTIMIZE TABLE own.numbers FINAL')).rejects.toThrow(/cancel/i),
      30_000,
    )
    const erased = engine.command('ALTER TABLE own.numbers DELETE WHERE n = 2')
    const inserted = engine.command('INSERT INTO own.numbers VALUES (4)')
    const waiting = () => engine.query('SELECT 1 FROM system.mutations WHERE NOT is_done')
    await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), 30_000)
    makeRoom()
    await Promise.all([erased, inserted])
    expect(await engine.query('SELECT n FROM own.numbers ORDER BY n')).toEqual([{ n: 1 }, { n: 3 }, { n: 4 }])
  } finally {
    makeRoom()
    await engine.close()
  }
})

test('what is merged is measured once a minute where there is room, and merges stop while that waits', async () => {
  vi.useFakeTimers()
  try {
    let free = 97 * 2 ** 20
    let measured = 0
    const commands: string[] = []
    const stop = await watchRoomToMerge(
      async () => free,
      async (sql) => commands.push(sql),
      async () => {
        measured++
        // As while something is erased.
        if (measured === 3) await new Promise((resolve) => setTimeout(resolve, 600_000))
      },
    )
    await vi.advanceTimersByTimeAsync(59_000)
    expect(measured).toBe(0)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(measured).toBe(1)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(measured).toBe(3)
    free = 63 * 2 ** 20
    await vi.advanceTimersByTimeAsync(250)
    free = 97 * 2 ** 20
    await vi.advanceTimersByTimeAsync(250)
    expect(commands).toEqual(['SYSTEM STOP MERGES', 'SYSTEM START MERGES'])
    await vi.advanceTimersByTimeAsync(660_000)
    await stop()
    expect(measured).toBe(4)
  } finally {
    vi.useRealTimers()
  }
})

test('what a full disk left of a merge is put aside while the engine is open', async () => {
  const { engine, directory, fillUp } = await openedWithEmptyMerge()
  try {
    fillUp()
    await vi.waitFor(async () => {
      expect(await engine.query('SELECT n FROM own.numbers ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
      expect(readdirSync(directory, { recursive: true }).join()).toContain('cut-off_1_1_2_1')
    }, 30_000)
  } finally {
    await engine.close()
  }
})

test('a question that runs meanwhile, and then fails, holds nothing up', async () => {
  const { engine, directory, fillUp } = await openedWithEmptyMerge()
  const stop = new AbortController()
  const endless = 'SELECT n FROM own.numbers WHERE n = 2 UNION ALL SELECT sum(number) FROM numbers(10000000000000)'
  const stopped = expect(engine.query(endless, {}, { signal: stop.signal, maxExecutionSeconds: 60 })).rejects.toThrow(
    'aborted',
  )
  try {
    const running = "SELECT 1 FROM system.processes WHERE query LIKE '%sum(number)%' AND query NOT LIKE '%processes%'"
    await vi.waitFor(async () => expect(await engine.query(running)).toHaveLength(1), 30_000)
    fillUp()
    await vi.waitFor(() => {
      expect(readdirSync(directory, { recursive: true }).join()).toContain('cut-off_1_1_2_1')
    }, 30_000)
    stop.abort()
    await stopped
    await vi.waitFor(async () => {
      expect(await engine.query('SELECT n FROM own.numbers ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    }, 30_000)
  } finally {
    stop.abort()
    await engine.close()
  }
})

test('what was merged and lacks a piece is put aside with the next insert, which is told to have failed', async () => {
  const path = temporaryDirectory()
  const store = await opened({ path })
  for (const token of ['first', 'second']) await store.insert([chat(), chat()], token)
  await store.database.engine.command(`OPTIMIZE TABLE ${store.table('operations_1h')} FINAL`)
  const [part] = await store.query<{ path: string }>(
    "SELECT path FROM system.parts WHERE active AND table = 'operations_1h'",
  )
  const file = join(part!.path, 'data.bin')
  truncateSync(file, statSync(file).size - 1)
  const batch = [chat(), chat()]
  await expect(store.insert(batch, 'third')).rejects.toThrow('1 parts are shorter than they were written')
  await store.insert(batch, 'third')
  expect(await countsOf(store)).toEqual(inEveryTable(6))
})

test('an insert of which neither the rows nor the token could be written is told to have failed, the first one too', async () => {
  const directory = join(temporaryDirectory(), 'engine')
  const engine = await openEmbedded(directory, { memoryBytes: 384 * 2 ** 20, concurrentQueries: 1 })
  const query = async (sql: string) => {
    if (!sql.startsWith('SELECT')) return engine.command(sql).then(() => '')
    return (await engine.query<object>(sql)).map((row) => Object.values(row).join('\t')).join('\n')
  }
  try {
    await engine.command('CREATE DATABASE own')
    await engine.command(
      'CREATE TABLE own.numbers (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100',
    )
    const insert = (n: number) =>
      engine.command(`INSERT INTO own.numbers SETTINGS insert_deduplication_token = '${n}' VALUES (${n})`)
    const check = createPartCheck()
    for (const stored of [[], [{ n: 1 }]]) {
      const n = stored.length + 1
      await insert(n)
      const [part] = await engine.query<{ path: string }>(
        "SELECT path FROM system.parts WHERE active AND table = 'numbers' ORDER BY min_block_number DESC LIMIT 1",
      )
      truncateSync(join(part!.path, 'data.bin'))
      const log = join(part!.path, '../deduplication_logs/deduplication_log_1.txt')
      writeFileSync(log, readFileSync(log, 'utf8').replace(/.*\n$/, ''))
      await expect(check.check(query)).rejects.toThrow('1 parts are shorter than they were written')
      expect(await engine.query('SELECT n FROM own.numbers')).toEqual(stored)
      await insert(n)
      await check.check(query)
    }
    expect(await engine.query('SELECT n FROM own.numbers ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }])
  } finally {
    await engine.close()
  }
})

/** A directory whose parts are merged into ones that a full disk left empty. */
async function emptyMerges() {
  const path = temporaryDirectory()
  const store = await opened({ path })
  for (const token of ['first', 'second']) await store.insert([chat(), chat()], token)
  for (const table of Object.keys(inEveryTable(0)))
    await store.database.engine.command(`OPTIMIZE TABLE ${store.table(table)} FINAL`)
  await store.close()
  const directories = readdirSync(join(path, 'engine/store'), { recursive: true, encoding: 'utf8' })
  const partsOf = (name: RegExp) =>
    directories.filter((part) => name.test(part)).map((part) => join(path, 'engine/store', part))
  const merged = partsOf(/\/\d+_1_2_\d+$/)
  expect(merged.length).toBe(Object.keys(inEveryTable(0)).length)
  for (const part of merged) for (const file of readdirSync(part)) truncateSync(join(part, file))
  return { path, sources: partsOf(/\/\d+_(1_1|2_2)_\d+$/) }
}

test('what a full disk left of a merge is put aside, and what was merged counts again', async () => {
  const { path } = await emptyMerges()
  const store = await opened({ path })
  expect(await countsOf(store)).toEqual(inEveryTable(4))
})

test('where what was merged is gone, it is told and nothing is changed', async () => {
  const { path, sources } = await emptyMerges()
  for (const part of sources) rmSync(part, { recursive: true })
  const files = () => readdirSync(join(path, 'engine/store'), { recursive: true }).sort()
  const before = files()
  await expect(opened({ path })).rejects.toThrow('its files are damaged')
  expect(files()).toEqual(before)
})
