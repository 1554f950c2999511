import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { encode } from '../../../src/collector/store/rows.js'
import { chat } from './operations.js'
import { closeAll, opened, temporaryDirectory } from './stores.js'

// An engine has one data directory in a process.
afterEach(closeAll)

test('however many different names a column has, each row gets its own back', async () => {
  const store = await opened({ path: temporaryDirectory() })
  const f = async (count: number) => {
    const names = Array.from({ length: count }, (_, index) => `model-${count}-${index}`)
    await store.insert(
      names.map((name) => chat({ id: name, requestModel: name })),
      `names-${count}`,
    )
    const rows = await store.query<{ rows: number; right: number }>(
      `SELECT count() AS rows, countIf(own_id = request_model) AS right FROM ${store.table('operations')} WHERE startsWith(own_id, 'model-${count}-')`,
    )
    expect(rows).toEqual([{ rows: count, right: count }])
  }
  // Which name a row has takes one byte up to 256 of them, the one of no name included, and two beyond.
  await f(255)
  await f(256)
  await f(3000)
})

test('keys of tags may be more than two bytes tell apart', async () => {
  const store = await opened({ path: temporaryDirectory() })
  const keysOfOne = 700
  const operations = Array.from({ length: 100 }, (_, index) =>
    chat({
      id: `tagged-${index}`,
      tags: Object.fromEntries(Array.from({ length: keysOfOne }, (_, key) => [`k${index}-${key}`, `v${index}-${key}`])),
    }),
  )
  await store.insert(operations, 'tags')
  const rows = await store.query<{ keys: number; right: number }>(
    `SELECT uniqExact(key) AS keys, countIf(value = replaceOne(key, 'k', 'v') AND splitByChar('-', own_id)[2] = extract(key, 'k(\\\\d+)-')) AS right
    FROM ${store.table('operations')} ARRAY JOIN mapKeys(tags) AS key, mapValues(tags) AS value`,
  )
  expect(rows).toEqual([{ keys: 70_000, right: 70_000 }])
})

test('texts of any length and alphabet come back', async () => {
  const store = await opened({ path: temporaryDirectory() })
  const texts = ['a', 'é', '\ud83d\ude00'].flatMap((character) =>
    [1, 63, 64, 127, 128, 129, 255, 256, 16_383, 16_384].map((length) => character.repeat(length)),
  )
  await store.insert(
    texts.map((text, index) => chat({ id: String(index), responseId: text })),
    'texts',
  )
  const rows = await store.query<{ own_id: string; response_id: string }>(
    `SELECT own_id, response_id FROM ${store.table('operations')} ORDER BY toUInt32(own_id)`,
  )
  expect(rows.map(({ response_id }) => response_id)).toEqual(texts)
})

test('the same operations in the same pieces are the same bytes, and a large batch is cut', async () => {
  const operations = Array.from({ length: 60_000 }, () => chat())
  async function* pieces() {
    for (let start = 0; start < operations.length; start += 1000) yield operations.slice(start, start + 1000)
  }
  const encoded = async (source: Parameters<typeof encode>[0]) => {
    const parts: { rows: number; body: Buffer }[] = []
    for await (const { rows, body } of encode(source)) parts.push({ rows, body })
    return parts
  }
  const first = await encoded(pieces())
  expect(first.map(({ rows }) => rows)).toEqual([50_000, 10_000])
  const second = await encoded(pieces())
  expect(second.map(({ body }, index) => body.equals(first[index]!.body))).toEqual([true, true])
  expect(await encoded([])).toEqual([])
})

test('what a killed process left of handing rows over is taken away', async () => {
  const path = temporaryDirectory()
  const left = join(path, 'insert.native')
  writeFileSync(left, 'half of')
  const store = await opened({ path })
  expect(existsSync(left)).toBe(false)
  await store.insert([chat()], 'one')
  expect(existsSync(left)).toBe(false)
})
