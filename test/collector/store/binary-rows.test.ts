/** Rows in binary, as the real engine writes them: in this process, and by HTTP. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBinaryRows } from '../../../src/collector/store/binary-rows.js'
import type { Store } from '../../../src/collector/store/store.js'
import { closeAll, opened, startFront, temporaryDirectory } from './stores.js'

let stores: Store[]
beforeAll(async () => {
  stores = [await opened({ path: temporaryDirectory() }), await opened({ url: await startFront() })]
})
afterAll(closeAll)

const BINARY = { isBinary: true }

/** Texts and lists of every length up to some hundreds, which take one byte or two to be told. */
const ROWS = `SELECT repeat(char(97 + number % 26, 195, 160 + number % 31), (number * {step:UInt64}) % 150) AS text,
  toLowCardinality(toString(number % 3)) AS again,
  arrayMap(at -> toInt64(cityHash64(number, at)) / 1048576, range((number * {step:UInt64}) % 300)) AS list,
  arraySum(list) AS total
FROM numbers({rows:UInt64}) ORDER BY number`

test('rows read in binary are those that JSON tells, in this process and from a server', async () => {
  const asked = fc.record({ rows: fc.integer({ min: 0, max: 400 }), step: fc.integer({ min: 0, max: 1000 }) })
  for (const store of stores)
    await fc.assert(
      fc.asyncProperty(asked, async (parameters) => {
        const told = await store.query<{ list: number[] }>(ROWS, parameters)
        const read = await store.query<{ list: Float64Array }>(ROWS, parameters, BINARY)
        expect(told.length).toBe(parameters.rows)
        expect(read).toEqual(told.map((row) => ({ ...row, list: Float64Array.from(row.list) })))
      }),
      { numRuns: 20 },
    )
})

test('numbers without a text of their own come as they are', async () => {
  const sql = 'SELECT [nan, inf, -inf, -0., 5e-324, 1.7976931348623157e308] AS list, nan AS one'
  for (const store of stores) {
    const [row] = await store.query<{ list: Float64Array; one: number }>(sql, {}, BINARY)
    expect([...row!.list]).toEqual([Number.NaN, Infinity, -Infinity, -0, Number.MIN_VALUE, Number.MAX_VALUE])
    expect(row!.one).toBeNaN()
  }
})

test('a column of another type is named with it, and rows that end too early are no rows', async () => {
  for (const store of stores) {
    await expect(store.query('SELECT 1 AS n', {}, BINARY)).rejects.toThrow(
      'the column n is of the type UInt8, which is not read in binary',
    )
    await expect(store.query('SELECT throwIf(1) AS n', {}, BINARY)).rejects.toThrow('throwIf')
    expect(await store.query("SELECT 'x' AS text WHERE 0", {}, BINARY)).toEqual([])
  }
  const whole = Buffer.from('\u0001\u0004text\u0006String\u0005hello', 'latin1')
  expect(readBinaryRows(whole)).toEqual([{ text: 'hello' }])
  for (let length = 1; length < whole.length; length++)
    if (length !== whole.length - 6) expect(() => readBinaryRows(whole.subarray(0, length))).toThrow(RangeError)
  expect(readBinaryRows(whole.subarray(0, -6))).toEqual([])
})
