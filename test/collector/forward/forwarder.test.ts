import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { Forwarder, type ForwarderOptions, type ForwardReport } from '../../../src/collector/forward/forwarder.js'
import type { ForwardTarget } from '../../../src/collector/forward/target.js'
import { hasOpenssl, makeCertificates, textOf } from '../security/certificates.js'
import { bodyOf, type Reply, signals, sourceOf, targetServer } from './target-server.js'

const forwarders: Forwarder[] = []

afterEach(async () => {
  for (const forwarder of forwarders.splice(0)) await forwarder.close()
})

/** Clocks that go on by what is waited, at so many times the speed. */
function passingTime(speed = 1) {
  let time = Date.parse('2026-11-22T08:00:00Z')
  const pass = (milliseconds: number) => {
    time += milliseconds * speed
  }
  return { now: () => time, clock: () => time, pass }
}

/** A forwarder whose waits are noted rather than waited for. */
function forwarder(
  target: Partial<ForwardTarget> & { url: string },
  options: Omit<ForwarderOptions, 'target'> & { pass?: (milliseconds: number) => void },
) {
  const waits: number[] = []
  const failures: ForwardReport[] = []
  const rejections: ForwardReport[] = []
  const made = new Forwarder({
    target: { name: 'here', requestsInFlight: 1, ...target },
    random: () => 0.5,
    wait: async (milliseconds, signal) => {
      waits.push(Math.round(milliseconds))
      options.pass?.(milliseconds)
      await new Promise((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
    },
    onFailure: (report) => failures.push(report),
    onRejected: (report) => rejections.push(report),
    ...options,
  })
  forwarders.push(made)
  return { made, waits, failures, rejections }
}

test('a body goes to the path of its signal as it came, with its own type and encoding and the headers of the target', async () => {
  const { url, requests } = await targetServer(() => ({}))
  const bytes = gzipSync('spans')
  const bodies = [
    bodyOf('', { bytes, contentEncoding: 'gzip' }),
    bodyOf('{}', { signal: 'metrics', contentType: 'application/json; charset=utf-8' }),
    bodyOf('logs', { signal: 'logs' }),
  ]
  const { source, ended, outcomes } = sourceOf(bodies)
  forwarder({ url: `${url}/otlp/`, headers: { 'X-Team': 'search', 'Content-Type': 'text/plain' } }, { source })
  await ended
  expect(outcomes).toEqual(['sent, 0 rejected', 'sent, 0 rejected', 'sent, 0 rejected'])
  expect(requests.map(({ path }) => path)).toEqual(signals.map((signal) => `/otlp/v1/${signal}`))
  expect(requests.map(({ headers }) => headers['content-type'])).toEqual(bodies.map(({ contentType }) => contentType))
  expect(requests.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', undefined, undefined])
  expect(requests[0]?.headers).toMatchObject({ 'x-team': 'search', 'content-length': String(bytes.length) })
  expect(requests[0]?.body).toEqual(bytes)
})

test('the name and password of an address are sent as such', async () => {
  const { url, requests } = await targetServer(() => ({}))
  const { source, ended } = sourceOf([bodyOf('spans')])
  forwarder({ url: url.replace('//', '//me:p%40ss@') }, { source })
  await ended
  expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
})

test('429, 502, 503 and 504 are tried again until the target takes it, with growing waits', async () => {
  const statuses = [429, 502, 503, 504, 200]
  const { url, requests } = await targetServer((_, count) => ({ status: statuses[count - 1]!, body: 'not\nnow' }))
  const { source, ended, outcomes } = sourceOf([bodyOf('spans')])
  const retry = { initialMs: 10, maxMs: 40, multiplier: 2 }
  const { waits, made, failures } = forwarder({ url, retry }, { source })
  await ended
  expect(outcomes).toEqual(['sent, 0 rejected'])
  expect(requests.map(({ body }) => body.toString())).toEqual(Array(5).fill('spans'))
  expect(waits).toEqual([10, 20, 40, 40])
  expect(made.counts).toEqual({
    sent: { traces: 10, metrics: 0, logs: 0, events: 0 },
    rejected: { traces: 0, metrics: 0, logs: 0, events: 0 },
    failedAttempts: { 429: 1, 502: 1, 503: 1, 504: 1 },
    requestsInFlight: 0,
  })
  expect(failures[0]).toEqual({ signal: 'traces', items: 10, cause: '429', message: 'not now', retryInMs: 10 })
})

test('any other status is for good: rejected by the target, and not sent again', async () => {
  const statuses = [400, 401, 403, 404, 408, 413, 415, 500, 501, 505, 301, 302, 307, 308]
  const { url, requests } = await targetServer((_, count) => ({
    status: statuses[count - 1]!,
    headers: { location: '/elsewhere' },
  }))
  const { source, ended, outcomes } = sourceOf(statuses.map((status) => bodyOf(String(status))))
  const { made, rejections } = forwarder({ url }, { source })
  await ended
  expect(outcomes).toEqual(statuses.map(() => 'rejected'))
  expect(requests.map(({ body }) => body.toString())).toEqual(statuses.map(String))
  expect(made.counts.rejected.traces).toBe(10 * statuses.length)
  expect(rejections.map(({ cause }) => cause)).toEqual(statuses.map(String))
})

test('what a target rejects of a request it took is counted, and at most what was in it', async () => {
  const replies: Reply[] = [3, 99].map((rejectedSpans) => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ partialSuccess: { rejectedSpans, errorMessage: 'too old' } }),
  }))
  const { url, requests } = await targetServer((_, count) => replies[count - 1])
  const { source, ended, outcomes } = sourceOf([bodyOf('one'), bodyOf('two')])
  const { made, rejections } = forwarder({ url }, { source })
  await ended
  expect(requests.length).toBe(2)
  expect(outcomes).toEqual(['sent, 3 rejected', 'sent, 10 rejected'])
  expect(made.counts).toMatchObject({ sent: { traces: 7 }, rejected: { traces: 13 } })
  expect(rejections[0]).toEqual({ signal: 'traces', items: 3, cause: 'partial_success', message: 'too old' })
})

test('Retry-After is waited for when it is longer, in seconds or as a date', async () => {
  const asked = ['7', 'Sun, 22 Nov 2026 08:00:30 GMT', '0', 'soon']
  const { url } = await targetServer((_, count) => {
    const retryAfter = asked[count - 1]
    return retryAfter === undefined ? {} : { status: 503, headers: { 'retry-after': retryAfter } }
  })
  const { source, ended } = sourceOf([bodyOf('one')])
  const { waits } = forwarder({ url, retry: { initialMs: 10, maxMs: 10 } }, { source, ...passingTime() })
  await ended
  expect(waits).toEqual([7000, 23_000, 10, 10])
})

test('Retry-After holds for all requests to the target', async () => {
  const { url, requests } = await targetServer(({ body }, count) =>
    count === 1 ? { status: 429, headers: { 'retry-after': '60' } } : { body },
  )
  const bodies = [bodyOf('one'), bodyOf('two')]
  const { source, ended, dropped } = sourceOf(bodies)
  const { waits } = forwarder({ url, retry: { initialMs: 10, maxMs: 10 } }, { source, ...passingTime(0) })
  while (waits.length === 0) await new Promise((resolve) => setImmediate(resolve))
  dropped[0]!.abort()
  await vi.waitFor(() => expect(waits.length).toBeGreaterThan(2))
  // Time stands still here: the second is not sent, however often it looks.
  expect(waits.slice(0, 3)).toEqual([60_000, 60_000, 60_000])
  expect(requests.length).toBe(1)
  dropped[1]!.abort()
  await ended
})

test('a target that is not there, cuts the connection or does not answer in time is tried again', async () => {
  const down = await targetServer(() => ({}))
  await new Promise((resolve) => down.server.close(resolve))
  const cutting = await targetServer((_, count) => (count < 3 ? undefined : {}))
  const silent = await targetServer((_, count) => (count < 2 ? new Promise(() => {}) : {}))
  const unreachable = sourceOf([bodyOf('spans')])
  const one = forwarder({ url: down.url }, { source: unreachable.source })
  while (one.waits.length < 5) await new Promise((resolve) => setImmediate(resolve))
  expect(Object.keys(one.made.counts.failedAttempts)).toEqual(['ECONNREFUSED'])

  const cut = sourceOf([bodyOf('spans')])
  const two = forwarder({ url: cutting.url }, { source: cut.source })
  await cut.ended
  expect(two.made.counts.failedAttempts).toEqual({ ECONNRESET: 2 })

  const late = sourceOf([bodyOf('spans')])
  const three = forwarder({ url: silent.url, timeoutMs: 30 }, { source: late.source })
  await late.ended
  expect(three.made.counts.failedAttempts).toEqual({ ETIMEDOUT: 1 })
  expect(three.failures[0]?.message).toBe('no answer within 30 ms')
})

test('an answer that never ends counts as none in time, one that is too long by its status', async () => {
  const endless = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
  })
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
  const address = endless.address() as { port: number }
  const { source } = sourceOf([bodyOf('spans')])
  const one = forwarder({ url: `http://127.0.0.1:${address.port}`, timeoutMs: 30 }, { source })
  while (one.waits.length < 1) await new Promise((resolve) => setImmediate(resolve))
  expect(one.made.counts.failedAttempts).toEqual({ ETIMEDOUT: 1 })
  await one.made.close()
  endless.close()

  const long = await targetServer(() => ({ body: Buffer.alloc(5_000_000, '{') }))
  const two = sourceOf([bodyOf('spans')])
  forwarder({ url: long.url }, { source: two.source })
  await two.ended
  expect(two.outcomes).toEqual(['sent, 0 rejected'])
})

test('a kept connection that the server closes as it is used again is no failure', async () => {
  const { url, server, requests } = await targetServer(() => ({}))
  server.keepAliveTimeout = 60_000
  const bodies = [bodyOf('one'), bodyOf('two')]
  const { source, ended, outcomes } = sourceOf(bodies)
  const { next } = source
  const gated = {
    async next(signal?: AbortSignal) {
      if (requests.length === 1) {
        // The sockets are destroyed at the server; the client has not seen it yet when it sends.
        server.closeIdleConnections()
      }
      return await next(signal)
    },
  }
  const { made, waits } = forwarder({ url }, { source: gated })
  await ended
  expect(outcomes).toEqual(['sent, 0 rejected', 'sent, 0 rejected'])
  expect(made.counts.failedAttempts).toEqual({})
  expect(waits).toEqual([])
})

test('what is dropped is not sent any more, and the next goes on', async () => {
  const { url } = await targetServer(({ body }) => (body.toString() === 'poison' ? { status: 503 } : {}))
  const { source, outcomes, ended, dropped } = sourceOf([bodyOf('poison'), bodyOf('good')])
  const { waits } = forwarder({ url }, { source })
  while (waits.length < 3) await new Promise((resolve) => setImmediate(resolve))
  dropped[0]!.abort()
  await ended
  expect(outcomes).toEqual(['released', 'sent, 0 rejected'])
})

test('closing gives requests on their way their time, and gives back what was not sent', async () => {
  let answer: ((reply: Reply) => void) | undefined
  const { url, requests } = await targetServer(({ body }) =>
    body.toString() === 'slow' ? new Promise((resolve) => (answer = resolve)) : { status: 503 },
  )
  const { source, outcomes } = sourceOf([bodyOf('slow'), bodyOf('refused')])
  const wait = (_: number, signal: AbortSignal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
  const { made } = forwarder({ url, requestsInFlight: 2 }, { source, wait })
  while (requests.length < 2 || answer === undefined || made.counts.requestsInFlight > 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  const closed = made.close(10_000)
  answer({})
  await closed
  expect(outcomes).toEqual(['sent, 0 rejected', 'released'])

  const hanging = await targetServer(() => new Promise(() => {}))
  const stuck = sourceOf([bodyOf('spans')])
  const second = forwarder({ url: hanging.url }, { source: stuck.source })
  while (hanging.requests.length < 1) await new Promise((resolve) => setImmediate(resolve))
  await second.made.close()
  expect(stuck.outcomes).toEqual(['released'])
})

test('as many requests are on their way at a time as are allowed', async () => {
  let inFlight = 0
  let most = 0
  const { url } = await targetServer(async () => {
    most = Math.max(most, ++inFlight)
    await new Promise((resolve) => setTimeout(resolve, 2))
    inFlight--
    return {}
  })
  const { source, ended } = sourceOf(Array.from({ length: 60 }, (_, index) => bodyOf(`${index}`)))
  forwarder({ url, requestsInFlight: 3 }, { source })
  await ended
  expect(most).toBe(3)
})

test.runIf(hasOpenssl)(
  'a target with TLS is trusted by its authority, and shown the certificate it asks for',
  async () => {
    const certificates = makeCertificates()
    const [ca, cert, key] = [certificates.ca, certificates.clientCert, certificates.clientKey].map(textOf) as [
      string,
      string,
      string,
    ]
    const seen: string[] = []
    const server = createHttpsServer(
      { ca, cert: textOf(certificates.cert), key: textOf(certificates.key), requestCert: true },
      (request, response) => {
        seen.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? 'nobody')
        request.resume().on('end', () => response.end())
      },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

    const trusted = sourceOf([bodyOf('spans')])
    const one = forwarder({ url, tls: { ca, cert, key } }, { source: trusted.source })
    await trusted.ended
    expect(seen).toEqual(['client'])

    const doubted = sourceOf([bodyOf('spans')])
    const two = forwarder({ url }, { source: doubted.source })
    while (two.waits.length < 1) await new Promise((resolve) => setImmediate(resolve))
    expect(two.failures[0]?.cause).toBe('SELF_SIGNED_CERT_IN_CHAIN')
    expect(seen).toEqual(['client'])
    await Promise.all([one.made.close(), two.made.close()])
    server.closeAllConnections()
    server.close()
  },
)
