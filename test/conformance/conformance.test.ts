/** The conformance suite is passed by what receives here, fails a server that does otherwise, and can be run by anybody. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { hashToken, Tokens } from '../../src/collector/security/tokens.js'
import { receiving } from '../collector/receive/receiving.js'
import { CHECKS, runSuite } from './suite.js'

const limit = 128 * 1024
const token = 'a-token-of-the-tests'
const headers = { authorization: `Bearer ${token}` }
const tokensOfTests = async () => new Tokens([{ name: 'tests', hash: await hashToken(token), scopes: ['ingest'] }])

const named = (results: Awaited<ReturnType<typeof runSuite>>, wanted: string) =>
  results.filter(({ result }) => result === wanted).map(({ name }) => name)

test('every check that can be made here is passed', async () => {
  const corsOrigin = 'https://app.example.com'
  const { url, memory } = await receiving({
    tokens: await tokensOfTests(),
    cors: () => ({ origins: [corsOrigin] }),
    bodyLimit: limit,
  })
  const results = await runSuite({ url, headers, limit, corsOrigin })
  expect(results.filter(({ result }) => result === 'fail')).toEqual([])
  expect(named(results, 'skip').filter((name) => name !== 'content-encoding-zstd')).toEqual([
    'default-port',
    'tls-version',
    'tls-client-certificate',
    'retry-after',
  ])
  expect(memory.size).toBe(0)
})

test('every line of the checklist has checks, and no name stands twice', () => {
  expect([...new Set(CHECKS.map(({ line }) => line))].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 16 }, (_, i) => i + 1),
  )
  expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length)
})

/** The names of the checks that a server fails which does this to every answer. */
const failedWhen = async (
  spoilAnswer: (request: FastifyRequest, reply: FastifyReply, payload: unknown) => unknown,
  only: readonly string[] = [],
) => {
  const spoil = (app: FastifyInstance) => {
    app.addHook('onSend', async (request, reply, payload) => spoilAnswer(request, reply, payload))
  }
  const { url } = await receiving({ spoil, bodyLimit: limit })
  return named(await runSuite({ url, limit, only }), 'fail')
}

const plain = (reply: FastifyReply, text: string) => {
  reply.removeHeader('content-length')
  reply.header('content-type', 'text/plain')
  return text
}

test('a server that answers 400 to what is too large fails the checks of 413', async () => {
  const failed = await failedWhen((_, reply, payload) => {
    if (reply.statusCode === 413) reply.code(400)
    return payload
  })
  expect(failed).toEqual([
    'status-413',
    'body-too-large',
    'body-too-large-unannounced',
    'body-too-large-decompressed',
    'bombs',
  ])
})

test('a server that answers 405 and 415 in plain text fails the checks of both', async () => {
  const failed = await failedWhen((_, reply, payload) =>
    reply.statusCode === 405 || reply.statusCode === 415 ? plain(reply, 'no') : payload,
  )
  expect(failed).toEqual(['status-405', 'status-415'])
})

test('a server that takes whatever comes, and says so, fails wherever it should have looked', async () => {
  const failed = await failedWhen((request, reply, payload) => {
    if (reply.statusCode !== 400) return payload
    reply.code(200).removeHeader('content-length')
    return request.headers['content-type']?.includes('json') ? '{}' : ''
  })
  expect(failed).toEqual([
    'content-type-chooses',
    'content-encoding-damaged',
    'answer-type-error',
    'status-400',
    'malformed-protobuf',
    'malformed-json',
    'malformed-every-signal',
    'json-no-base64-ids',
  ])
})

test('a server that answers JSON to everybody fails wherever protobuf was sent', async () => {
  const failed = await failedWhen(
    (_, reply) => {
      reply.header('content-type', 'application/json').removeHeader('content-length')
      return reply.statusCode < 400 ? '{}' : '{"message":"no"}'
    },
    ['4', '5', '7', '16'],
  )
  expect(failed).toEqual([
    'answer-type-success',
    'answer-type-error',
    'success-without-partial',
    'empty-request',
    'empty-envelopes',
    'status-400',
    'status-405',
    'status-413',
    'status-415',
    'golden-trace',
    'golden-metrics',
    'golden-logs',
    'golden-events',
  ])
})

test('a server that always sets partial_success, counts wrongly, or says nothing fails', async () => {
  const partial = (text: string) => (_: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    if (reply.getHeader('content-type') !== 'application/json' || reply.statusCode !== 200) return payload
    reply.removeHeader('content-length')
    return text
  }
  const only = ['5', '6']
  expect(await failedWhen(partial('{"partialSuccess":{}}'), only)).toEqual([
    'success-without-partial',
    'empty-request',
    'empty-envelopes',
    'partial-success',
  ])
  expect(await failedWhen(partial('{"partialSuccess":{"rejectedSpans":2,"errorMessage":"no"}}'), ['6'])).toEqual([
    'partial-success',
  ])
  expect(await failedWhen(partial('{"partialSuccess":{"rejected_spans":1,"errorMessage":"no"}}'), ['6'])).toEqual([
    'partial-success',
  ])
})

test('a server with errors of its own, without Retry-After, or that lets every page in fails', async () => {
  const failed = await failedWhen(
    (_, reply, payload) => {
      reply.header('access-control-allow-origin', '*')
      if (reply.statusCode === 400) reply.code(500)
      return payload
    },
    ['malformed-json', 'cors-stranger', 'retry-after'],
  )
  expect(failed).toEqual(['malformed-json', 'cors-stranger', 'retry-after'])
  const busy = await failedWhen(
    (_, reply, payload) => {
      reply.code(503)
      return payload
    },
    ['post-traces', 'retry-after'],
  )
  expect(busy).toEqual(['post-traces', 'retry-after'])
})

test('a server that closes connections, or compresses what nobody asked for, fails', async () => {
  const failed = await failedWhen(
    (_, reply, payload) => {
      reply.header('connection', 'close').header('content-encoding', 'br')
      return payload
    },
    ['13'],
  )
  expect(failed).toEqual(['keep-alive', 'answer-compression'])
})

test('a server that asks nobody for a token fails, and so does one that nobody answers for', async () => {
  const { url, app } = await receiving()
  const only = ['post-traces', 'token']
  expect(named(await runSuite({ url, headers, only }), 'fail')).toEqual(['token-missing', 'token-wrong'])
  app.server.closeAllConnections()
  await app.close()
  const [gone] = await runSuite({ url, only: ['post-traces'] })
  expect([gone?.result, gone?.reason]).toEqual(['fail', expect.stringContaining('ECONNREFUSED')])
})

/** Runs the runner as anybody would. */
async function run(...words: string[]) {
  const runner = fileURLToPath(new URL('run.js', import.meta.url))
  const child = spawn(process.execPath, [runner, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += chunk))
  child.stderr.on('data', (chunk) => (output.stderr += chunk))
  const [code] = await once(child, 'close')
  return { code, ...output }
}

test('the runner prints a line a check, or an object a line, and exits with 1 when one failed', async () => {
  const { url } = await receiving({ bodyLimit: limit, tokens: await tokensOfTests() })
  const only = ['--only', '1', '--only', 'tls-version']
  const authorization = ['--header', `Authorization: Bearer ${token}`]
  const good = await run('--url', url, ...only, ...authorization)
  expect(good).toEqual({
    code: 0,
    stderr: '',
    stdout: `ok     1  post-traces: takes traces by POST on /v1/traces
ok     1  post-metrics: takes metrics by POST on /v1/metrics
ok     1  post-logs: takes logs by POST on /v1/logs
skip   1  default-port: listens on port 4318 unless told otherwise -- the URL names another port
ok     1  other-methods: answers other methods with 405, and Allow: POST
ok     1  unknown-path: answers a path that is none with 404
skip  15  tls-version: speaks TLS 1.2 and 1.3, and nothing older -- needs an https URL

5 ok, 0 failed, 2 skipped
`,
  })
  const bad = await run('--url', url, '--json', '--only', 'post-logs')
  expect([bad.code, bad.stderr, JSON.parse(bad.stdout)]).toEqual([
    1,
    '',
    {
      name: 'post-logs',
      line: 1,
      level: 'must',
      says: 'takes logs by POST on /v1/logs',
      result: 'fail',
      reason: expect.stringContaining('expected 200 for logs by protobuf, got 401'),
    },
  ])
})

test('the runner helps who does not know it, and says what is wrong with how it was called', async () => {
  const help = await run('--help')
  expect([help.code, help.stderr]).toEqual([0, ''])
  for (const flag of ['--url', '--only', '--header', '--limit', '--cors-origin', '--json', '--list', '--help']) {
    expect(help.stdout).toContain(flag)
  }
  const listed = await run('--list', '--json')
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name),
  ).toEqual(CHECKS.map(({ name }) => name))
  const f = async (words: string[], message: string) =>
    expect(await run(...words)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
  await Promise.all([
    f([], '--url is missing'),
    f(['--url', 'localhost:4318'], '--url must be an http or https URL; got localhost:4318'),
    f(['--url', 'http://a', '--only', 'nothing'], 'there is no check nothing'),
    f(['--url', 'http://a', '--limit', 'much'], '--limit must be a positive number; got much'),
    f(['--url', 'http://a', '--header', 'my-secret'], '--header must be "name: text"'),
    f(['--nothing'], "Unknown option '--nothing'"),
  ])
})
