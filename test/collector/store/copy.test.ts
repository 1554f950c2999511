import { afterAll, expect, test } from 'vitest'
import { STORED_TABLES } from '../../../src/collector/store/schema.js'
import type { Store } from '../../../src/collector/store/store.js'
import { chat, NOON } from './operations.js'
import { closeAll, opened, startFront, temporaryDirectory } from './stores.js'

afterAll(closeAll)

const TABLES = STORED_TABLES.map(({ name }) => name)
const SMALL = ['states', 'notices']

/** All rows of all tables, as text. */
async function contents(store: Store, where = '1'): Promise<readonly string[]> {
  const lines: string[] = []
  for (const table of TABLES) {
    const final = table === 'operations' ? '' : 'FINAL'
    const rows = await store.query(`SELECT * FROM ${store.table(table)} ${final} WHERE ${where}`)
    lines.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`).sort())
  }
  return lines
}

test('an embedded store is copied to a server as it is, goes on after a stop, and is not copied twice', async () => {
  const source = await opened({ path: temporaryDirectory() })
  const days = [0, 1, 400]
  await source.insert(
    days.flatMap((day) => [
      chat({ startTime: NOON - day * 86_400_000, service: "it's" }),
      chat({ startTime: NOON - day * 86_400_000 - 7_200_000, userId: 'u1', tags: { team: 'a\tb', retry: 2 } }),
    ]),
    'source',
  )
  // What the raw rows have no longer, by erasure or by age, the rollups still have.
  await source.eraseIdentity('u1')
  await source.states.write('alert', [
    ['older here', 'source'],
    ['newer here', 'before'],
  ])
  await source.recordNotices([{ id: "it's\t", kind: 'collector_started', time: NOON }])
  const target = await opened({ url: await startFront() })
  await target.states.write('alert', [
    ['older here', 'target'],
    ['newer here', 'target'],
  ])
  await source.states.write('alert', [['newer here', 'source']])
  await target.insert([chat({ service: 'of the server' })], 'target')

  const stop = new AbortController()
  const isHalfway = ({ table, rows }: { table: string; rows: number }) => table === 'operations_1m' && rows > 0
  const stopped = source.copyTo(target, {
    signal: stop.signal,
    onProgress: (progress) => isHalfway(progress) && stop.abort(new Error('stopped')),
  })
  await expect(stopped).rejects.toThrow('stopped')

  const seen = new Map<string, number>()
  for (let time = 0; time < 2; time++) {
    const { tables } = await source.copyTo(target, { onProgress: ({ table, rows }) => seen.set(table, rows) })
    expect(tables).toEqual([...seen].map(([table, rows]) => ({ table, rows })))
    expect(await contents(target, "service != 'of the server'")).toEqual(await contents(source))
  }
  for (const table of SMALL) expect(seen.get(table)).toBeGreaterThan(0)
  expect(await target.states.read('alert')).toEqual(
    new Map([
      ['newer here', 'source'],
      ['older here', 'target'],
    ]),
  )
  expect(await target.query(`SELECT id FROM ${target.table('notices')} FINAL`)).toEqual([{ id: "it's\t" }])
  const own = await contents(target, "service = 'of the server'")
  expect(own.length).toBe(TABLES.length)
}, 60_000)
