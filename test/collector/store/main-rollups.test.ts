/** The rollups by the main dimensions: what is asked is answered from them where they are whole, and the same whatever it is answered from. */
import { afterAll, expect, test } from 'vitest'
import { ask } from '../../../src/collector/query/ask.js'
import { compile, type Question } from '../../../src/collector/query/question.js'
import { insertOnce } from '../../../src/collector/store/database.js'
import { encode } from '../../../src/collector/store/rows.js'
import { foundation, MIGRATIONS } from '../../../src/collector/store/schema.js'
import { openServer } from '../../../src/collector/store/server.js'
import { DEFAULT_RETENTION_DAYS } from '../../../src/collector/store/store.js'
import { chat, NOON } from './operations.js'
import { closeAll, opened, startFront, temporaryDirectory } from './stores.js'

afterAll(closeAll)

const DAY = 86_400_000
const MIDNIGHT = NOON - DAY / 2
const KEPT = { '1m': 3650, '5m': 3650, '1h': 3650, '1d': 3650 }
const place = { kept: KEPT, now: NOON + 10 * DAY }

const question = (fields: Partial<Question>): Question => ({
  range: { start: MIDNIGHT - 5 * DAY, end: MIDNIGHT + 5 * DAY },
  measures: [
    { field: 'operations', aggregation: 'count' },
    { field: 'duration_ms', aggregation: 'p95' },
  ],
  groupBy: [],
  filters: [],
  having: [],
  limit: 100,
  offset: 0,
  ...fields,
})

/** One operation at noon of each of these days, of a model that only the answer names. */
const daily = (...days: number[]) =>
  days.map((day) => chat({ startTime: NOON + day * DAY, requestModel: undefined, responseModel: 'answered' }))

test('a store of before is answered whole: from all dimensions until the day after its last one, from the main ones since', async () => {
  const url = await startFront()
  const placement = { database: 'tokmeter' }
  const before = openServer({ url, requestTimeoutMs: 60_000 })
  for (const statement of foundation(placement)) await before.command(statement)
  for (const { version, statements } of MIGRATIONS.filter((migration) => migration.version < 4)) {
    for (const statement of statements(placement, DEFAULT_RETENTION_DAYS)) await before.command(statement)
    await before.command(`INSERT INTO tokmeter.schema_versions (version) SELECT ${version}`)
  }
  for await (const rows of encode(daily(-3, -1, 1)))
    await insertOnce({ engine: before, placement }, 'operations_input', rows, 'before')
  await before.close()

  const store = await opened({ url })
  expect(store.mainSince).toBe(MIDNIGHT + 2 * DAY)
  // Some of it late: of days that the main rollups do not have whole.
  await store.insert(daily(-3, 1, 2, 3), 'after')
  const series = await ask(question({ groupBy: ['model'], interval: '1d' }), store, place)
  expect(series.rows.map(({ count_operations }) => count_operations)).toEqual([0, 0, 2, 0, 1, 0, 2, 1, 1, 0])
  expect(new Set(series.rows.map(({ model }) => model))).toEqual(new Set(['answered']))
  expect((await ask(question({}), store, place)).rows[0]).toMatchObject({ count_operations: 7 })

  // Opened again it knows since when; and uses none of them where that is not known, as on a replica that lags behind.
  expect((await opened({ url })).mainSince).toBe(store.mainSince)
  await store.database.engine.command('TRUNCATE TABLE tokmeter.transfers')
  const unknowing = await opened({ url })
  expect((await ask(question({}), unknowing, place)).rows[0]).toMatchObject({ count_operations: 7 })
}, 60_000)

test('a new store has them whole from the beginning, and uses them where nothing else is told apart', async () => {
  const store = await opened({ path: temporaryDirectory() })
  await store.insert([...daily(0), chat({ service: 'a', agentName: 'planner', region: 'north' })], 'first')
  expect(store.mainSince).toBe(0)
  const tablesOf = (fields: Partial<Question>) => {
    const { sql } = compile(question(fields), { ...place, table: (name) => name, mainSince: store.mainSince })
    return [...new Set(sql.match(/operations(_1[mhd](_main)?)?(?= WHERE)/g))]
  }
  expect(tablesOf({ groupBy: ['model', 'service', 'provider', 'environment', 'operation'] })).toEqual([
    'operations_1d_main',
  ])
  expect(tablesOf({ interval: '1h' })).toEqual(['operations_1h_main'])
  expect(tablesOf({ interval: '1m', range: { start: NOON, end: NOON + 60_000 } })).toEqual(['operations_1m'])
  for (const dimension of ['agent', 'region', 'error_type', 'request_model', 'response_model', 'tool', 'workflow']) {
    expect([dimension, tablesOf({ groupBy: [dimension] })]).toEqual([dimension, ['operations_1d']])
    const filters = [{ dimension, operator: 'eq', value: '' }] as const
    expect([dimension, tablesOf({ filters })]).toEqual([dimension, ['operations_1d']])
    const measures = [{ field: dimension, aggregation: 'uniq' }] as const
    expect([dimension, tablesOf({ measures })]).toEqual([dimension, ['operations_1d']])
  }
  const filters = [{ dimension: 'model', operator: 'eq', value: 'answered' }] as const
  for (const groupBy of [['model'], ['response_model']])
    expect((await ask(question({ groupBy, filters }), store, place)).rows).toMatchObject([
      { [groupBy[0]!]: 'answered', count_operations: 1 },
    ])
})
