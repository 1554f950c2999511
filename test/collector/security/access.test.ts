import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { EVENTS_PATH } from '../../../src/collector/receive/receive.js'
import { requireTokens } from '../../../src/collector/security/access.js'
import { checkBinding, isLoopback } from '../../../src/collector/security/binding.js'
import { hashToken, type Scope, Tokens } from '../../../src/collector/security/tokens.js'
import { send } from '../receive/http-exchange.js'
import { receiving } from '../receive/receiving.js'

const tokensOf = async (...all: readonly (readonly [token: string, ...scopes: Scope[]])[]) =>
  new Tokens(await Promise.all(all.map(async ([name, ...scopes]) => ({ name, hash: await hashToken(name), scopes }))))

const everyScope = () =>
  tokensOf(['ingester', 'ingest'], ['reader', 'read'], ['both', 'ingest', 'read'], ['root', 'admin'])
const json = { 'content-type': 'application/json' }
const as = (token: string) => ({ ...json, authorization: `Bearer ${token}` })

test('every route needs a token that allows it, and a path that is no route any token', async () => {
  const tokens = await everyScope()
  const app = fastify()
  requireTokens(app, () => tokens)
  app.get('/in', { config: { scope: 'ingest' } }, async () => 'ok')
  app.get('/out', { config: { scope: 'read' } }, async () => 'ok')
  app.get('/all', { config: { scope: 'admin' } }, async () => 'ok')
  app.get('/silent', async () => 'ok')
  const f = async (path: string, token: string | undefined, statusCode: number) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const answer = await app.inject({ url: path, headers })
    expect([path, token, answer.statusCode]).toEqual([path, token, statusCode])
  }
  const rows: readonly (readonly [path: string, reader: number, ingester: number, both: number, root: number])[] = [
    ['/in', 403, 200, 200, 200],
    ['/out', 200, 403, 200, 200],
    ['/all', 403, 403, 403, 200],
    ['/silent', 403, 403, 403, 200],
    ['/none', 404, 404, 404, 404],
  ]
  for (const [path, reader, ingester, both, root] of rows) {
    await f(path, undefined, 401)
    await f(path, 'wrong', 401)
    await f(path, 'reader', reader)
    await f(path, 'ingester', ingester)
    await f(path, 'both', both)
    await f(path, 'root', root)
  }
})

test('everything that is received asks for a token, and says which it wants', async () => {
  const { url, intake, outcomes } = await receiving({ tokens: await everyScope() })
  for (const path of ['/v1/traces', '/v1/metrics', '/v1/logs', EVENTS_PATH]) {
    const f = async (headers: { readonly [name: string]: string }, status: number, challenge: string | undefined) => {
      const answer = await send(url, { path, headers, body: path === EVENTS_PATH ? '[]' : '{}' })
      const expected = status === 200 && path === EVENTS_PATH ? 202 : status
      expect([path, answer.status, answer.headers['www-authenticate']]).toEqual([path, expected, challenge])
      return answer.body.toString()
    }
    await f(json, 401, 'Bearer realm="tokmeter"')
    await f({ ...json, authorization: 'Basic aW5nZXN0ZXI6' }, 401, 'Bearer realm="tokmeter"')
    expect(await f(as('my-wrong-token'), 401, 'Bearer realm="tokmeter", error="invalid_token"')).not.toContain(
      'my-wrong',
    )
    await f(as('reader'), 403, 'Bearer realm="tokmeter", error="insufficient_scope", scope="ingest"')
    await f({ ...json, authorization: 'bearer  ingester ' }, 200, undefined)
    const query = await send(url, { path: `${path}?token=ingester&access_token=ingester`, headers: json, body: '{}' })
    expect(query.status).toBe(401)
  }
  expect([intake.requests.length, intake.events.length]).toEqual([3, 1])
  expect(outcomes.filter(({ reason }) => reason === 'denied')).toHaveLength(4 * 5)
})

test('a path that is none, a method that is none, and a question of a browser need a token too', async () => {
  const { url } = await receiving({ tokens: await everyScope() })
  for (const sent of [
    { path: '/v1/none' },
    { path: '/' },
    { method: 'GET' },
    { method: 'OPTIONS', headers: { origin: 'https://a.test', 'access-control-request-method': 'POST' } },
  ]) {
    expect((await send(url, sent)).status).toBe(401)
  }
})

test('without tokens no page gets in by a name of its own that leads here: nothing can be read by it', async () => {
  const app = fastify()
  requireTokens(app, () => new Tokens([]))
  app.post('/in', { config: { scope: 'ingest' } }, async () => 'ok')
  app.get('/out', { config: { scope: 'read' } }, async () => 'ok')
  app.delete('/all', async () => 'ok')
  const f = async (host: string, statusCode: number) => {
    for (const [method, url, expected] of [
      ['POST', '/in', 200],
      ['GET', '/out', statusCode],
      ['DELETE', '/all', statusCode],
      ['GET', '/none', 404],
    ] as const) {
      const answer = await app.inject({ method, url, headers: { host } })
      expect([host, url, answer.statusCode]).toEqual([host, url, expected])
    }
  }
  await f('127.0.0.1:4318', 200)
  await f('[::1]:4318', 200)
  await f('localhost:4318', 200)
  await f('LOCALHOST', 200)
  await f('tokmeter.localhost', 200)
  await f('host.docker.internal:4318', 200)
  await f('collector:4318', 200)
  await f('evil.example', 403)
  await f('evil.example:4318', 403)
  await f('127.0.0.1.evil.example', 403)
  await f('localhost.evil.example', 403)
  await f('internal.evil.example', 403)
})

test('without tokens everything is open, for the loopback interface alone', async () => {
  const { url } = await receiving()
  expect((await send(url, { headers: json, body: '{}' })).status).toBe(200)
  const f = (host: string, expected: boolean) => {
    expect([host, isLoopback(host)]).toEqual([host, expected])
    expect(() => checkBinding(host, true)).not.toThrow()
    const check = () => checkBinding(host, false)
    if (expected) expect(check).not.toThrow()
    else expect(check).toThrow(`will not listen on ${host || 'all addresses'} without tokens`)
  }
  f('127.0.0.1', true)
  f('127.8.9.1', true)
  f('localhost', true)
  f('LocalHost', true)
  f('::1', true)
  f('[::1]', true)
  f('::ffff:127.0.0.1', true)
  f('0.0.0.0', false)
  f('::', false)
  f('', false)
  f('10.0.0.1', false)
  f('192.168.1.5', false)
  f('::ffff:10.0.0.1', false)
  f('fe80::1', false)
  f('example.com', false)
  f('127.0.0.1.example.com', false)
  f('localhost.example.com', false)
})
