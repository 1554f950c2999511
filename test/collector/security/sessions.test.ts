/** Sessions: begun with a token that may read, good for reading alone, and ended by time, by leaving, by others that come, and with the tokens. */
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { requireTokens } from '../../../src/collector/security/access.js'
import { Sessions, type SessionsOptions } from '../../../src/collector/security/sessions.js'
import { hashToken, type Scope, Tokens } from '../../../src/collector/security/tokens.js'
import { createLogin } from '../../../src/collector/show/login.js'

type Headers = { readonly [name: string]: string }

async function served(options: SessionsOptions = {}) {
  const scopes: readonly (readonly [name: string, ...scopes: Scope[]])[] = [
    ['reader', 'read'],
    ['root', 'admin'],
    ['ingester', 'ingest'],
  ]
  const tokens = new Tokens(
    await Promise.all(scopes.map(async ([name, ...of]) => ({ name, hash: await hashToken(name), scopes: of }))),
  )
  const sessions = new Sessions(options)
  const app = fastify()
  requireTokens(app, () => tokens, sessions)
  app.register(createLogin({ tokens: () => tokens, sessions }))
  app.get('/read', { config: { scope: 'read' } }, async ({ principal }) => principal)
  app.post('/ask', { config: { scope: 'read' } }, async () => 'ok')
  app.post('/in', { config: { scope: 'ingest' } }, async () => 'ok')
  app.get('/all', { config: { scope: 'admin' } }, async () => 'ok')
  app.delete('/silent', async () => 'ok')
  const login = (payload: unknown, headers: Headers = {}) =>
    app.inject({ method: 'POST', url: '/api/v1/session', payload: payload as object, headers })
  const cookieOf = async (token: string) => {
    const answer = await login({ token })
    expect(answer.statusCode).toBe(204)
    return String(answer.headers['set-cookie']).split(';')[0]!
  }
  const statusOf = async (method: 'GET' | 'POST' | 'DELETE', url: string, headers: Headers) =>
    (await app.inject({ method, url, headers })).statusCode
  return { app, sessions, login, cookieOf, statusOf }
}

test('a token that may read begins a session, whose cookie no script and no other site can use', async () => {
  const { login } = await served()
  const f = async (token: string, status: number) =>
    expect([token, (await login({ token })).statusCode]).toEqual([token, status])
  await f('reader', 204)
  await f('root', 204)
  await f('ingester', 403)
  await f('nobody', 401)
  const { headers } = await login({ token: 'reader' })
  expect(headers['set-cookie']).toMatch(/^tokmeter_\d+=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
  const behindProxy = await login({ token: 'reader' }, { 'x-forwarded-proto': 'https' })
  expect(behindProxy.headers['set-cookie']).toMatch(/; SameSite=Strict; Secure$/)
})

test('what is no login is refused, and a form of another page cannot send one', async () => {
  const { login, app } = await served()
  for (const body of [{}, { token: '' }, { token: 5 }, { token: 'reader', more: 1 }, { token: 'x'.repeat(2000) }, []])
    expect([body, (await login(body)).statusCode]).toEqual([body, 400])
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const headers = { 'content-type': type }
    const payload = '{"token":"reader"}'
    const answer = await app.inject({ method: 'POST', url: '/api/v1/session', payload, headers })
    expect([type, answer.statusCode >= 400, answer.headers['set-cookie']]).toEqual([type, true, undefined])
  }
})

test('a session reads, and does nothing else, whatever its token may do', async () => {
  const { cookieOf, statusOf, app } = await served()
  for (const token of ['reader', 'root']) {
    const cookie = await cookieOf(token)
    expect((await app.inject({ url: '/read', headers: { cookie } })).json()).toEqual({ name: token, scopes: ['read'] })
    expect(await statusOf('POST', '/ask', { cookie })).toBe(200)
    expect(await statusOf('POST', '/in', { cookie })).toBe(401)
    expect(await statusOf('GET', '/all', { cookie })).toBe(401)
    expect(await statusOf('DELETE', '/silent', { cookie })).toBe(401)
    expect(await statusOf('GET', '/none', { cookie })).toBe(401)
    // A token beside it is what counts.
    expect(await statusOf('GET', '/read', { cookie, authorization: 'Bearer nobody' })).toBe(401)
  }
})

test('a request that another page made the browser send is not of the session', async () => {
  const { cookieOf, statusOf } = await served()
  const cookie = await cookieOf('reader')
  const f = async (site: string, status: number) =>
    expect([site, await statusOf('GET', '/read', { cookie, 'sec-fetch-site': site })]).toEqual([site, status])
  await f('same-origin', 200)
  await f('none', 200)
  await f('same-site', 401)
  await f('cross-site', 401)
  await f('same-origin', 200)
})

test('a cookie that was not given out is none', async () => {
  const { cookieOf, statusOf } = await served()
  const cookie = await cookieOf('reader')
  const [name, id = ''] = cookie.split('=')
  const others = [
    `${name}=`,
    `${name}=${id.slice(1)}`,
    `${name}=${'A'.repeat(43)}`,
    `other=${id}`,
    id,
    `${name}=${id}x`,
  ]
  for (const other of others) expect([other, await statusOf('GET', '/read', { cookie: other })]).toEqual([other, 401])
  expect(await statusOf('GET', '/read', { cookie: `a=b; ${cookie}; c` })).toBe(200)
})

test('a session ends when its time is over, when its browser leaves, and when another begins in its place', async () => {
  let now = 0
  const { app, cookieOf, statusOf, sessions } = await served({ lifetimeMs: 1000, now: () => now })
  const first = await cookieOf('reader')
  now = 999
  expect(await statusOf('GET', '/read', { cookie: first })).toBe(200)
  now = 1000
  expect(await statusOf('GET', '/read', { cookie: first })).toBe(401)
  const second = await cookieOf('reader')
  const left = await app.inject({ method: 'DELETE', url: '/api/v1/session', headers: { cookie: second } })
  expect([left.statusCode, left.headers['clear-site-data']]).toEqual([204, '"cache"'])
  expect(left.headers['set-cookie']).toMatch(/=; Path=\/; Max-Age=0;/)
  expect(await statusOf('GET', '/read', { cookie: second })).toBe(401)
  const third = await cookieOf('reader')
  const payload = { token: 'root' }
  await app.inject({ method: 'POST', url: '/api/v1/session', payload, headers: { cookie: third } })
  expect(await statusOf('GET', '/read', { cookie: third })).toBe(401)
  expect(sessions.size).toBe(1)
})

test('there are only so many, and the one that was used least recently gives way', async () => {
  const { cookieOf, statusOf, sessions } = await served({ limit: 2 })
  const [first, second] = [await cookieOf('reader'), await cookieOf('reader')]
  expect(await statusOf('GET', '/read', { cookie: first })).toBe(200)
  const third = await cookieOf('reader')
  expect(sessions.size).toBe(2)
  expect(await statusOf('GET', '/read', { cookie: second })).toBe(401)
  expect(await statusOf('GET', '/read', { cookie: first })).toBe(200)
  expect(await statusOf('GET', '/read', { cookie: third })).toBe(200)
  sessions.clear()
  expect(await statusOf('GET', '/read', { cookie: third })).toBe(401)
})
