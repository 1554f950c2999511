import { Writable } from 'node:stream'
import { fastify } from 'fastify'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createHttpServer } from '../../../src/collector/receive/http-server.js'
import { Tokens } from '../../../src/collector/security/tokens.js'

const json = { 'content-type': 'application/json' }

/** A server with routes of others than those who receive, and what it logs. */
function serving() {
  const lines: string[] = []
  const log = pino(new Writable({ write: (chunk, _, done) => done(void lines.push(String(chunk))) }))
  const app = createHttpServer({ tokens: () => new Tokens([]), log })
  app.get('/fails', async () => {
    throw new Error('the password is hunter2')
  })
  app.get('/slow', async () => {
    throw Object.assign(new Error('the query took too long'), { statusCode: 504 })
  })
  app.get('/wrong', async () => {
    throw Object.assign(new Error('no such column'), { statusCode: 400 })
  })
  app.post('/takes', async ({ body }) => body)
  return { app, lines }
}

test('what goes wrong on any route is answered in one form, and a defect is logged, not told', async () => {
  const { app, lines } = serving()
  const f = async (url: string, statusCode: number, code: string, message: string) => {
    const answer = await app.inject({ url })
    expect([answer.statusCode, answer.headers['content-type'], answer.json()]).toEqual([
      statusCode,
      'application/json',
      { error: { code, message } },
    ])
  }
  const defect = 'the request failed because of a defect of the collector, which its log tells'
  await f('/wrong', 400, 'VALIDATION_ERROR', 'no such column')
  await f('/slow', 504, 'TIMEOUT', 'the query took too long')
  await f('/none', 404, 'NOT_FOUND', 'there is nothing here')
  await f('/%zz', 400, 'VALIDATION_ERROR', "'/%zz' is not a valid url component")
  expect(lines).toEqual([])
  await f('/fails', 500, 'INTERNAL_ERROR', defect)
  expect(lines.map((line) => JSON.parse(line).err.message)).toEqual(['the password is hunter2'])
})

test('a route that does not say how much it takes takes little', async () => {
  const { app } = serving()
  const f = (bytes: number) =>
    app.inject({ method: 'POST', url: '/takes', headers: json, payload: `"${'a'.repeat(bytes - 2)}"` })
  expect((await f(64 * 1024)).statusCode).toBe(200)
  const large = await f(64 * 1024 + 1)
  expect([large.statusCode, large.json().error.code]).toEqual([413, 'TOO_LARGE'])
})

test('requests are not logged, nor what stands in their queries and headers', async () => {
  const { app, lines } = serving()
  const headers = { authorization: 'Bearer my-secret', cookie: 'my-secret' }
  await app.inject({ url: '/none?token=my-secret', headers })
  await app.inject({ url: '/fails?token=my-secret', headers })
  expect(lines).toHaveLength(1)
  expect(lines.join()).not.toContain('my-secret')
  // As fastify does by itself.
  const others: string[] = []
  const log = pino(new Writable({ write: (chunk, _, done) => done(void others.push(String(chunk))) }))
  await fastify({ loggerInstance: log }).inject({ url: '/none?token=my-secret' })
  expect(others.join()).toContain('my-secret')
})
