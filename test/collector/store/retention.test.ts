import { afterEach, expect, test } from 'vitest'
import type { Store } from '../../../src/collector/store/store.js'
import { chat, NOON } from './operations.js'
import { closeAll, opened, temporaryDirectory } from './stores.js'

// A process has one embedded store at a time.
afterEach(closeAll)

const DAY_MS = 86_400_000
const day = (offset: number) => new Date(NOON + offset * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')

const daysAgo = (...days: number[]) => days.map((ago) => chat({ startTime: NOON - ago * DAY_MS }))

async function rows(store: Store): Promise<{ [table: string]: number }> {
  const { tables } = await store.size()
  return Object.fromEntries(tables.map(({ table, rows }) => [table, rows]))
}

test('tiers are dropped as the clock passes what each is kept, partition by partition', async () => {
  const store = await opened({ path: temporaryDirectory() })
  await store.insert(daysAgo(0, 1, 2), 'three days')
  const f = async (daysAhead: number, dropped: string[]) => {
    const result = await store.applyRetention(NOON + daysAhead * DAY_MS + 43_200_000)
    expect([daysAhead, result.dropped.toSorted()]).toEqual([daysAhead, dropped])
  }
  await f(0, [])
  // A partition goes when its last moment is as old as the tier is kept, not before.
  await f(27, [])
  await f(28, [`operations/${day(-2)}`])
  await f(30, [`operations/${day(-1)}`, `operations/${day(0)}`])
  await f(
    40,
    [-2, -1, 0].flatMap((offset) => [`operations_1m/${day(offset)}`, `operations_5m/${day(offset)}`]).toSorted(),
  )
  expect(await rows(store)).toMatchObject({ operations: 0, operations_1m: 0, operations_5m: 0, operations_1h: 3 })
  const { dropped } = await store.applyRetention(NOON + 3000 * DAY_MS)
  expect(dropped.every((name) => /^operations_1[hd](_main)?\//.test(name))).toBe(true)
  expect(Object.values(await rows(store))).toEqual([0, 0, 0, 0, 0, 0, 0])
})

test('what is older than a tier keeps stays in the tiers that keep it longer, by the clock of the engine too', async () => {
  const store = await opened({ path: await closedStore() })
  await store.insert(daysAgo(0, 35, 45, 500), 'back-dated')
  for (const { table } of (await store.size()).tables)
    await store.database.engine.command(`OPTIMIZE TABLE ${store.table(table)} FINAL`)
  expect(await rows(store)).toEqual({
    operations: 1,
    operations_1m: 2,
    operations_5m: 2,
    operations_1h: 3,
    operations_1h_main: 3,
    operations_1d: 4,
    operations_1d_main: 4,
  })
})

/** A directory whose store was made for another retention: the next one changes it. */
async function closedStore(): Promise<string> {
  const path = temporaryDirectory()
  const store = await opened({ path }, { retentionDays: { raw: 2000, '1m': 2000 } })
  await store.close()
  return path
}

test('above the limit of bytes the oldest raw partitions go first, then rollups, and never the newest of a table', async () => {
  const path = temporaryDirectory()
  const unlimited = await opened({ path })
  for (let ago = 0; ago < 4; ago++) await unlimited.insert(daysAgo(ago), `day ${ago}`)
  const { bytes, tables } = await unlimited.size()
  expect([(await unlimited.applyRetention(NOON)).dropped, tables[0]?.rows]).toEqual([[], 4])
  await unlimited.close()

  const limited = await opened({ path }, { maxBytes: bytes - 1 })
  const first = await limited.applyRetention(NOON)
  expect([first.dropped, first.isOverLimit]).toEqual([[`operations/${day(-3)}`], false])
  expect(first.bytes).toBe((await limited.size()).bytes)
  await limited.close()

  const tiny = await opened({ path }, { maxBytes: 1 })
  const result = await tiny.applyRetention(NOON)
  expect(result.dropped.slice(0, 3)).toEqual([
    `operations/${day(-2)}`,
    `operations/${day(-1)}`,
    `operations_1m/${day(-3)}`,
  ])
  expect(result.isOverLimit).toBe(true)
  expect(await rows(tiny)).toMatchObject({ operations: 1, operations_1m: 1, operations_5m: 1 })
})

test('another retention is followed from when it is set, by the clock of the engine too', async () => {
  const store = await opened({ path: temporaryDirectory() })
  await store.insert(daysAgo(0, 1, 2), 'three days')
  const f = async (daysAhead: number, dropped: string[]) => {
    const result = await store.applyRetention(NOON + daysAhead * DAY_MS + 43_200_000)
    expect([daysAhead, result.dropped.toSorted()]).toEqual([daysAhead, dropped])
  }
  const expiry = async () => {
    const sql = "SELECT name, extract(engine_full, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days FROM system.tables"
    const tables = await store.query<{ name: string; days: string }>(
      `${sql} WHERE name LIKE 'operations%' ORDER BY name`,
    )
    return Object.fromEntries(tables.filter(({ days }) => days !== '').map(({ name, days }) => [name, days]))
  }
  await f(5, [])
  await store.setRetention({ retentionDays: { raw: 2, '1m': 7, '5m': 7 } })
  expect(await expiry()).toEqual({
    operations: '2',
    operations_1m: '7',
    operations_5m: '7',
    operations_1h: '400',
    operations_1h_main: '400',
    operations_1d: '1825',
    operations_1d_main: '1825',
  })
  await f(0, [`operations/${day(-2)}`])
  await f(5, [`operations/${day(-1)}`, `operations/${day(0)}`, `operations_1m/${day(-2)}`, `operations_5m/${day(-2)}`])
  await store.setRetention({})
  expect(await expiry()).toMatchObject({ operations: '30', operations_1m: '40' })
  await f(6, [])
  await store.setRetention({ maxBytes: 1 })
  expect((await store.applyRetention(NOON)).isOverLimit).toBe(true)
  await expect(store.setRetention({ retentionDays: { raw: 0 } })).rejects.toThrow('retentionDays.raw must be')
})

test('days that are none are refused', async () => {
  const f = (retentionDays: object, message: string) =>
    expect(opened({ path: temporaryDirectory() }, { retentionDays })).rejects.toThrow(message)
  await f({ raw: 0 }, 'retentionDays.raw must be a whole number of days from 1 to 36500; got 0')
  await f({ '1h': 1.5 }, 'retentionDays.1h must be')
  await f({ '2m': 3 }, 'retentionDays.2m is no tier; the tiers are raw, 1m, 5m, 1h, 1d')
})
