import { fastify } from 'fastify'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Check, createHealth } from '../../src/collector/health.js'
import { createMetricsPage } from '../../src/collector/metrics-page.js'
import { requireTokens } from '../../src/collector/security/access.js'
import { hashToken, Tokens } from '../../src/collector/security/tokens.js'

async function appWith(...checks: Check[]) {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(createHealth({ checks, version: '1.2.3' }))
  return app
}

const check = (name: string, look: Check['look']): Check => ({ name, look })

test('it is up, whatever is not ready', async () => {
  const app = await appWith(check('store', () => 'it is closed'))
  const { statusCode, headers, body } = await app.inject('/health')
  expect(statusCode).toBe(200)
  expect(JSON.parse(body)).toEqual({ status: 'up', version: '1.2.3', uptimeSeconds: expect.any(Number) })
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': expect.stringContaining('json') })
})

test('it is ready when nothing speaks against it', async () => {
  for (const checks of [[], [check('store', () => undefined), check('queue', async () => undefined)]]) {
    const { statusCode, body } = await (await appWith(...checks)).inject('/ready')
    expect([statusCode, JSON.parse(body)]).toEqual([200, { status: 'ready' }])
  }
})

test('when it is not ready it says all that speaks against it', async () => {
  const app = await appWith(
    check('queue', () => 'the queue is full'),
    check('store', async () => 'the server cannot be reached'),
    check('disk', () => undefined),
    check('broken', () => {
      throw new Error('no such thing')
    }),
    check('odd', () => Promise.reject('a text')),
  )
  const { statusCode, headers, body } = await app.inject('/ready')
  expect(statusCode).toBe(503)
  expect(headers['cache-control']).toBe('no-store')
  expect(JSON.parse(body)).toEqual({
    status: 'not ready',
    reasons: [
      { check: 'queue', reason: 'the queue is full' },
      { check: 'store', reason: 'the server cannot be reached' },
      { check: 'broken', reason: 'no such thing' },
      { check: 'odd', reason: 'a text' },
    ],
  })
})

test('a check without an answer is not well, and holds nobody up', async () => {
  const app = await appWith(
    check('store', () => new Promise(() => {})),
    check('queue', () => undefined),
  )
  await app.ready()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const answer = app.inject('/ready')
  await vi.waitUntil(() => vi.getTimerCount() > 0, { timeout: 1000, interval: 1 })
  await vi.advanceTimersByTimeAsync(2000)
  const { statusCode, body } = await answer
  expect([statusCode, JSON.parse(body).reasons]).toEqual([503, [{ check: 'store', reason: 'it does not answer' }]])
})

test('each time it looks anew', async () => {
  let reason: string | undefined = 'starting'
  const app = await appWith(check('store', () => reason))
  expect((await app.inject('/ready')).statusCode).toBe(503)
  reason = undefined
  expect((await app.inject('/ready')).statusCode).toBe(200)
})

test('where there are tokens, one that may read is needed, for the metrics too', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  const token = async (name: 'read' | 'ingest') => ({ name, hash: await hashToken(name), scopes: [name] as const })
  const tokens = new Tokens([await token('read'), await token('ingest')])
  requireTokens(app, () => tokens)
  await app.register(createHealth({ checks: [], version: '1' }))
  await app.register(createMetricsPage({ path: '/metrics', page: async () => '' }))
  const status = async (url: string, authorization?: string) =>
    (await app.inject({ url, ...(authorization && { headers: { authorization } }) })).statusCode
  for (const url of ['/health', '/ready', '/metrics'])
    expect([await status(url), await status(url, 'Bearer ingest'), await status(url, 'Bearer read')]).toEqual([
      401, 403, 200,
    ])
})
