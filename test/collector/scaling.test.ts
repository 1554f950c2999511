/** Several collectors on one store: the engine is a real one behind the real ClickHouse client, the collectors are processes of their own. */
import { afterAll, expect, test } from 'vitest'
import { aggregateSql, mainSql, TIERS, widenSql } from '../../src/collector/store/rollups.js'
import { MIGRATIONS } from '../../src/collector/store/schema.js'
import type { Store } from '../../src/collector/store/store.js'
import { type CollectorProcess, endProcesses, startProcess } from './collector-process.js'
import { event } from './running.js'
import { closeAll, opened, startFront, temporaryDirectory } from './store/stores.js'
import { createStoreLink, type StoreLink } from './store-link.js'

const links: StoreLink[] = []
afterAll(async () => {
  await endProcesses()
  await closeAll()
  await Promise.all(links.map((link) => link.close()))
}, 60_000)

async function linkedFront(): Promise<{ front: string; link: StoreLink }> {
  const front = await startFront()
  const link = await createStoreLink(front)
  links.push(link)
  return { front, link }
}

const settings = (url: string) => ({
  'store.url': url,
  'queue.commit.maxDelay': '1ms',
  'identities.key': 'one for all',
})

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Sends events of new ids until it is told to stop, each batch again until it is acknowledged. */
function createSender(name: string, collector: CollectorProcess) {
  const acknowledged: string[] = []
  let target = collector
  let isStopped = false
  let sent = 0
  async function isTaken(events: readonly object[]): Promise<boolean> {
    try {
      const url = `${target.url}/api/v1/analytics/events`
      const headers = { 'content-type': 'application/json' }
      const { ok } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(events) })
      return ok
    } catch {
      return false // It was killed.
    }
  }
  const sending = (async () => {
    while (!isStopped) {
      const ids = Array.from({ length: 20 }, () => `${name}-${sent++}`)
      const events = ids.map((id, index) => event(id, index % 2 ? 'gpt-4o' : 'gpt-4o-mini'))
      await until(() => isTaken(events))
      acknowledged.push(...ids)
    }
  })()
  return {
    acknowledged,
    sendTo(next: CollectorProcess) {
      target = next
    },
    async stop() {
      isStopped = true
      await sending
    },
  }
}

/** What a table of rollups adds up to, in windows of its own. */
async function addedUp(store: Store, source: string): Promise<unknown[]> {
  return store.query(`SELECT toString(\`window\`) AS at, provider, request_model, sum(operations) AS operations,
    sum(errors) AS errors, sum(duration_ms_sum) AS duration, min(duration_ms_min) AS least, max(duration_ms_max) AS most,
    toString(sum(cost_nano_dollars_sum)) AS cost, sum(input_tokens_sum) AS input, sum(output_tokens_known) AS known,
    sumMap(cost_nano_dollars_histogram) AS histogram
    FROM ${source} GROUP BY at, provider, request_model ORDER BY at, provider, request_model`)
}

async function expectRollupsOfWhatIsStored(store: Store): Promise<void> {
  const minutes = `(${aggregateSql(store.table('operations'))})`
  for (const tier of TIERS) {
    const recomputed = await addedUp(store, `(${widenSql(minutes, tier)})`)
    expect([tier.name, await addedUp(store, store.table(tier.table))]).toEqual([tier.name, recomputed])
    if (tier.mainTable === undefined) continue
    const main = `(SELECT *, model AS request_model FROM (${mainSql(`(${widenSql(minutes, tier)})`)}))`
    const stored = `(SELECT *, model AS request_model FROM ${store.table(tier.mainTable)})`
    expect([tier.mainTable, await addedUp(store, stored)]).toEqual([tier.mainTable, await addedUp(store, main)])
  }
}

test('two collectors on one store, one killed, the store failing: what either acknowledged is stored exactly once', async () => {
  const { front, link } = await linkedFront()
  const data = temporaryDirectory()
  const start = () => startProcess(data, settings(link.url))
  // Both make the tables, at the same time.
  const [first, other] = await Promise.all([start(), startProcess(temporaryDirectory(), settings(link.url))])
  await until(async () => (await first.isReady()) && (await other.isReady()))
  const senders = [createSender('a', first), createSender('b', other)] as const
  const grown = (by: number) => {
    const goals = senders.map(({ acknowledged }) => acknowledged.length + by)
    return until(() => senders.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!))
  }
  await grown(200)

  link.state = 'forgets'
  await until(() => link.met.forgets >= 2)
  await first.end('SIGKILL')
  link.state = 'refuses'
  const again = await start()
  senders[0].sendTo(again)
  await grown(200)
  await until(() => link.met.refuses >= 2)
  expect(await again.isReady()).toBe(false)

  link.state = 'works'
  await grown(200)
  await Promise.all(senders.map((sender) => sender.stop()))
  const both = [again, other]
  await until(async () => (await Promise.all(both.map((one) => one.ledger()))).every(({ inQueue }) => inQueue === 0))
  await until(async () => (await again.isReady()) && (await other.isReady()))

  const store = await opened({ url: front })
  const rows = await store.query<{ id: string }>(`SELECT id FROM ${store.table('operations')}`)
  const expected = senders.flatMap(({ acknowledged }) => acknowledged)
  expect(rows.map(({ id }) => id).sort()).toEqual([...expected].sort())
  await expectRollupsOfWhatIsStored(store)
  for (const [index, one] of both.entries()) {
    const ledger = await one.ledger()
    expect(ledger.imbalances).toEqual([])
    expect(ledger.stored).toBe(senders[index]!.acknowledged.length)
  }
  await Promise.all(both.map((one) => one.end('SIGTERM')))
}, 180_000)

test('an operation sent to one collector twice is stored once; sent to two, it is stored by both', async () => {
  const { front } = await linkedFront()
  const both = await Promise.all([1, 2].map(() => startProcess(temporaryDirectory(), settings(front))))
  const post = async ({ url }: CollectorProcess) => {
    const headers = { 'content-type': 'application/json' }
    return (
      await fetch(`${url}/api/v1/analytics/events`, { method: 'POST', headers, body: JSON.stringify(event('same')) })
    ).status
  }
  const [one, other] = both as [CollectorProcess, CollectorProcess]
  expect([await post(one), await post(one), await post(other)]).toEqual([202, 200, 202])
  await until(async () => (await Promise.all(both.map((each) => each.ledger()))).every(({ stored }) => stored === 1))
  const store = await opened({ url: front })
  expect(await store.query(`SELECT id FROM ${store.table('operations')}`)).toEqual([{ id: 'same' }, { id: 'same' }])
  await Promise.all(both.map((each) => each.end('SIGTERM')))
}, 120_000)

test('any number of collectors may make the tables at the same time', async () => {
  const url = await startFront()
  const stores = await Promise.all(Array.from({ length: 6 }, () => opened({ url })))
  const [row] = await stores[0]!.query<{ versions: number[] }>(
    `SELECT arraySort(groupUniqArray(version)) AS versions FROM ${stores[0]!.table('schema_versions')}`,
  )
  expect(row?.versions).toEqual(MIGRATIONS.map(({ version }) => version))
  const operation = { id: 'one', operation: 'chat', startTime: Date.now() }
  await Promise.all(stores.map((store, index) => store.insert([operation], `token-${index}`)))
  const [counted] = await stores[0]!.query(`SELECT sum(operations) AS n FROM ${stores[0]!.table('operations_1d')}`)
  expect(counted).toEqual({ n: 6 })
}, 120_000)
