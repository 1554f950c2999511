import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { metric } from '../../src/semconv.js'
import { exponentialHistograms, tagAttributes } from '../../src/views.js'
import { type Page, parsePage } from '../prometheus-page.js'
import { chat, started } from './started.js'

type Answer = {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** What an endpoint answers, as it came over the wire. */
function ask(url: string, method = 'GET', headers: { [name: string]: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
      .on('error', reject)
      .end()
  })
}

async function listening(options: Parameters<typeof started>[0] = {}) {
  const tokmeter = started({ prometheus: { port: 0 }, ...options })
  const url = await tokmeter.prometheus!.listening!
  return { tokmeter, url, page: async (): Promise<Page> => parsePage((await ask(url)).body.toString()) }
}

const value = ({ samples }: Page, name: string, labels: { [name: string]: string } = {}) =>
  samples.find((one) => one.name === name && Object.entries(labels).every(([key, is]) => one.labels[key] === is))?.value

test('the page has what was recorded a moment ago, under the names of Prometheus', async () => {
  const { tokmeter, page } = await listening()
  for (let i = 0; i < 3; i++) tokmeter.record({ ...chat })
  const got = await page()
  expect(value(got, 'gen_ai_client_inference_duration_count')).toBe(3)
  expect(value(got, 'gen_ai_client_inference_duration_sum')).toBe(4.5)
  expect(value(got, 'gen_ai_client_inference_duration_bucket', { le: '1.28' })).toBe(0)
  expect(value(got, 'gen_ai_client_inference_duration_bucket', { le: '2.56' })).toBe(3)
  expect(value(got, 'gen_ai_client_inference_usage_input_tokens_total', { gen_ai_request_model: 'gpt-4o' })).toBe(3000)
  expect(value(got, 'tokmeter_operation_cost_sum')).toBeCloseTo(0.0225, 12)
  expect(value(got, 'tokmeter_sdk_operations_recorded_total')).toBe(3)
  expect(value(got, 'tokmeter_sdk_operations_measured_total')).toBe(3)
  expect(value(got, 'tokmeter_sdk_buffer_size')).toBe(0)
  expect(got.types.get('gen_ai_client_inference_duration')).toBe('histogram')
  expect(got.types.get('gen_ai_client_inference_usage_input_tokens_total')).toBe('counter')
  expect(got.types.get('tokmeter_sdk_buffer_size')).toBe('gauge')
})

test('the endpoint is where it was asked to be, and nowhere else', async () => {
  const { url } = await listening({ prometheus: { port: 0, path: '/internal/metrics' } })
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/internal\/metrics$/)
  expect((await ask(url)).status).toBe(200)
  expect((await ask(`${url}?x=1`)).status).toBe(200)
  const other = await ask(new URL('/metrics', url).href)
  expect([other.status, other.body.toString()]).toEqual([404, 'Not found. The metrics are at /internal/metrics\n'])
})

test('only GET and HEAD are answered, and a HEAD has no body', async () => {
  const { url } = await listening()
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, headers } = await ask(url, method)
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
  }
  const head = await ask(url, 'HEAD')
  expect([head.status, head.body.length]).toEqual([200, 0])
  expect(Number(head.headers['content-length'])).toBeGreaterThan(0)
})

test('the answer says what it is, and is compressed for those who take it', async () => {
  const { tokmeter, url } = await listening()
  tokmeter.record({ ...chat })
  const plain = await ask(url)
  expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(Number(plain.headers['content-length'])).toBe(plain.body.length)
  const zipped = await ask(url, 'GET', { 'accept-encoding': 'deflate, gzip;q=0.9' })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(parsePage(gunzipSync(zipped.body).toString()).samples.length).toBeGreaterThan(10)
  for (const refusing of ['identity', 'gzip;q=0', 'deflate, gzip; q=0.0'])
    expect((await ask(url, 'GET', { 'accept-encoding': refusing })).headers['content-encoding']).toBeUndefined()
})

test('scope labels can be left out', async () => {
  const scopes = async (scopeLabels: boolean) => {
    const { tokmeter, page } = await listening({ prometheus: { port: 0, scopeLabels } })
    tokmeter.record({ ...chat })
    const { samples } = await page()
    await tokmeter.shutdown()
    return samples.find(({ name }) => name === 'gen_ai_client_inference_duration_count')?.labels['otel_scope_name']
  }
  expect(await scopes(true)).toBe('tokmeter')
  expect(await scopes(false)).toBeUndefined()
})

test("the handler answers in a server of the application's, whatever the path", async () => {
  const tokmeter = started({ prometheus: { listen: false } })
  expect(tokmeter.prometheus?.listening).toBeUndefined()
  tokmeter.record({ ...chat })
  const server: Server = createServer(tokmeter.prometheus!.handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { status, body } = await ask(`http://127.0.0.1:${port}/what/ever`)
  expect(status).toBe(200)
  expect(value(parsePage(body.toString()), 'gen_ai_client_inference_duration_count')).toBe(1)
  await tokmeter.shutdown()
  expect((await ask(`http://127.0.0.1:${port}/`)).status).toBe(503)
})

test('a port in use is warned of, once, and the program goes on', async () => {
  const warnings: Error[] = []
  const listener = (warning: Error) => void warnings.push(warning)
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  for (let i = 0; i < 2; i++) {
    const tokmeter = started({ prometheus: { port } })
    await expect(tokmeter.prometheus!.listening).rejects.toThrow('EADDRINUSE')
    tokmeter.record({ ...chat })
    await tokmeter.forceFlush()
    expect(tokmeter.stats()).toMatchObject({ recorded: 1, measured: 1 })
    await tokmeter.shutdown()
  }
  const ours = warnings.filter(({ name }) => name === 'TokmeterWarning')
  expect(ours.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      new RegExp(`^the Prometheus endpoint cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`),
    ),
  ])
})

test('after the shutdown nobody listens, and a port is free again', async () => {
  const { tokmeter, url } = await listening()
  await tokmeter.shutdown()
  await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
  const again = await listening({ prometheus: { port: Number(new URL(url).port) } })
  expect(again.url).toBe(url)
})

test('no text from outside ever breaks the page', async () => {
  const { tokmeter, page } = await listening({
    views: [tagAttributes('tag')],
    attributeValueLimit: 10_000,
    seriesLimit: 10_000,
  })
  const hostile = [
    'say "hi"',
    'back\\slash',
    'line\nfeed',
    'carriage\rreturn',
    'a\u2028b\u2029c',
    '} 5\nfake_metric 1',
    '\\n',
    '\\"',
    'x'.repeat(10_240),
    '\ud83d lone',
    '\0null',
    '# HELP me',
    'é日本😀',
    '{a="b",c="d"}',
  ]
  for (const text of hostile) {
    const names = { operation: text, provider: text, requestModel: text, responseModel: text, serverAddress: text }
    tokmeter.record({ ...names, tags: { tag: text }, error: { type: text }, durationMs: 1 })
    tokmeter.record({ operation: 'execute_tool', toolName: text, toolType: text, agentName: text, durationMs: 1 })
    tokmeter.record({ operation: 'chat', provider: 'openai', serviceTier: text, requestModel: text, durationMs: 1 })
  }
  const { samples } = await page()
  const models = samples
    .filter(({ name }) => name === 'gen_ai_client_inference_duration_count')
    .map(({ labels }) => labels['gen_ai_request_model'])
  expect(models).toHaveLength(hostile.length)
  expect(models).toContain('say "hi"')
  expect(models).toContain('back\\slash')
  expect(models).toContain('line\ufffdfeed')
  expect(models).toContain('x'.repeat(256))
  expect(samples.some(({ name }) => name === 'fake_metric')).toBe(false)
})

test('no text whatsoever breaks the page', async () => {
  const { tokmeter, page } = await listening({ attributeValueLimit: 10_000, seriesLimit: 10_000 })
  const character = fc.constantFrom(
    'a',
    '"',
    '\\',
    '\n',
    '\r',
    '{',
    '}',
    ',',
    '=',
    ' ',
    '#',
    '\u2028',
    '\ud83d',
    '\ude00',
    '\0',
  )
  const texts = fc.array(fc.string({ unit: character, minLength: 1, maxLength: 12 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(texts, async (models) => {
      for (const requestModel of models) tokmeter.record({ operation: 'chat', requestModel, durationMs: 1 })
      await page()
    }),
    { numRuns: 15 },
  )
})

test('exponential histograms are left out, told once, and the rest is there', async () => {
  const warnings: string[] = []
  const listener = ({ message }: Error) => void warnings.push(message)
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  const { tokmeter, page } = await listening({ views: exponentialHistograms(160, [metric.inferenceDuration]) })
  tokmeter.record({ ...chat })
  await page()
  const got = await page()
  await new Promise((resolve) => setImmediate(resolve))
  expect(got.types.has('gen_ai_client_inference_duration')).toBe(false)
  expect(value(got, 'gen_ai_client_inference_usage_input_tokens_total')).toBe(1000)
  expect(warnings.filter((message) => message.startsWith('exponential histograms'))).toHaveLength(1)
})

test('many scrapes at once all get the whole page', async () => {
  const { tokmeter, url } = await listening()
  for (let i = 0; i < 2000; i++) tokmeter.record({ ...chat })
  const pages = await Promise.all(Array.from({ length: 10 }, () => ask(url)))
  for (const { status, body } of pages) {
    expect(status).toBe(200)
    expect(value(parsePage(body.toString()), 'gen_ai_client_inference_duration_count')).toBe(2000)
  }
})
