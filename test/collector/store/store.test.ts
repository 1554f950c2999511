import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { createCleaner } from 'tokmeter/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { addHistograms, bucketOf, type Histogram } from '../../../src/collector/store/histogram.js'
import { DIMENSIONS, MEASURES, TIERS } from '../../../src/collector/store/rollups.js'
import { type OperationRow, ROW_SELECT, toOperation } from '../../../src/collector/store/rows.js'
import { STORED_TABLES } from '../../../src/collector/store/schema.js'
import type { Store } from '../../../src/collector/store/store.js'
import { anyOperation, chat, compact, NOON } from './operations.js'
import { closeAll, opened, startFront, temporaryDirectory } from './stores.js'

afterAll(closeAll)

/** Long enough that nothing the tests store expires. */
const FOREVER = { raw: 36_500, '1m': 36_500, '5m': 36_500, '1h': 36_500, '1d': 36_500 }

const transports: readonly [string, () => Promise<Store>][] = [
  ['embedded', () => opened({ path: temporaryDirectory() }, { retentionDays: FOREVER })],
  [
    'by HTTP',
    async () => opened({ url: await startFront(), username: 'default', password: '' }, { retentionDays: FOREVER }),
  ],
]

const byId = (a: IdentifiedOperation, b: IdentifiedOperation) => (a.id < b.id ? -1 : 1)

let services = 0
/** A name no other test counts. */
const newService = () => `service-${services++}`

describe.each(transports)('%s', (_name, open) => {
  let store: Store
  beforeAll(async () => {
    store = await open()
  })

  async function stored(service: string): Promise<IdentifiedOperation[]> {
    const rows = await store.query<OperationRow>(
      `SELECT ${ROW_SELECT} FROM ${store.table('operations')} WHERE service = {service:String} ORDER BY id`,
      { service },
    )
    return rows.map(toOperation)
  }

  async function rolledUp(service: string): Promise<number[]> {
    const counts: number[] = []
    for (const { name: table } of STORED_TABLES.slice(1)) {
      const rows = await store.query<{ n: number }>(
        `SELECT sum(operations) AS n FROM ${store.table(table)} WHERE service = {service:String}`,
        { service },
      )
      counts.push(rows[0]!.n)
    }
    return counts
  }

  test('a batch sent three times with its token is stored once, in every rollup too', async () => {
    const service = newService()
    const batch = [chat({ service }), chat({ service }), chat({ service, error: { type: 'timeout' } })]
    for (let time = 0; time < 3; time++) await store.insert(batch, `thrice-${service}`)
    expect([(await stored(service)).length, ...(await rolledUp(service))]).toEqual([
      3,
      ...STORED_TABLES.slice(1).map(() => 3),
    ])
    await store.insert(batch, `another-${service}`)
    expect([(await stored(service)).length, ...(await rolledUp(service))]).toEqual([
      6,
      ...STORED_TABLES.slice(1).map(() => 6),
    ])
  })

  test('an identity is erased from the raw operations and from nothing else', async () => {
    const service = newService()
    await store.insert(
      [
        chat({ service, id: 'a', userId: 'u1' }),
        chat({ service, id: 'b', conversationId: 'u1' }),
        chat({ service, id: 'c', userId: 'u2' }),
        chat({ service, id: 'd' }),
      ],
      service,
    )
    expect(await store.eraseIdentity('u1')).toBe(2)
    expect(await store.eraseIdentity('u1')).toBe(0)
    expect(await store.eraseIdentity("' OR 1 = 1 --")).toBe(0)
    expect((await stored(service)).map(({ id }) => id)).toEqual(['c', 'd'])
    expect(await rolledUp(service)).toEqual(STORED_TABLES.slice(1).map(() => 4))
    await expect(store.eraseIdentity('')).rejects.toThrow('not empty')
  })

  test('a batch over several days and months lands in the partition and the window of each operation', async () => {
    const service = newService()
    const days = [0, 1, 31, 150, 400, 20_000]
    await store.insert(
      days.map((day) => chat({ service, startTime: NOON - day * 86_400_000 })),
      service,
    )
    const rows = await store.query<{ start: number; operations: number }>(
      `SELECT toUnixTimestamp64Second(\`window\`) AS start, operations FROM ${store.table('operations_1d')}
      WHERE service = {service:String} ORDER BY start DESC`,
      { service },
    )
    expect(rows).toEqual(days.map((day) => ({ start: (NOON - 43_200_000 - day * 86_400_000) / 1000, operations: 1 })))
  })

  test('windows are half-open: what starts at the end of one belongs to the next', async () => {
    const service = newService()
    await store.insert(
      [NOON - 0.001, NOON, NOON + 59_999.999, NOON + 60_000].map((startTime) => chat({ service, startTime })),
      service,
    )
    const rows = await store.query<{ start: number; operations: number }>(
      `SELECT toUnixTimestamp64Second(\`window\`) - {noon:Int64} AS start, operations FROM ${store.table('operations_1m')}
      WHERE service = {service:String} ORDER BY start`,
      { service, noon: NOON / 1000 },
    )
    expect(rows).toEqual([
      { start: -60, operations: 1 },
      { start: 0, operations: 2 },
      { start: 60, operations: 1 },
    ])
  })

  test('every field of any operation comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOperation, { minLength: 1, maxLength: 60 }), async (operations) => {
        const service = newService()
        const batch = operations.map((operation, index) => ({
          ...operation,
          service,
          id: operation.traceId ? operation.id : `${index}`,
        }))
        await store.insert(batch, service)
        const expected = [...batch].sort(byId)
        expect((await stored(service)).map(compact)).toEqual(expected.map(compact))
      }),
      { numRuns: 3 },
    )
  })

  test('what is no count and no time is unknown, and keeps nothing else from being stored', async () => {
    const service = newService()
    const odd = { inputTokens: -1, outputTokens: 1.5, cacheReadTokens: Number.NaN }
    await store.insert([chat({ service, usage: odd, durationMs: Number.POSITIVE_INFINITY, serverPort: -1 })], service)
    const [operation] = await stored(service)
    expect([operation?.usage, operation?.durationMs, operation?.serverPort]).toEqual([undefined, undefined, undefined])
  })

  test('the rollups of every tier equal what is computed from the operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOperation, { minLength: 1, maxLength: 80 }), async (operations) => {
        const service = newService()
        const batch = operations.map((operation, index) => ({ ...operation, service, id: `${service}-${index}` }))
        // In two batches, so that windows are added up from parts.
        const half = batch.length >> 1
        await store.insert(batch.slice(0, half), `${service}/0`)
        await store.insert(batch.slice(half), `${service}/1`)
        for (const { table, seconds } of TIERS) {
          const rows = await store.query<{ [column: string]: unknown }>(
            `SELECT * REPLACE (toUnixTimestamp64Second(\`window\`) AS \`window\`) FROM ${store.table(table)} FINAL WHERE service = {service:String}`,
            { service },
          )
          expect(new Map(rows.map((row) => [keyOf(row), rounded(row)]))).toEqual(recomputed(batch, seconds))
        }
      }),
      { numRuns: 2 },
    )
  })

  test('values are bound, whatever they hold', async () => {
    const f = async (value: string | number | boolean | string[], type: string) => {
      const [row] = await store.query<{ value: unknown }>(`SELECT {value:${type}} AS value, '{value:String}' AS text`, {
        value,
      })
      expect(row).toEqual({ value, text: '{value:String}' })
    }
    await f("it's '; DROP TABLE x; --", 'String')
    await f("a\\b\\'c\\n", 'String')
    await f('line\nbreak\ttab', 'String')
    await f('', 'String')
    await f(-12, 'Int64')
    await f(0.25, 'Float64')
    await f(true, 'Bool')
    await f(["it's", 'a\\b', ''], 'Array(String)')
  })

  test('a query cannot write', async () => {
    const f = (sql: string) => expect(store.query(sql)).rejects.toThrow(/readonly/i)
    await f(`INSERT INTO ${store.table('transfers')} (id) VALUES ('x')`)
    await f(`DROP TABLE ${store.table('operations')}`)
  })

  test('a query that takes too long is stopped', async () => {
    const sql = 'SELECT count() AS n FROM numbers(100000000000) WHERE sipHash64(number) = 1'
    await expect(store.query(sql, {}, { maxExecutionSeconds: 0.2 })).rejects.toThrow(/timeout.exceeded/i)
  })

  test('the settings of one query are not those of the next', async () => {
    const sql = "SELECT getSetting('max_threads') AS threads"
    const [before] = await store.query(sql)
    await store.query(sql, {}, { settings: { max_threads: 7 } })
    expect(await store.query(sql)).toEqual([before])
  })

  test('what is exported as JSON lines is imported as it was, once, gzipped or not', async () => {
    const service = newService()
    const from = NOON - 900 * 86_400_000
    const operations = fc.sample(anyOperation, { numRuns: 60, seed: 7 }).map((operation, index) => ({
      ...operation,
      service,
      id: `${service}-${index}`,
      startTime: from + index * 600_000 + 0.5,
    }))
    await store.insert(operations, service)
    const path = join(temporaryDirectory(), 'operations.jsonl')
    const progress: number[] = []
    const result = await store.exportOperations({
      path,
      format: 'jsonl',
      from,
      to: from + 86_400_000,
      onProgress: ({ rows, totalRows }) => progress.push(rows, totalRows),
    })
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect([result.rows, lines.length, progress.slice(-2)]).toEqual([60, 60, [60, 60]])
    const imported = newService()
    const renamed = lines.map((line) => JSON.stringify({ ...JSON.parse(line), service: imported }))
    const file = join(temporaryDirectory(), 'operations.jsonl.gz')
    writeFileSync(file, gzipSync(`${renamed.join('\n')}\nno JSON\n\n{"operation":"chat"}\n`))
    const before = await store.imported()
    for (let time = 0; time < 2; time++) {
      const read = await store.importFile({ path: file, batchOperations: 25 })
      expect(read).toEqual({ lines: 62, operations: 60, rejected: 2 })
      expect((await store.imported()) - before).toBe(60)
    }
    const expected = operations.map((operation) => ({ ...operation, service: imported })).sort(byId)
    expect((await stored(imported)).map(compact)).toEqual(expected.map(cleaned))
  })

  test('an import that was stopped goes on where it was', async () => {
    const service = newService()
    const file = join(temporaryDirectory(), 'operations.jsonl')
    const lines = Array.from({ length: 50 }, () => JSON.stringify(chat({ service })))
    writeFileSync(file, lines.join('\n'))
    const stop = new AbortController()
    const stopped = store.importFile({
      path: file,
      batchOperations: 20,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    })
    await expect(stopped).rejects.toThrow('stopped')
    expect((await stored(service)).length).toBe(20)
    const imported = await store.imported()
    const seen: number[] = []
    await store.importFile({ path: file, batchOperations: 20, onProgress: ({ operations }) => seen.push(operations) })
    expect([(await stored(service)).length, seen]).toEqual([50, [40, 50]])
    expect((await store.imported()) - imported).toBe(30)
  })

  test('an export that was stopped goes on where it was', async () => {
    const service = newService()
    const from = NOON - 1200 * 86_400_000
    const batch = Array.from({ length: 6 }, (_, hour) => chat({ service, startTime: from + hour * 3_600_000 }))
    await store.insert(batch, service)
    const path = join(temporaryDirectory(), 'operations.csv')
    const range = { from, to: from + 86_400_000 }
    const stop = new AbortController()
    const onProgress = ({ rows }: { rows: number }) => rows === 3 && stop.abort(new Error('stopped'))
    const stopped = store.exportOperations({ path, format: 'csv', ...range, onProgress, signal: stop.signal })
    await expect(stopped).rejects.toThrow('stopped')
    // What was written of the hour after the last whole one is written again, not twice.
    writeFileSync(`${path}.part`, 'half a li', { flag: 'a' })
    expect(existsSync(path)).toBe(false)
    const seen: number[] = []
    await store.exportOperations({ path, format: 'csv', ...range, onProgress: ({ rows }) => seen.push(rows) })
    const [head, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(head?.split(',').slice(0, 3)).toEqual(['id', 'start_time', 'service'])
    expect(rows.map((row) => JSON.parse(row.split(',')[0]!))).toEqual(batch.map(({ id }) => id))
    expect([seen[0], existsSync(`${path}.part`), existsSync(`${path}.part.json`)]).toEqual([4, false, false])
  })

  test('an export as Parquet is one file that the engine reads again', async () => {
    const service = newService()
    const from = NOON - 1500 * 86_400_000
    const batch = [0, 1, 5].map((hour) => chat({ service, startTime: from + hour * 3_600_000 }))
    await store.insert(batch, service)
    const path = join(temporaryDirectory(), 'operations.parquet')
    const result = await store.exportOperations({ path, format: 'parquet', from, to: from + 86_400_000 })
    expect([
      result.rows,
      readFileSync(path).subarray(0, 4).toString(),
      readFileSync(path).subarray(-4).toString(),
    ]).toEqual([3, 'PAR1', 'PAR1'])
    const read = await store.query<{ n: number; cost: number }>(
      'SELECT count() AS n, sum(cost_nano_dollars) AS cost FROM file({path:String}, Parquet) WHERE service = {service:String}',
      { path, service },
    )
    expect(read).toEqual([{ n: 3, cost: 9_000_000 }])
  })
})

function keyOf(row: { readonly [column: string]: unknown }): string {
  return JSON.stringify(['window', ...DIMENSIONS].map((name) => row[name]))
}

/** Sums of fractions depend on their order in the last digits. */
function rounded(row: { readonly [column: string]: unknown }): { readonly [column: string]: unknown } {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' && name.endsWith('_sum') ? Number(value.toPrecision(10)) : value,
    ]),
  )
}

const READ: { readonly [column: string]: (operation: IdentifiedOperation) => number | undefined } = {
  duration_ms: ({ durationMs }) => durationMs,
  time_to_first_chunk_ms: ({ timeToFirstChunkMs }) => timeToFirstChunkMs,
  cost_nano_dollars: ({ cost }) => cost?.nanoDollars,
  input_tokens: ({ usage }) => usage?.inputTokens,
  output_tokens: ({ usage }) => usage?.outputTokens,
  cache_read_tokens: ({ usage }) => usage?.cacheReadTokens,
  cache_write_tokens: ({ usage }) => usage?.cacheWriteTokens,
  reasoning_tokens: ({ usage }) => usage?.reasoningTokens,
  output_chunks: ({ outputChunks }) => outputChunks,
  retries: ({ retries }) => retries,
}

/** The rollups as JavaScript makes them of the operations. */
function recomputed(operations: readonly IdentifiedOperation[], seconds: number): Map<string, unknown> {
  const groups = new Map<string, { head: { [column: string]: unknown }; members: IdentifiedOperation[] }>()
  for (const operation of operations) {
    const { service, environment, region, provider, requestModel, responseModel } = operation
    const head = {
      window: Math.floor(Math.round(operation.startTime * 1000) / (seconds * 1_000_000)) * seconds,
      service: service ?? '',
      environment: environment ?? '',
      region: region ?? '',
      provider: provider ?? '',
      request_model: requestModel ?? '',
      response_model: responseModel ?? '',
      operation: operation.operation,
      agent_name: operation.agentName ?? '',
      workflow_name: operation.workflowName ?? '',
      tool_name: operation.toolName ?? '',
      error_type: operation.error?.type ?? '',
    }
    const key = keyOf(head)
    const group = groups.get(key)
    if (group) group.members.push(operation)
    else groups.set(key, { head, members: [operation] })
  }
  return new Map([...groups].map(([key, { head, members }]) => [key, rounded({ ...head, ...numbersOf(members) })]))
}

function numbersOf(operations: readonly IdentifiedOperation[]): { readonly [column: string]: unknown } {
  const numbers: { [column: string]: unknown } = {
    operations: operations.length,
    errors: operations.filter(({ error }) => error).length,
  }
  for (const { column, isDistribution } of MEASURES) {
    const values = operations.map((operation) => READ[column]!(operation)).filter((value) => value !== undefined)
    numbers[`${column}_known`] = values.length
    numbers[`${column}_sum`] = values.reduce((sum, value) => sum + value, 0)
    if (!isDistribution) continue
    numbers[`${column}_min`] = values.length ? Math.min(...values) : null
    numbers[`${column}_max`] = values.length ? Math.max(...values) : null
    numbers[`${column}_histogram`] = addHistograms(values.map((value): Histogram => ({ [bucketOf(value)]: 1 })))
  }
  return numbers
}

/** As an import takes it: like anything from outside. */
function cleaned(operation: IdentifiedOperation): unknown {
  const clean = createCleaner({ hashIdentity: (identity) => identity, onDiscard: () => {} })
  return compact(clean(operation, 0)!)
}
