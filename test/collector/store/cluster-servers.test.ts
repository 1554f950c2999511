/** The store on a cluster of two shards that really runs: two servers, `Distributed` tables between them over TCP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STORED_TABLES } from '../../../src/collector/store/schema.js'
import { openStore, type Store } from '../../../src/collector/store/store.js'
import { CLUSTER, canServe, type ServedCluster, startCluster, withoutReplicas } from './cluster-servers.js'
import { chat, NOON } from './operations.js'
import { closeAll, opened, temporaryDirectory } from './stores.js'

const TABLES = STORED_TABLES.map(({ name }) => name)

test('of a replicated table only the replication is left out', () => {
  expect(
    withoutReplicas(
      "CREATE TABLE t ON CLUSTER `main` (a) ENGINE = ReplicatedReplacingMergeTree('/a/{b}', '{replica}', changed) SETTINGS replicated_deduplication_window = 5, replicated_deduplication_window_seconds = 6, x = 1",
    ),
  ).toBe(
    'CREATE TABLE t (a) ENGINE = ReplacingMergeTree(changed) SETTINGS non_replicated_deduplication_window = 5, x = 1',
  )
})

describe.runIf(canServe)('two shards', { timeout: 120_000 }, () => {
  let cluster: ServedCluster
  let store: Store
  beforeAll(async () => {
    cluster = await startCluster(temporaryDirectory)
    store = await opened({ url: cluster.url, cluster: CLUSTER, requestTimeoutMs: 20_000 })
  }, 120_000)
  afterAll(async () => {
    await closeAll()
    await cluster?.close()
  }, 60_000)

  /** Operations in each table, asked of all shards. */
  async function counts(service: string, of: Store = store): Promise<number[]> {
    const counted: number[] = []
    for (const table of TABLES) {
      const number = table === 'operations' ? 'count()' : 'sum(operations)'
      const sql = `SELECT ${number} AS n FROM ${of.table(table)} WHERE service = {service:String}`
      const [row] = await of.query<{ n: number }>(sql, { service })
      counted.push(row!.n)
    }
    return counted
  }

  /** Raw operations on each shard by itself. */
  async function onShards(service: string): Promise<number[]> {
    const rows = await store.query<{ shard: number; n: number }>(
      `SELECT _shard_num AS shard, count() AS n FROM ${store.table('operations')} WHERE service = {service:String} GROUP BY shard ORDER BY shard`,
      { service },
    )
    return rows.map(({ n }) => n)
  }

  const batch = (service: string, count = 400) =>
    Array.from({ length: count }, (_, index) => chat({ service, startTime: NOON + index * 100 }))
  const all = (count: number) => TABLES.map(() => count)

  test('a batch is spread over both and found whole through either', async () => {
    await store.insert(batch('spread'), 'spread')
    const [first = 0, second = 0] = await onShards('spread')
    expect([first > 100, second > 100, first + second]).toEqual([true, true, 400])
    for (cluster.through of [1, 0]) expect(await counts('spread')).toEqual(all(400))
  })

  test('a batch sent again with its token, through either server, changes nothing, rollups included', async () => {
    const operations = batch('again')
    for (cluster.through of [0, 0, 1, 0]) {
      await store.insert(operations, 'again')
      expect(await counts('again')).toEqual(all(400))
    }
  })

  test('a batch whose answer was lost is there once after it was sent again', async () => {
    const operations = batch('forgotten')
    cluster.isForgetful = true
    await expect(store.insert(operations, 'forgotten')).rejects.toThrow()
    cluster.isForgetful = false
    await store.insert(operations, 'forgotten')
    expect(await counts('forgotten')).toEqual(all(400))
  })

  test('a batch that a killed shard could not take fails, and is there once when it is sent again', async () => {
    const operations = batch('killed')
    await store.insert(batch('before'), 'before')
    await cluster.shards[1]!.kill()
    await expect(store.insert(operations, 'killed')).rejects.toThrow()
    await cluster.shards[1]!.start()
    await store.insert(operations, 'killed')
    expect(await counts('killed')).toEqual(all(400))
    expect(await counts('before')).toEqual(all(400))
  })

  test('several collectors may make the tables at the same time', async () => {
    const location = { url: cluster.url, cluster: CLUSTER }
    const others = await Promise.all([1, 2, 3].map(() => openStore(location, { database: 'raced' })))
    await Promise.all(others.map((other, index) => other.insert(batch('raced', 10), `raced-${index}`)))
    expect(await counts('raced', others[0])).toEqual(all(30))
    await Promise.all(others.map((other) => other.close()))
  })

  test('what belongs to one identity is erased on both, and old partitions are dropped on both', async () => {
    const old = NOON - 20 * 86_400_000
    const operations = batch('erased', 100).map((one, index) => ({
      ...one,
      userId: index < 40 ? 'forget-me' : 'other',
    }))
    await store.insert([...operations, ...batch('erased', 50).map((one) => ({ ...one, startTime: old }))], 'erased')
    expect(await store.eraseIdentity('forget-me')).toBe(40)
    expect(await counts('erased')).toEqual([110, ...all(150).slice(1)])
    const { operations: before } = await store.size()
    const { dropped } = await store.applyRetention(old + 32 * 86_400_000)
    expect(dropped.map((one) => one.split('/')[0])).toEqual(['operations'])
    expect((await store.size()).operations).toBe(before - 50)
    expect(await counts('erased')).toEqual([60, ...all(150).slice(1)])
  })

  test('an embedded store is copied into the cluster, once, however often', async () => {
    const embedded = await opened({ path: temporaryDirectory() })
    await embedded.insert(batch('copied'), 'copied')
    for (let time = 0; time < 2; time++) {
      const { tables } = await embedded.copyTo(store)
      expect(tables[0]).toEqual({ table: 'operations', rows: 400 })
      expect(await counts('copied')).toEqual(all(400))
    }
    expect((await onShards('copied')).length).toBe(2)
  })
})
