import { afterAll, beforeAll, expect, test } from 'vitest'
import { foundation, MIGRATIONS, STORED_TABLES } from '../../../src/collector/store/schema.js'
import { DEFAULT_RETENTION_DAYS, openStore, type Store } from '../../../src/collector/store/store.js'
import { closeAll, opened, temporaryDirectory } from './stores.js'

const placement = { database: 'tokmeter', cluster: 'main' }
const statements = [
  ...foundation(placement),
  ...MIGRATIONS.flatMap((migration) => migration.statements(placement, DEFAULT_RETENTION_DAYS)),
]
const firstLines = statements.map((statement) => statement.split(/[\n(]/)[0]!.trim())

let store: Store
beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() })
})
afterAll(closeAll)

test('every statement for a cluster is one the engine can read, and goes to the whole cluster', async () => {
  for (const statement of statements) {
    const [row] = await store.query<{ sql: string }>('SELECT formatQuery({sql:String}) AS sql', { sql: statement })
    expect(row?.sql).toMatch(/^(CREATE|ALTER) [^\n]* ON CLUSTER (main|`main`)|^INSERT INTO tokmeter\.transfers /)
  }
})

test('on a cluster rows are kept in replicated tables and reached through one over all shards', () => {
  for (const { name: table } of STORED_TABLES) {
    const [local, distributed] = [`${table}_local`, table].map((name) =>
      statements.find((statement) =>
        statement.startsWith(`CREATE TABLE IF NOT EXISTS \`tokmeter\`.\`${name}\` ON CLUSTER`),
      ),
    )
    expect([table, /Replicated(Aggregating)?MergeTree\('[^']*\/\{shard\}\//.test(local!)]).toEqual([table, true])
    expect([table, distributed?.includes(`Distributed('main', 'tokmeter', '${table}_local', cityHash64(`)]).toEqual([
      table,
      true,
    ])
  }
})

test('views on a cluster read and write the tables of their own server, never those over all shards', () => {
  const views = statements.filter((statement) => statement.startsWith('CREATE MATERIALIZED VIEW'))
  expect(views.length).toBe(8)
  for (const view of views) {
    expect(view).toMatch(/ TO `tokmeter`\.`\w+_local` AS/)
    expect(view).toMatch(/FROM `tokmeter`\.`((operations|rollups)_input|operations_1[hd])_local`/)
  }
})

test('without a cluster no statement speaks of one', () => {
  const single = MIGRATIONS.flatMap((migration) => migration.statements({ database: 'x' }, DEFAULT_RETENTION_DAYS))
  expect(single.filter((statement) => /CLUSTER|Replicated|Distributed|_local/.test(statement))).toEqual([])
  expect(firstLines.length).toBe(statements.length)
})

test('names that could end an identifier are refused', async () => {
  const f = (options: { cluster?: string; database?: string }, message: string) =>
    expect(openStore({ url: 'http://127.0.0.1:1', ...options }, options)).rejects.toThrow(message)
  await f({ cluster: "x' --" }, 'cluster must be a name')
  await f({ database: '`' }, 'database must be a name')
})

test('a server that cannot be reached is named, its password is not', async () => {
  const opening = openStore({ url: 'http://127.0.0.1:1', username: 'u', password: 'secret' })
  await expect(opening).rejects.toThrow(/^the ClickHouse server http:\/\/127\.0\.0\.1:1 cannot be used: /)
  await expect(opening).rejects.not.toThrow(/secret/)
})
