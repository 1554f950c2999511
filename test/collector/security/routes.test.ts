/** Every route there is, found by asking the server itself, with an attacker's eye: which token may come there, and what is said to who may not. */
import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { hashToken, SCOPES, type Scope } from '../../../src/collector/security/tokens.js'
import { send, sendRaw } from '../receive/http-exchange.js'
import { collector, configOf, newDirectory, stopAll } from '../running.js'

// One for all of them: what one attack leaves behind must not help the next.
let running: ReturnType<typeof startGuarded> | undefined
const guarded = () => {
  running ??= startGuarded()
  return running
}
afterAll(stopAll)

type Route = { readonly method: string; readonly url: string; readonly scope: Scope | 'open' | undefined }

/** The server that is made next, with its routes as they are registered. */
function listingRoutes() {
  const routes: Route[] = []
  const found: { app?: FastifyInstance } = {}
  subscribe('fastify.initialization', (message) => {
    const { fastify } = message as { fastify: FastifyInstance }
    found.app = fastify
    fastify.addHook('onRoute', ({ method, url, config }: RouteOptions) => {
      for (const one of [method].flat())
        routes.push({ method: String(one), url, scope: (config as { readonly scope?: Scope | 'open' })?.scope })
    })
  })
  return { routes, found }
}

const tokenOf = (scope: string) => `token-that-may-${scope}`
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
/** What goes on for ever is answered once to who takes JSON alone. */
const once = { 'content-type': 'application/json', accept: 'application/json' }

async function startGuarded() {
  const { routes, found } = listingRoutes()
  const config = {
    // Nobody listens there: what is asked of it is answered all the same, and sooner.
    ...configOf(newDirectory(), { 'store.url': 'http://127.0.0.1:9' }),
    tokens: await Promise.all(
      SCOPES.map(async (scope) => ({ name: scope, hash: await hashToken(tokenOf(scope)), scopes: [scope] })),
    ),
  }
  const made = await collector(config)
  return { ...made, app: found.app!, routes, port: Number(new URL(made.url).port) }
}

test('every route says which scope it needs, and lets in who has it and nobody else', async () => {
  const { app, url, routes } = await guarded()
  expect(routes.length).toBeGreaterThan(10)
  const scoped = routes.filter(({ scope }) => scope !== 'open') as (Route & { readonly scope: Scope })[]
  expect(scoped.filter(({ scope }) => scope === undefined || !SCOPES.includes(scope))).toEqual([])
  // For everybody are the files of the dashboard, which hold nothing, and the way in by a token and out again.
  const open = routes.filter(({ scope }) => scope === 'open').map(({ method, url }) => `${method} ${url}`)
  expect(open.length).toBeGreaterThan(4)
  expect(open.filter((route) => !/^(GET|HEAD) \/(assets\/[\w.-]+)?$/.test(route))).toEqual([
    'POST /api/v1/session',
    'DELETE /api/v1/session',
  ])
  const scopeOf = (method: string, path: string) =>
    routes.find((route) => route.method === method && route.url === path)?.scope
  expect(scopeOf('POST', '/v1/traces')).toBe('ingest')
  expect(scopeOf('POST', '/api/v1/analytics/events')).toBe('ingest')
  expect(scopeOf('GET', '/metrics')).toBe('read')
  expect(scopeOf('GET', '/api/v1/config')).toBe('admin')
  expect(scopeOf('DELETE', '/api/v1/identities/:hash')).toBe('admin')

  for (const { method, url: pattern, scope } of scoped) {
    // The others of a path that takes one alone are told apart by nothing.
    if (!['GET', 'POST', 'DELETE'].includes(method)) continue
    const path = pattern.replace(/:\w+|\*/g, '0'.repeat(32))
    const statusFor = async (headers: { readonly [name: string]: string }) =>
      (await app.inject({ method: method as 'GET', url: path, headers: { ...once, ...headers } })).statusCode
    const about = `${method} ${path}`
    const strangers: { readonly [name: string]: string }[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      bearer('x'),
      bearer(tokenOf(scope!).slice(0, -1)),
      bearer(`${tokenOf(scope!)}x`),
      bearer('x'.repeat(5000)),
      { authorization: `Basic ${Buffer.from(`a:${tokenOf(scope!)}`).toString('base64')}` },
      { cookie: `token=${tokenOf(scope!)}` },
      { 'x-api-key': tokenOf(scope!) },
    ]
    const refused = await Promise.all(strangers.map(statusFor))
    expect([about, refused]).toEqual([about, strangers.map(() => 401)])
    for (const other of SCOPES) {
      const isEnough = other === scope || other === 'admin'
      const status = await statusFor(bearer(tokenOf(other)))
      expect([about, other, status === 401 || status === 403]).toEqual([about, other, !isEnough])
      expect([about, other, status === 500]).toEqual([about, other, false])
    }
  }
  // In the query it would end up in logs, and is no token.
  expect((await send(url, { method: 'GET', path: `/metrics?access_token=${tokenOf('admin')}` })).status).toBe(401)
})

test('what is written so that two readers read it differently is refused, or read as one', async () => {
  const { port } = await guarded()
  const authorization = `Authorization: Bearer ${tokenOf('ingest')}`
  const close = 'Host: a\r\nConnection: close\r\n'
  const head = `POST /v1/traces HTTP/1.1\r\n${close}${authorization}\r\nContent-Type: application/json\r\n`
  const statuses = async (bytes: string) =>
    [...(await sendRaw(port, bytes)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  const wrong: unknown[] = []
  const f = async (bytes: string, ...expected: string[]) => {
    const got = await statuses(bytes)
    if (String(got) !== String(expected)) wrong.push({ bytes, got, expected })
  }
  await f(`${head}Content-Length: 2\r\n\r\n{}`, '200')
  // Framing.
  await f(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '400')
  await f(`${head}Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '400')
  await f(`${head}Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '400')
  await f(`${head}Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '400')
  await f(`${head}Content-Length: +2\r\n\r\n{}`, '400')
  await f(`${head}Content-Length: 2, 2\r\n\r\n{}`, '400')
  await f(`${head}Content-Length: 0x2\r\n\r\n{}`, '400')
  await f(`${head}Content-Length: -1\r\n\r\n{}`, '400')
  await f(`${head}Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n`, '400')
  await f(`${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}`, '400')
  await f(`${head}X-A: b\r\n folded: c\r\nContent-Length: 2\r\n\r\n{}`, '400')
  await f(`${head}X-A: b\0c\r\nContent-Length: 2\r\n\r\n{}`, '400')
  // A token that is good does not stand for one that came before it.
  await f(`GET /metrics HTTP/1.1\r\n${close}Authorization: Bearer no\r\n${authorization}\r\n\r\n`, '401')
  // Forms of the target.
  const read = `Authorization: Bearer ${tokenOf('read')}\r\n`
  await f(`GET http://evil.example/health HTTP/1.1\r\n${close}\r\n`, '401')
  await f(`GET http://evil.example/health HTTP/1.1\r\n${close}${read}\r\n`, '200')
  await f(`GET http://evil.example/api/v1/config HTTP/1.1\r\n${close}${read}\r\n`, '403')
  await f(`GET //api/v1/config HTTP/1.1\r\n${close}${read}\r\n`, '404')
  await f(`GET /api/v1/config/ HTTP/1.1\r\n${close}${read}\r\n`, '404')
  await f(`GET /health/../api/v1/config HTTP/1.1\r\n${close}${read}\r\n`, '404')
  await f(`GET /api/v1/%63onfig HTTP/1.1\r\n${close}${read}\r\n`, '403')
  await f(`GET /API/v1/config HTTP/1.1\r\n${close}${read}\r\n`, '404')
  await f(`GET /api/v1/config;x HTTP/1.1\r\n${close}${read}\r\n`, '404')
  await f(`OPTIONS * HTTP/1.1\r\n${close}\r\n`, '401')
  await f(`GET /health HTTP/1.1\r\nConnection: close\r\n${read}\r\n`, '400')
  await f(`GET /health HTTP/1.0\r\n${read}\r\n`, '200')
  await f('GET /api/v1/config HTTP/1.0\r\n\r\n', '401')
  await f(
    `POST /v1/traces HTTP/1.0\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    '200',
  )
  await f('GET /health HTTP/0.9\r\n\r\n', '401')
  await f('GET /health\r\n\r\n', '401')
  await f('CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: a\r\n\r\n')
  await f(`GET /health HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n${read}\r\n`, '200')
  // Who asks first is answered before anything is read, and is not told to go on.
  await f(`${head.replace('-ingest', '-nothing')}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`, '401')
  await f(`${head}Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n`, '413')
  await f(`${head}Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}`, '417')
  expect(wrong).toEqual([])
})

test('a name in the path is a hash or nothing', async () => {
  const { url } = await guarded()
  const wrong: unknown[] = []
  const f = async (hash: string, status: number) => {
    const path = `/api/v1/identities/${hash}`
    const answer = await send(url, { method: 'DELETE', path, headers: bearer(tokenOf('admin')) })
    if (answer.status !== status) wrong.push({ hash, got: answer.status, expected: status })
    expect(answer.body.toString()).not.toMatch(/at \w+ \(|node_modules|\.ts:|\.js:/)
  }
  await f('0'.repeat(32), 503)
  await f('', 400)
  await f('0'.repeat(31), 400)
  await f('0'.repeat(33), 400)
  await f('A'.repeat(32), 400)
  await f(`${'0'.repeat(32)}%0a`, 400)
  await f(`${'0'.repeat(32)}%00`, 400)
  await f('..%2f..%2fetc%2fpasswd', 400)
  await f("'%20OR%201=1%20--%20", 400)
  await f('%ff', 400)
  await f('%', 400)
  await f('../../etc/passwd', 404)
  await f('0'.repeat(300), 414)
  await f('__proto__', 400)
  expect(wrong).toEqual([])
})

test('a flood of requests on one connection is answered one by one, and nobody else is kept waiting for it', async () => {
  const { port, url } = await guarded()
  const one = `GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokenOf('read')}\r\n\r\n`
  const last = one.replace('Host: a', 'Host: a\r\nConnection: close')
  const flood = sendRaw(port, one.repeat(999) + last)
  expect((await send(url, { method: 'GET', path: '/health', headers: bearer(tokenOf('read')) })).status).toBe(200)
  expect((await flood).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1000)
})

test('pages of other origins get no leave to send credentials, and no answer that they could read', async () => {
  const { url } = await guarded()
  for (const origin of ['https://evil.example', 'null', 'https://app.example.com.evil.example']) {
    const asked = {
      origin,
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'authorization',
    }
    for (const [method, headers] of [
      ['OPTIONS', asked],
      ['GET', { origin }],
    ] as const) {
      const answer = await send(url, { method, path: '/api/v1/config', headers: headers as { [name: string]: string } })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(answer.status).toBe(401)
    }
  }
})
