import { expect, test } from 'vitest'
import { checkOrigins } from '../../../src/collector/security/cors.js'
import { hashToken, Tokens } from '../../../src/collector/security/tokens.js'
import { send } from '../receive/http-exchange.js'
import { receiving } from '../receive/receiving.js'

const LISTED = 'https://app.example.com'
const json = { 'content-type': 'application/json' }
const question = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST' },
})

test('a page of a listed origin may send, and read what is answered, refusals too', async () => {
  const tokens = new Tokens([{ name: 'page', hash: await hashToken('page-token'), scopes: ['ingest'] }])
  const { url } = await receiving({
    tokens,
    cors: () => ({ origins: [LISTED], headers: ['x-tenant'], maxAgeSeconds: 60 }),
  })
  const asked = await send(url, question(LISTED))
  expect(asked.status).toBe(204)
  expect(asked.headers).toMatchObject({
    'access-control-allow-origin': LISTED,
    'access-control-allow-methods': 'GET, POST, PUT, DELETE',
    'access-control-allow-headers': 'authorization, content-encoding, content-type, x-tenant',
    'access-control-max-age': '60',
    vary: 'Origin',
  })
  const allowed = {
    'access-control-allow-origin': LISTED,
    'access-control-expose-headers': 'retry-after',
    vary: 'Origin',
  }
  const headers = { ...json, origin: LISTED }
  const sent = await send(url, { headers: { ...headers, authorization: 'Bearer page-token' }, body: '{}' })
  expect([sent.status, sent.headers]).toEqual([200, expect.objectContaining(allowed)])
  const denied = await send(url, { headers, body: '{}' })
  expect([denied.status, denied.headers]).toEqual([401, expect.objectContaining(allowed)])
  expect(sent.headers['access-control-allow-credentials']).toBeUndefined()
})

test('to a page of another origin nothing is allowed', async () => {
  const { url } = await receiving({ cors: () => ({ origins: [LISTED] }) })
  for (const origin of [
    'https://app.example.com.evil.test',
    'http://app.example.com',
    'https://APP.example.com',
    'null',
  ]) {
    for (const sent of [question(origin), { headers: { ...json, origin }, body: '{}' }]) {
      const { status, headers } = await send(url, sent)
      expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([
        sent === undefined || 'method' in sent ? 405 : 200,
        undefined,
        'Origin',
      ])
    }
  }
})

test('it is off by default; all origins at once is possible', async () => {
  const off = await receiving()
  const { status, headers } = await send(off.url, question(LISTED))
  expect([status, headers.vary, headers['access-control-allow-origin']]).toEqual([405, undefined, undefined])
  const any = await receiving({ cors: () => ({ origins: ['*'] }) })
  expect((await send(any.url, question('https://any.test'))).headers['access-control-allow-origin']).toBe('*')
})

test('what is no origin is named', () => {
  checkOrigins([LISTED, 'http://localhost:3000', '*'])
  for (const origin of [
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://*.example.com',
    '',
  ]) {
    expect(() => checkOrigins([origin])).toThrow(`as in https://app.example.com; got ${origin}`)
  }
})
