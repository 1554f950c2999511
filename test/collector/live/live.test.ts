/** The stream over real HTTP, on a server of its own; its clock and its timers are the test's. */

import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { createLiveRoute } from '../../../src/collector/live/route.js'
import { Live, type LiveOptions } from '../../../src/collector/live.js'
import { createHttpServer } from '../../../src/collector/receive/http-server.js'
import type { ServerLimits } from '../../../src/collector/security/server-limits.js'
import { hashToken, Tokens } from '../../../src/collector/security/tokens.js'
import { RELATIVE_ERROR } from '../../../src/collector/store/histogram.js'
import { send } from '../receive/http-exchange.js'
import { readEvents } from './event-reader.js'

const START = Date.parse('2026-03-01T12:00:00Z')

type Options = LiveOptions & { readonly limits?: ServerLimits; readonly tokens?: Tokens }

async function streaming({ limits, tokens = new Tokens([]), ...options }: Options = {}) {
  let milliseconds = 0
  const timers: (() => void)[] = []
  const live = new Live({
    now: () => START + milliseconds,
    elapsed: () => milliseconds,
    // What is to be done later is done when the test says so.
    setTimer: (work) => {
      timers.push(work)
      return () => {}
    },
    ...options,
  })
  const app = createHttpServer({ tokens: () => tokens, ...(limits && { limits }) })
  await app.register(createLiveRoute({ live }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    live,
    app,
    port,
    url,
    timers,
    /** Lets time go by, and has done what is to be done once a second. */
    pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        milliseconds += 1000
        live.tick()
      }
    },
    accept(...operations: IdentifiedOperation[]) {
      live.accept(operations)
      live.flush()
    },
    read: (query = '', headers = {}) => readEvents(`${url}/api/v1/live${query}`, headers),
  }
}

let ids = 0
const operation = (fields: Partial<IdentifiedOperation> = {}): IdentifiedOperation => ({
  id: `o-${ids++}`,
  operation: 'chat',
  startTime: START,
  durationMs: 100,
  provider: 'openai',
  requestModel: 'gpt-4o',
  ...fields,
})
const failure = { error: { type: 'RateLimitError', code: '429', message: 'no: "my secret question"' } }

test('a reader is told at once how things stand, and then once a second', async () => {
  const { read, pass, live } = await streaming()
  live.accept([operation({ usage: { inputTokens: 70, outputTokens: 30 } }), operation(failure)])
  const reader = await read()
  expect(reader.response.status).toBe(200)
  expect(Object.fromEntries(reader.response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  const first = await reader.next()
  expect(first).toMatchObject({ event: 'snapshot', data: { since: '2026-03-01T12:00:00.000Z', subscribers: 0 } })
  expect(first!.data.windows['1m']).toMatchObject({ seconds: 0, request_count: 0 })
  expect(reader.retries).toEqual([2000])
  pass(2)
  const [second, third] = await reader.take(2)
  expect(second!.data).toMatchObject({
    time: '2026-03-01T12:00:01.000Z',
    subscribers: 1,
    percentile_error: RELATIVE_ERROR,
  })
  expect(second!.data.windows['1s']).toMatchObject({ seconds: 1, request_count: 2, error_rate: 0.5, total_tokens: 100 })
  expect(third!.data.windows['1s']).toMatchObject({ seconds: 1, request_count: 0, error_rate: null })
  expect(third!.data.windows['1h']).toMatchObject({ seconds: 2, request_count: 2, throughput_rps: 1 })
})

test('the last errors are told, a few of them and nothing they say', async () => {
  const { read, pass, live } = await streaming()
  for (let index = 0; index < 25; index++) live.accept([operation({ ...failure, id: `failed-${index}` }), operation()])
  // History that comes now is none of what goes wrong now.
  live.accept([operation({ ...failure, id: 'history', startTime: START - 3_700_000 })])
  const reader = await read()
  pass(1)
  const [, snapshot] = await reader.take(2)
  const told = snapshot!.data.recent_errors
  expect(told.map(({ id }: { id: string }) => id)).toEqual(
    Array.from({ length: 20 }, (_, index) => `failed-${24 - index}`),
  )
  expect(told[0]).toEqual({
    id: 'failed-24',
    time: '2026-03-01T12:00:00.100Z',
    operation: 'chat',
    provider: 'openai',
    model: 'gpt-4o',
    service: null,
    environment: null,
    agent: null,
    error_type: 'RateLimitError',
    error_code: '429',
  })
  expect(JSON.stringify(snapshot)).not.toContain('secret')
})

test('budgets and alerts are told as they are handed in; one that fails is left out, and the rest is told', async () => {
  const troubles: unknown[] = []
  const { read } = await streaming({
    budgets: () => [{ name: 'team', spent_usd: 3 }],
    alerts: () => {
      throw new Error('no store')
    },
    onTrouble: (...trouble) => troubles.push(trouble),
  })
  const { data } = (await (await read()).next())!
  expect(data.budgets).toEqual([{ name: 'team', spent_usd: 3 }])
  expect('alerts' in data).toBe(false)
  expect(troubles).toEqual([['alerts', new Error('no store')]])
})

test('one snapshot is made a second, however many read it', async () => {
  let asked = 0
  const { read, pass, live } = await streaming({ budgets: () => ++asked })
  const readers = await Promise.all(Array.from({ length: 50 }, () => read()))
  pass(3)
  for (const reader of readers) {
    const events = await reader.take(4)
    expect(events.map(({ data }) => data.budgets)).toEqual([1, 2, 3, 4])
  }
  expect(live.counts).toMatchObject({ subscribers: 50, sent: { snapshot: 200, operation: 0 }, skipped: 0 })
})

test('single operations come to who chose them, by the filters of the questions', async () => {
  const { read, accept } = await streaming()
  const offered = [
    operation({
      id: 'a',
      tags: { team: 'search', by: 1 },
      service: 'chat',
      agentName: 'planner',
      userId: 'u1',
      environment: 'production',
    }),
    operation({ id: 'b', provider: 'anthropic', requestModel: 'claude', ...failure }),
    operation({ id: 'c', operation: 'embeddings', requestModel: undefined, responseModel: 'answered' }),
  ]
  const f = async (query: string, ...expected: string[]) => {
    const reader = await read(`?events=operation&${query}`)
    accept(...offered)
    // The last is for everybody, so that nobody waits for what does not come.
    const got = await reader.take(expected.length)
    expect([query, got.map(({ data }) => data.id)]).toEqual([query, expected])
    reader.leave()
  }
  await f('provider=anthropic', 'b')
  await f('provider=anthropic&provider=openai', 'a', 'b', 'c')
  await f('model=answered', 'c')
  await f('model=gpt-4o&service=chat', 'a')
  await f('operation=embeddings', 'c')
  await f('agent=planner', 'a')
  await f('agent=', 'b', 'c')
  await f('user_id=u1', 'a')
  await f('environment=production', 'a')
  await f('tag=team:search', 'a')
  await f('tag=team:search&tag=team:none&tag=by:1', 'a')
  await f('failed=true', 'b')
  await f('failed=false', 'a', 'c')
  await f('', 'a', 'b', 'c')
})

test('a filter asks for operations beside snapshots; without one there are snapshots alone', async () => {
  const { read, accept, pass } = await streaming()
  const [plain, filtered] = [await read(), await read('?model=gpt-4o')]
  accept(operation({ id: 'a' }))
  pass(1)
  expect((await plain.take(2)).map(({ event }) => event)).toEqual(['snapshot', 'snapshot'])
  const events = await filtered.take(3)
  expect(events.map(({ event }) => event)).toEqual(['snapshot', 'operation', 'snapshot'])
  expect(events[1]!.data).toEqual(operation({ id: 'a' }))
})

test('who comes back gets what was missed, in its order and once', async () => {
  const { read, accept, pass, live } = await streaming()
  const first = await read('?model=gpt-4o')
  accept(operation({ id: 'a' }))
  const [, seen] = await first.take(2)
  first.leave()
  while (live.counts.subscribers > 0) await new Promise(setImmediate)
  accept(operation({ id: 'b' }), operation({ id: 'other', requestModel: 'claude' }))
  pass(1)
  accept(operation({ id: 'c' }))
  const second = await read('?model=gpt-4o', { 'last-event-id': seen!.id! })
  pass(1)
  const events = await second.take(4)
  expect(events.map(({ event, data }) => data.id ?? event)).toEqual(['b', 'snapshot', 'c', 'snapshot'])
  expect(events[1]!.data.time).toBe('2026-03-01T12:00:01.000Z')
  expect(live.counts.skipped).toBe(0)
})

test('who comes back too late is told so, and gets what there is left', async () => {
  const { read, accept, live } = await streaming()
  const first = await read('?events=operation')
  accept(operation({ id: 'a' }))
  const [seen] = await first.take(1)
  first.leave()
  while (live.counts.subscribers > 0) await new Promise(setImmediate)
  for (let index = 0; index < 1005; index++) accept(operation({ id: `later-${index}` }))
  const second = await read('?events=operation', { 'last-event-id': seen!.id! })
  const [told, oldest] = await second.take(2)
  expect(told).toEqual({ event: 'lagged', id: undefined, data: { reason: 'too_old', skipped: null } })
  expect(oldest!.data.id).toBe('later-5')
})

test('when nobody reads for a minute nothing is kept, and who comes back after is told', async () => {
  const { read, accept, pass, live, timers } = await streaming()
  const first = await read('?events=operation')
  accept(operation({ id: 'a' }))
  const [seen] = await first.take(1)
  first.leave()
  while (live.counts.subscribers > 0) await new Promise(setImmediate)
  pass(62)
  timers.length = 0
  accept(operation({ id: 'b' }))
  expect(timers).toEqual([])
  const second = await read('?events=operation', { 'last-event-id': seen!.id! })
  accept(operation({ id: 'c' }))
  const events = await second.take(2)
  expect(events.map(({ event, data }) => data.reason ?? data.id ?? event)).toEqual(['too_old', 'c'])
})

test('an event that is none of this process is told, not guessed', async () => {
  const { read } = await streaming()
  for (const id of ['deadbeef-1', 'x', '1', `${'9'.repeat(30)}-1`]) {
    const reader = await read('', { 'last-event-id': id })
    const [told, snapshot] = await reader.take(2)
    expect([id, told!.data, snapshot!.event]).toEqual([id, { reason: 'unknown', skipped: null }, 'snapshot'])
    reader.leave()
  }
})

test('a reader that does not read is skipped over, told how much, and costs the others nothing', async () => {
  const { port, read, accept, live } = await streaming()
  const stuck = connect(port, '127.0.0.1')
  stuck.pause()
  stuck.write('GET /api/v1/live?events=operation HTTP/1.1\r\nHost: a\r\n\r\n')
  while (live.counts.subscribers < 1) await new Promise(setImmediate)
  const quick = await read('?events=operation')
  const tags = { long: 'x'.repeat(1000), longer: 'y'.repeat(1000) }
  let offered = 0
  while (live.counts.skipped === 0) {
    const batch = Array.from({ length: 100 }, () => operation({ id: `n-${offered++}`, tags }))
    accept(...batch)
    expect((await quick.take(100)).map(({ data }) => data.id)).toEqual(batch.map(({ id }) => id))
    // The kernel takes some megabytes for a reader that is asleep.
    expect(offered).toBeLessThan(50_000)
  }
  const { skipped } = live.counts
  // It wakes up: what waits is what came last, after what it is told it missed.
  let text = ''
  stuck.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  stuck.resume()
  while (!text.includes(`"n-${offered - 1}"`)) await new Promise(setImmediate)
  expect(text).toContain(`event: lagged\ndata: {"reason":"slow_reader","skipped":${skipped}}\n\n`)
  const got = [...text.matchAll(/"id":"n-(\d+)"/g)].map(([, number]) => Number(number))
  expect(got.length + skipped).toBe(offered)
  expect(got.toSorted((one, other) => one - other)).toEqual(got)
  stuck.destroy()
})

test('operations that come faster than they are sent are skipped, the oldest first', async () => {
  const { read, live } = await streaming()
  const reader = await read('?events=operation&model=gpt-4o')
  live.accept(Array.from({ length: 10_500 }, (_, index) => operation({ id: `n-${index}` })))
  live.flush()
  const [told, oldest] = await reader.take(2)
  expect([told!.data, oldest!.data.id]).toEqual([{ reason: 'slow_reader', skipped: 500 }, 'n-500'])
  await reader.take(999)
  live.flush()
  expect((await reader.next())!.data.id).toBe('n-1500')
})

test('where nothing is sent a heartbeat says that the connection stands', async () => {
  const { read, pass, accept } = await streaming()
  const reader = await read('?events=operation')
  pass(20)
  accept(operation({ id: 'a' }))
  await reader.next()
  expect(reader.comments).toHaveLength(2)
})

test('more readers than the limit are told to come later, and taken when there is room', async () => {
  const { url, read, live } = await streaming({ maxSubscribers: 2 })
  const first = await read()
  await read()
  const refused = await send(url, { method: 'GET', path: '/api/v1/live' })
  expect([refused.status, refused.headers['retry-after'], JSON.parse(refused.body.toString())]).toEqual([
    503,
    '1',
    {
      error: {
        code: 'UNAVAILABLE',
        message: '2 readers are listening, and no more are taken: close one, or raise live.subscribers',
      },
    },
  ])
  expect(live.counts).toMatchObject({ subscribers: 2, refused: 1 })
  first.leave()
  while (live.counts.subscribers > 1) await new Promise(setImmediate)
  expect((await read()).response.status).toBe(200)
})

test('who takes JSON alone gets one snapshot', async () => {
  const { url, live } = await streaming()
  const response = await fetch(`${url}/api/v1/live`, { headers: { accept: 'application/json' } })
  expect(await response.json()).toEqual(JSON.parse(JSON.stringify(live.snapshot())))
  const none = await fetch(`${url}/api/v1/live`, { headers: { accept: 'text/csv' } })
  expect([none.status, await none.json()]).toEqual([
    406,
    {
      error: {
        code: 'NOT_ACCEPTABLE',
        message: 'what is accepted must be one of text/event-stream, application/json',
      },
    },
  ])
  expect((await fetch(`${url}/api/v1/live`, { method: 'HEAD' })).status).toBe(405)
})

test('a wrong parameter is told with what is allowed', async () => {
  const { url } = await streaming()
  const f = async (query: string, details: object) => {
    const response = await fetch(`${url}/api/v1/live?${query}`)
    expect([response.status, ((await response.json()) as { error: { details: object } }).error.details]).toEqual([
      400,
      details,
    ])
  }
  await f('colour=red', { field: 'colour', allowed: expect.arrayContaining(['events', 'model', 'failed']) })
  await f('failed=maybe', { field: 'failed', allowed: ['true', 'false'] })
  await f('events=everything', { field: 'events' })
  await f('tag=team', { field: 'tag' })
  await f("tag=te'am:a", { field: 'tag', allowed: expect.arrayContaining(['tag:<key>']) })
})

test('only a token that may read may listen', async () => {
  const tokens = new Tokens([
    { name: 'sender', hash: await hashToken('sends'), scopes: ['ingest'] },
    { name: 'board', hash: await hashToken('reads'), scopes: ['read'] },
  ])
  const { read } = await streaming({ tokens })
  const status = async (headers: object) => {
    const reader = await read('', headers)
    reader.leave()
    return reader.response.status
  }
  expect(await status({})).toBe(401)
  expect(await status({ authorization: 'Bearer sends' })).toBe(403)
  expect(await status({ authorization: 'Bearer reads' })).toBe(200)
})

test('the times of requests cut no stream that goes on', async () => {
  const limits = {
    headersTimeoutMs: 20,
    requestTimeoutMs: 20,
    idleTimeoutMs: 20,
    keepAliveTimeoutMs: 20,
    checkIntervalMs: 5,
  }
  const { url, read, pass } = await streaming({ limits })
  const reader = await read()
  await reader.next()
  // Connections that say nothing are cut meanwhile, so their time has come.
  const cut = connect(Number(new URL(url).port), '127.0.0.1')
  await new Promise((resolve) => cut.resume().once('close', resolve))
  pass(1)
  expect((await reader.next())!.event).toBe('snapshot')
})

test('when the server closes, streams come to their end, and who does not read is not waited for', async () => {
  const { app, port, read, accept, live } = await streaming()
  const reader = await read()
  await reader.next()
  const stuck = connect(port, '127.0.0.1')
  stuck.on('error', () => {})
  stuck.pause()
  stuck.write('GET /api/v1/live?events=operation HTTP/1.1\r\nHost: a\r\n\r\n')
  while (live.counts.subscribers < 2) await new Promise(setImmediate)
  while (live.counts.skipped === 0)
    accept(...Array.from({ length: 500 }, () => operation({ tags: { long: 'x'.repeat(1000) } })))
  const closed = app.close()
  expect(await reader.next()).toBeUndefined()
  await closed
  expect(live.counts.subscribers).toBe(0)
})

test('nothing is done for nobody: no timer runs and nothing waits before the first reader', async () => {
  const { accept, timers, live } = await streaming()
  accept(operation())
  expect(timers).toEqual([])
  expect(live.snapshot().windows['1m'].request_count).toBe(0)
})
