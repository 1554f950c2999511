/** Makes the tests of a client's rows: what each row does is recorded before the class is instrumented, and compared after. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instrument } from '../../instrumentation/index.js'
import type { Any } from './client-under-test.js'
import { Bench, expectOperations, type Row } from './compatibility.js'

/** Makes what `client` and its like do be counted. */
type Install = (client: Any) => void

const instrumentClient: Install = (client) => expect(instrument(client)).toBe(client)

export async function testCompatibility(
  name: string,
  makeClient: (url: string) => Any,
  rows: readonly Row[],
  install = instrumentClient,
) {
  const bench = await Bench.open(makeClient)
  const plain = new Map<Row, Awaited<ReturnType<Bench['run']>>>()

  describe(name, () => {
    beforeAll(async () => {
      for (const row of rows) plain.set(row, await bench.run(row))
      expect(await bench.counted()).toEqual([])
      install(makeClient('http://localhost'))
    }, 120_000)
    afterAll(() => bench.close())

    test.for(rows.map((row) => [row.name, row] as const))('%s', async ([, row], { skip }) => {
      const expected = plain.get(row)
      if (expected === undefined) return skip('this version cannot do it')
      const seen = await bench.run(row)
      const operations = await bench.counted()
      expect(seen).toEqual(expected)
      expectOperations(operations, row)
    })
  })
}
