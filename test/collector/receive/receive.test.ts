import { randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { InvalidBody, Refused } from '../../../src/collector/receive/intake.js'
import { hasZstd } from '../../../src/collector/receive/media.js'
import { createReceive } from '../../../src/collector/receive/receive.js'
import { MemoryBudget } from '../../../src/collector/security/memory-budget.js'
import { send, sendRaw } from './http-exchange.js'
import { ReadingIntake } from './reading-intake.js'
import { receiving } from './receiving.js'

const MIB = 1024 * 1024
const json = { 'content-type': 'application/json' }
const protobuf = { 'content-type': 'application/x-protobuf' }
const spans = JSON.stringify({
  resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '01'.repeat(16), spanId: '01'.repeat(8) }] }] }],
})
/** A good request of so many bytes. */
const long = (bytes: number) => `{"a":"${'a'.repeat(bytes - 8)}"}`

test('the next stage gets what was sent, decompressed, and as it came', async () => {
  const { url, intake, outcomes } = await receiving()
  const bytes = gzipSync(spans)
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' }
  const { status, headers: answered, body } = await send(url, { headers, body: bytes })
  expect([status, answered['content-type'], body.toString()]).toEqual([200, 'application/json', '{}'])
  expect(intake.requests).toEqual([
    {
      signal: 'traces',
      encoding: 'json',
      body: Buffer.from(spans),
      received: { contentType: headers['content-type'], contentEncoding: 'gzip', bytes },
    },
  ])
  await send(url, { path: '/v1/logs', headers: protobuf })
  expect(intake.requests[1]).toEqual({
    signal: 'logs',
    encoding: 'protobuf',
    body: Buffer.alloc(0),
    received: { contentType: 'application/x-protobuf', bytes: Buffer.alloc(0) },
  })
  await send(url, { headers: { 'content-type': `application/json;a=${'b'.repeat(200)}` }, body: '{}' })
  expect(intake.requests[2]?.received.contentType).toBe('application/json')
  expect(outcomes.slice(0, 2)).toEqual([
    { signal: 'traces', outcome: 'accepted', statusCode: 200, reason: 'ok' },
    { signal: 'logs', outcome: 'accepted', statusCode: 200, reason: 'ok' },
  ])
})

test('bodies large and small are decompressed, whatever they are compressed by', async () => {
  const { url, intake, memory } = await receiving({ bodyLimit: 4 * MIB })
  for (const [encoding, compress] of [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
  ] as const) {
    for (const bytes of [100, 10_000, 1_500_000, 4 * MIB]) {
      const headers = { ...json, 'content-encoding': encoding }
      const { status } = await send(url, { headers, body: compress(long(bytes)) })
      expect([encoding, bytes, status, intake.requests.at(-1)?.body.length]).toEqual([encoding, bytes, 200, bytes])
    }
  }
  // What does not compress is no better taken at once than as a stream.
  const random = JSON.stringify({ a: Array.from({ length: 40_000 }, (_, i) => Math.sin(i)).join() })
  await send(url, { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(random) })
  expect(intake.requests.at(-1)?.body.toString()).toBe(random)
  expect(memory.size).toBe(0)
})

test.runIf(hasZstd)('zstd is taken where Node has it', async () => {
  const { url, intake } = await receiving()
  const { zstdCompressSync } = (await import('node:zlib')) as unknown as { zstdCompressSync(text: string): Buffer }
  await send(url, { headers: { ...json, 'content-encoding': 'zstd' }, body: zstdCompressSync(long(100_000)) })
  expect(intake.requests[0]?.body.length).toBe(100_000)
})

test('nothing compressed is nothing, whatever the header says', async () => {
  const { url, intake } = await receiving()
  const { status } = await send(url, { headers: { ...protobuf, 'content-encoding': 'gzip' } })
  expect([status, intake.requests[0]?.received.contentEncoding]).toEqual([200, undefined])
})

test('a compression that is not known is named with those that are', async () => {
  const { url } = await receiving()
  const { status, headers, body } = await send(url, { headers: { ...json, 'content-encoding': 'snappy' }, body: spans })
  const known = hasZstd ? 'gzip, deflate, zstd' : 'gzip, deflate'
  expect([status, headers['accept-encoding'], JSON.parse(body.toString())]).toEqual([
    415,
    known,
    { code: 3, message: `the Content-Encoding must be one of ${known}, or none` },
  ])
})

test('each signal names what was rejected of it', async () => {
  const { url, intake } = await receiving()
  intake.instead = async () => ({ rejected: 3, message: 'no name' })
  const f = async (signal: string, field: string) => {
    const { status, body } = await send(url, { path: `/v1/${signal}`, headers: json, body: '{}' })
    const partialSuccess = { [field]: '3', errorMessage: 'no name' }
    expect([status, JSON.parse(body.toString())]).toEqual([200, { partialSuccess }])
    const binary = await send(url, { path: `/v1/${signal}`, headers: protobuf })
    expect(binary.headers['content-type']).toBe('application/x-protobuf')
    expect(binary.body.toString('hex')).toBe(`0a0b08031207${Buffer.from('no name').toString('hex')}`)
  }
  await f('traces', 'rejectedSpans')
  await f('metrics', 'rejectedDataPoints')
  await f('logs', 'rejectedLogRecords')
})

test('a message without anything rejected is a warning; a long one is shortened', async () => {
  const { url, intake } = await receiving()
  intake.instead = async () => ({ rejected: 0, message: 'm'.repeat(5 * MIB) })
  const { body } = await send(url, { headers: json, body: '{}' })
  expect(JSON.parse(body.toString())).toEqual({ partialSuccess: { errorMessage: `${'m'.repeat(999)}…` } })
})

test('an invalid body is 400, and says where; a refusal is 503 or 429, and says for how long', async () => {
  const { url, intake, outcomes } = await receiving({ retryAfterSeconds: 2 })
  const f = async (error: Error, statusCode: number, retryAfter: string | undefined, expected: object) => {
    intake.instead = () => Promise.reject(error)
    const { status, headers, body } = await send(url, { headers: json, body: '{}' })
    expect([status, headers['retry-after'], JSON.parse(body.toString())]).toEqual([statusCode, retryAfter, expected])
  }
  const type = (name: string) => `type.googleapis.com/google.rpc.${name}`
  await f(new InvalidBody('no id', { field: 'spans[3].traceId' }), 400, undefined, {
    code: 3,
    message: 'no id',
    details: [{ '@type': type('BadRequest'), fieldViolations: [{ field: 'spans[3].traceId', description: 'no id' }] }],
  })
  await f(new Refused('full', { reason: 'queue_full', retryAfterSeconds: 6.2 }), 503, '7', {
    code: 14,
    message: 'full',
    details: [{ '@type': type('RetryInfo'), retryDelay: '7s' }],
  })
  await f(new Refused('slower', { reason: 'rate', statusCode: 429 }), 429, '2', {
    code: 8,
    message: 'slower',
    details: [{ '@type': type('RetryInfo'), retryDelay: '2s' }],
  })
  expect(outcomes.map(({ outcome, statusCode, reason }) => [outcome, statusCode, reason])).toEqual([
    ['rejected', 400, 'invalid'],
    ['refused', 503, 'queue_full'],
    ['refused', 429, 'rate'],
  ])
})

test('the same in protobuf', async () => {
  const { url, intake } = await receiving()
  intake.instead = () => Promise.reject(new Refused('full', { reason: 'full', retryAfterSeconds: 5 }))
  const { body } = await send(url, { headers: protobuf })
  const type = (name: string) => Buffer.from(`type.googleapis.com/google.rpc.${name}`).toString('hex')
  expect(body.toString('hex')).toBe(`080e120466756c6c1a300a28${type('RetryInfo')}12040a020805`)
  intake.instead = () => Promise.reject(new InvalidBody('no', { field: 'id' }))
  const { body: invalid } = await send(url, { headers: protobuf })
  expect(invalid.toString('hex')).toBe(`080312026e6f1a370a29${type('BadRequest')}120a0a080a02696412026e6f`)
})

test('a defect of the next stage is no reason to lose anything: 503, and nothing told of it', async () => {
  const { url, intake, outcomes } = await receiving()
  intake.instead = () => Promise.reject(new Error('secret detail'))
  const { status, headers, body } = await send(url, { headers: json, body: '{}' })
  expect([status, headers['retry-after'], body.includes('secret')]).toEqual([503, '1', false])
  expect(outcomes[0]).toEqual({ signal: 'traces', outcome: 'refused', statusCode: 503, reason: 'defect' })
})

test('a body is as large as the limit at most, announced or not, compressed or not', async () => {
  const { url, intake, memory, outcomes } = await receiving()
  const f = async (bytes: number, status: number) => {
    const gzipped = { ...json, 'content-encoding': 'gzip' }
    const chunked = { ...json, 'transfer-encoding': 'chunked' }
    for (const [headers, body] of [
      [json, long(bytes)],
      [chunked, long(bytes)],
      [gzipped, gzipSync(long(bytes))],
    ] as const) {
      const answer = await send(url, { headers, body })
      expect([headers, answer.status]).toEqual([headers, status])
    }
  }
  await f(MIB, 200)
  await f(MIB + 1, 413)
  expect(intake.requests).toHaveLength(3)
  expect(outcomes.slice(3)).toEqual(
    Array(3).fill({ signal: 'traces', outcome: 'rejected', statusCode: 413, reason: 'too_large' }),
  )
  expect(memory.size).toBe(0)
})

test('a body that is announced too large is refused before it is sent, and the connection serves on', async () => {
  const { port } = await receiving()
  const head = (length: number, more = '') =>
    `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`
  const large = Buffer.alloc(MIB + 1, 0x20)
  const received = await sendRaw(
    port,
    Buffer.concat([Buffer.from(head(large.length)), large, Buffer.from(`${head(2, 'Connection: close\r\n')}{}`)]),
  )
  expect(received.match(/HTTP.1.1 .*(?=\r)/g)).toEqual(['HTTP/1.1 413 Payload Too Large', 'HTTP/1.1 200 OK'])
})

test('who sends on without end after the answer is cut off', async () => {
  const { url } = await receiving()
  const sent = await new Promise<number>((resolve) => {
    let length = 0
    const headers = { ...json, connection: 'keep-alive' }
    const sending = request(`${url}/v1/traces`, { method: 'POST', headers, agent: false })
    const write = () => {
      while (!sending.destroyed) {
        length += 64 * 1024
        if (!sending.write(Buffer.alloc(64 * 1024))) return
      }
    }
    sending.on('drain', write)
    sending.on('response', (response: IncomingMessage) => response.resume())
    sending.on('error', () => {})
    sending.on('close', () => resolve(length))
    write()
  })
  // Its limit, as much again that passes by unread, and what was on its way.
  expect(sent).toBeLessThan(20 * MIB)
})

test('a gzip bomb is stopped while it unfolds', async () => {
  const { url, memory } = await receiving({ memoryBytes: 4 * MIB })
  const bomb = gzipSync(Buffer.alloc(200 * MIB))
  let most = 0
  const { lease } = memory
  memory.lease = () => {
    const one = lease.call(memory)
    const take = (bytes: number) => {
      const isTaken = one.take(bytes)
      most = Math.max(most, memory.size)
      return isTaken
    }
    return { take, release: one.release }
  }
  const { status } = await send(url, { headers: { ...json, 'content-encoding': 'gzip' }, body: bomb })
  expect([status, bomb.length]).toEqual([413, 203_860])
  expect(most).toBeLessThanOrEqual(bomb.length + MIB)
  expect(memory.size).toBe(0)
})

test('all requests in flight share one budget: beyond it 503, and what is given back is there again', async () => {
  const { url, intake, memory, outcomes } = await receiving({ memoryBytes: 2 * MIB })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  intake.instead = async () => {
    await held
    return { rejected: 0 }
  }
  const body = long(900_000)
  const first = [send(url, { headers: json, body }), send(url, { headers: json, body })]
  // Until both are held by the next stage.
  while (memory.size < 1_800_000) await new Promise(setImmediate)
  const gzipped = { ...json, 'content-encoding': 'gzip' }
  for (const request of [
    { headers: json, body },
    { headers: gzipped, body: gzipSync(body) },
    { headers: gzipped, body: gzipSync(long(1_000_000)) },
    // What shrinks little is unfolded as a stream.
    { headers: gzipped, body: gzipSync(randomBytes(100_000).toString('hex')) },
  ]) {
    const { status, headers } = await send(url, request)
    expect([status, headers['retry-after']]).toEqual([503, '1'])
  }
  expect([memory.size, memory.refused]).toEqual([1_800_000, 4])
  release()
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200])
  expect((await send(url, { headers: json, body })).status).toBe(200)
  expect(memory.size).toBe(0)
  expect(outcomes.map(({ reason }) => reason)).toEqual([...Array(4).fill('memory'), 'ok', 'ok', 'ok'])
})

test('a sender that goes away leaves nothing behind', async () => {
  const { url, memory, outcomes, intake } = await receiving()
  const sending = request(`${url}/v1/traces`, { method: 'POST', headers: { ...json, 'content-length': '100000' } })
  sending.on('error', () => {})
  sending.write(Buffer.alloc(50_000))
  while (memory.size === 0) await new Promise(setImmediate)
  sending.destroy()
  while (outcomes.length === 0) await new Promise(setImmediate)
  expect(outcomes).toEqual([{ signal: 'traces', outcome: 'refused', statusCode: 499, reason: 'sender_gone' }])
  expect([memory.size, intake.requests]).toEqual([0, []])
})

test('who asks first is told to go on only when the body would be taken', async () => {
  const { url } = await receiving()
  const f = (headers: { readonly [name: string]: string }) =>
    new Promise((resolve, reject) => {
      const sending = request(`${url}/v1/traces`, {
        method: 'POST',
        headers: { ...headers, expect: '100-continue', connection: 'keep-alive' },
        agent: false,
      })
      let wasAsked = false
      sending.on('continue', () => {
        wasAsked = true
        sending.end('{}')
      })
      sending.on('response', (response) => {
        response.resume()
        resolve([wasAsked, response.statusCode, response.headers.connection])
        sending.destroy()
      })
      sending.on('error', reject)
      sending.flushHeaders()
    })
  expect(await f({ ...json, 'content-length': '2' })).toEqual([true, 200, 'keep-alive'])
  expect(await f({ ...json, 'content-length': String(MIB + 1) })).toEqual([false, 413, 'close'])
  expect(await f({ 'content-type': 'text/plain', 'content-length': '2' })).toEqual([false, 415, 'close'])
})

test('every other method is 405, with a Status but for HEAD, which has no body', async () => {
  const { url } = await receiving()
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
    const { status, headers, body } = await send(url, { method, headers: json })
    expect([method, status, headers.allow]).toEqual([method, 405, 'POST'])
    expect(body.toString()).toBe(method === 'HEAD' ? '' : '{"code":12,"message":"only POST is taken here"}')
  }
})

test('a path that is none is 404, in the words of who asks', async () => {
  const { url } = await receiving()
  const message = 'there is nothing here'
  const f = async (path: string, headers: { readonly [name: string]: string }, expected: object) => {
    const { status, body } = await send(url, { path, headers, body: '{}' })
    expect([status, JSON.parse(body.toString())]).toEqual([404, expected])
  }
  await f('/v1/spans', json, { code: 5, message })
  await f('/v1/spans', {}, { error: { code: 'NOT_FOUND', message } })
  await f('/api/v2', json, { error: { code: 'NOT_FOUND', message } })
  await f('/v1/traces/', json, { code: 5, message })
})

test('while it closes, what it has is answered, and whatever still comes is to be sent again', async () => {
  const { app, port, intake } = await receiving()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let isHeld = false
  intake.instead = async () => {
    isHeld = true
    await held
    return { rejected: 0 }
  }
  const post = 'POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
  const socket = connect(port, '127.0.0.1', () => socket.write(post))
  const received = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
  })
  while (!isHeld) await new Promise(setImmediate)
  const closed = app.close()
  while (app.server.listening) await new Promise(setImmediate)
  socket.write(post)
  let seen = 0
  app.server.on('request', () => seen++)
  while (seen === 0) await new Promise(setImmediate)
  release()
  expect((await received).match(/(HTTP.1.1|retry-after:) .*(?=\r)/g)).toEqual([
    'HTTP/1.1 200 OK',
    'HTTP/1.1 503 Service Unavailable',
    'retry-after: 1',
  ])
  await closed
})

test('options that cannot work are refused', () => {
  const options = { intake: new ReadingIntake(), memory: new MemoryBudget(1000), hashIdentity: (text: string) => text }
  expect(() => createReceive({ ...options, bodyLimit: 0 })).toThrow(
    'bodyLimit must be a positive number of bytes; got 0',
  )
  expect(() => createReceive({ ...options, bodyLimit: 501 })).toThrow(
    'the memory budget must have room for two bodies of 501 bytes, or the largest could never be taken; got 1000',
  )
  expect(() => new MemoryBudget(0)).toThrow('the memory budget must be a positive number of bytes; got 0')
})
