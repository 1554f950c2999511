/** What is done about who asks too much, or goes away before the answer: over real HTTP, on the real engine. */
import { connect } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { AnswerCache } from '../../../src/collector/query/answer-cache.js'
import { endpoint } from '../../../src/collector/query/endpoint.js'
import { createQueryRoutes } from '../../../src/collector/query/routes.js'
import { createHttpServer } from '../../../src/collector/receive/http-server.js'
import { hashToken, Tokens } from '../../../src/collector/security/tokens.js'
import type { Store } from '../../../src/collector/store/store.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'

afterEach(closeAll)

const window = { start_time: '2026-01-01T00:00:00.000Z', end_time: '2026-01-02T00:00:00.000Z' }
const KEPT = { raw: 30, '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }

type Options = Partial<Parameters<typeof createQueryRoutes>[0]> & { readonly tokens?: Tokens }

async function asked({ tokens = new Tokens([]), ...options }: Options) {
  const app = createHttpServer({ tokens: () => tokens })
  await app.register(
    createQueryRoutes({
      version: '0.0.0',
      store: () => ({ query: async () => [], table: (name) => name }),
      kept: () => KEPT,
      cache: new AnswerCache({ maxBytes: 1e6 }),
      ...options,
    }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  const { port } = app.server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}/api/v1`, port }
}

const plain = endpoint({
  method: 'GET',
  path: '/plain',
  summary: '',
  parameters: z.strictObject({}),
  response: z.looseObject({}),
  answer: async () => ({ window }),
})

test('each token may ask so often in a minute, and is told when to ask again', async () => {
  const tokens = new Tokens(
    await Promise.all(
      ['one', 'other'].map(async (name) => ({ name, hash: await hashToken(name), scopes: ['read' as const] })),
    ),
  )
  const { url } = await asked({ tokens, endpoints: [plain], perMinute: 3 })
  const get = (token: string) => fetch(`${url}/plain`, { headers: { authorization: `Bearer ${token}` } })
  const statuses = async (token: string, times: number) => {
    const got: number[] = []
    for (let time = 0; time < times; time++) got.push((await get(token)).status)
    return got
  }
  expect(await statuses('one', 4)).toEqual([200, 200, 200, 429])
  const refused = await get('one')
  const seconds = Number(refused.headers.get('retry-after'))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)
  expect(await refused.json()).toEqual({
    error: {
      code: 'RATE_LIMIT_EXCEEDED',
      message: `more than 3 questions a minute are not answered: ask again in ${seconds} s`,
    },
  })
  expect(await statuses('other', 4)).toEqual([200, 200, 200, 429])
  // Who has no token is told that, and nothing else.
  expect((await fetch(`${url}/plain`)).status).toBe(401)
})

test('where there are no tokens addresses are counted, and without a limit nobody is', async () => {
  const limited = await asked({ endpoints: [plain], perMinute: 1 })
  expect([(await fetch(`${limited.url}/plain`)).status, (await fetch(`${limited.url}/plain`)).status]).toEqual([
    200, 429,
  ])
  const free = await asked({ endpoints: [plain] })
  for (let time = 0; time < 50; time++) expect((await fetch(`${free.url}/plain`)).status).toBe(200)
})

test('another method than those of a path is told which there are', async () => {
  const { url } = await asked({ endpoints: [plain] })
  const response = await fetch(`${url}/plain`, { method: 'POST' })
  expect([response.status, response.headers.get('allow'), await response.json()]).toEqual([
    405,
    'GET',
    { error: { code: 'METHOD_NOT_ALLOWED', message: 'only GET is taken here; got POST' } },
  ])
  const missing = await fetch(`${url}/missing`, { method: 'POST' })
  expect([missing.status, await missing.json()]).toEqual([
    404,
    { error: { code: 'NOT_FOUND', message: 'there is nothing here' } },
  ])
})

test('a body of another type is told to be one, and a failure of ours tells nothing of itself', async () => {
  const broken = endpoint({
    method: 'POST',
    path: '/broken',
    summary: '',
    parameters: z.strictObject({}),
    response: z.looseObject({}),
    answer: async () => {
      throw new Error('secret detail')
    },
  })
  const { url } = await asked({ endpoints: [broken] })
  const send = async (type: string) => {
    const response = await fetch(`${url}/broken`, { method: 'POST', headers: { 'content-type': type }, body: '{}' })
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    expect(error.message).not.toContain('secret')
    return [response.status, error.code]
  }
  expect(await send('text/xml')).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  expect(await send('application/json')).toEqual([500, 'INTERNAL_ERROR'])
})

/** Takes the engine minutes, were it not stopped. */
const LONG = 'SELECT count() AS n FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))'
const long = endpoint({
  method: 'GET',
  path: '/long',
  summary: '',
  parameters: z.strictObject({}),
  response: z.looseObject({}),
  answer: async (_, { query }) => {
    await query(LONG, {})
    return { window }
  },
})

test('when whoever asked has gone the engine is stopped, unless somebody else waits for the same', async () => {
  const store = await opened({ path: temporaryDirectory() })
  const asking: Promise<unknown>[] = []
  const watched: Pick<Store, 'query' | 'table'> = {
    table: (name) => store.table(name),
    query(sql, parameters, options) {
      const answer = store.query<never>(sql, parameters, options)
      asking.push(answer.catch((error: Error) => error.message))
      return answer
    },
  }
  const { port } = await asked({ store: () => watched, endpoints: [long] })
  const ask = () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /api/v1/long HTTP/1.1\r\nHost: a\r\n\r\n')
    return socket
  }
  const [first, second] = [ask(), ask()]
  const runs =
    "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%processes%'"
  const running = async () => (await store.query<{ n: number }>(runs))[0]!.n
  while ((await running()) < 1) await new Promise(setImmediate)
  first.destroy()
  expect(await Promise.race([asking[0], running()])).toBe(1)
  second.destroy()
  expect(await Promise.all(asking)).toEqual(['whoever asked has gone'])
}, 20_000)

test('a question whose turn has not come is not asked when whoever asked has gone', async () => {
  const store = await opened({ path: temporaryDirectory() }, { concurrentQueries: 1 })
  const first = new AbortController()
  const second = new AbortController()
  const asking = store.query(LONG, {}, { signal: first.signal })
  const waiting = store.query(LONG, {}, { signal: second.signal })
  second.abort(new Error('gone before its turn'))
  await expect(waiting).rejects.toThrow('gone before its turn')
  // It may not have begun yet: it is told until it hears.
  first.abort(new Error('gone meanwhile'))
  await expect(asking).rejects.toThrow('gone meanwhile')
  await expect(store.query(LONG, {}, { signal: first.signal })).rejects.toThrow('gone meanwhile')
  expect(await store.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
}, 20_000)
