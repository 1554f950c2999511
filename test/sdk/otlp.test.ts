import { AggregationTemporality } from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { metric } from '../../src/semconv.js'
import { type Answer, OtlpServer } from './otlp-server.js'
import { CHAT_NANO_DOLLARS, chat, imbalance, started } from './started.js'

let server: OtlpServer
const environment = { ...process.env }

beforeEach(async () => {
  server = await OtlpServer.listen()
  // After the hooks that end the SDK, which has something to send.
  return () => server.close()
})

afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
})

const listening = (answer: Answer) => server.answer(() => answer)

test('metrics arrive by protobuf as they do by JSON', async () => {
  const f = async (protocol: 'http/protobuf' | 'http/json', type: string) => {
    const tokmeter = started({ otlp: { url: server.url, protocol }, events: false, serviceName: 'chat-api' })
    for (let i = 0; i < 3; i++) tokmeter.record({ ...chat })
    await tokmeter.forceFlush()
    expect(server.of('/v1/metrics').at(-1)?.headers['content-type']).toBe(type)
    const points = server
      .points()
      .filter(({ name }) => name.startsWith('gen_ai.') || name.startsWith('tokmeter.operation.'))
    await tokmeter.shutdown()
    return points
  }
  const byProtobuf = await f('http/protobuf', 'application/x-protobuf')
  const byJson = await f('http/json', 'application/json')
  expect(byProtobuf).toEqual(byJson)
  expect(
    byJson.map(({ name, unit, value, count, sum, temporality }) => [name, unit, value ?? count, sum, temporality]),
  ).toEqual([
    ['gen_ai.client.inference.duration', 's', 3, 4.5, 2],
    ['gen_ai.client.inference.usage.input_tokens', '{token}', 3000, undefined, 2],
    ['gen_ai.client.inference.usage.output_tokens', '{token}', 1500, undefined, 2],
    ['gen_ai.client.inference.operation.input_tokens', '{token}', 3, 3000, 2],
    ['gen_ai.client.inference.operation.output_tokens', '{token}', 3, 1500, 2],
    ['tokmeter.operation.cost', 'USD', 3, (3 * CHAT_NANO_DOLLARS) / 1e9, 2],
  ])
  expect(byJson[0]!.attributes).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
  })
})

test('the resource is what the environment says, and over it what the options say', async () => {
  process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'team=search,deployment.environment.name=prod'
  process.env['OTEL_SERVICE_NAME'] = 'from-environment'
  const f = async (options: object, expected: object) => {
    const tokmeter = started({ otlp: { url: server.url, protocol: 'http/json' }, events: false, ...options })
    tokmeter.record({ ...chat })
    await tokmeter.shutdown()
    const { resource } = server.of('/v1/metrics').at(-1)!.json.resourceMetrics[0]
    const attributes = resource.attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [
      key,
      value.stringValue,
    ])
    expect(Object.fromEntries(attributes)).toMatchObject(expected)
  }
  await f({}, { 'service.name': 'from-environment', team: 'search', 'deployment.environment.name': 'prod' })
  await f(
    { serviceName: 'chat-api', resourceAttributes: { team: 'chat' } },
    { 'service.name': 'chat-api', team: 'chat' },
  )
})

test('headers, compression and temporality are those of the options', async () => {
  const tokmeter = started({
    otlp: {
      url: `${server.url}/`,
      protocol: 'http/json',
      headers: { authorization: 'Bearer secret' },
      compression: 'gzip',
      temporality: 'delta',
    },
  })
  const totals: (number | undefined)[] = []
  for (let i = 0; i < 2; i++) {
    tokmeter.record({ ...chat })
    await tokmeter.forceFlush()
    totals.push(server.points(metric.inferenceUsageInput)[0]?.value)
  }
  expect(totals).toEqual([1000, 1000])
  expect(server.points(metric.inferenceDuration)[0]?.temporality).toBe(AggregationTemporality.DELTA + 1)
  for (const path of ['/v1/metrics', '/v1/logs']) {
    expect(server.of(path)[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'content-encoding': 'gzip' })
  }
})

test('the variables of OpenTelemetry are respected, and options win over them', async () => {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = server.url
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'x-tenant=acme'
  process.env['OTEL_EXPORTER_OTLP_COMPRESSION'] = 'gzip'
  process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/protobuf'
  process.env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] = 'http/json'
  process.env['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'] = 'delta'
  const tokmeter = started()
  tokmeter.record({ ...chat })
  await tokmeter.shutdown()
  const [metrics] = server.of('/v1/metrics')
  const [logs] = server.of('/v1/logs')
  expect(metrics?.headers).toMatchObject({
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'x-tenant': 'acme',
  })
  expect(logs?.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'x-tenant': 'acme' })

  server.requests.length = 0
  const other = started({ otlp: { headers: { 'x-tenant': 'other' }, compression: 'none', temporality: 'cumulative' } })
  other.record({ ...chat })
  await other.shutdown()
  expect(server.of('/v1/metrics')[0]?.headers).toMatchObject({ 'x-tenant': 'other' })
  expect(server.of('/v1/metrics')[0]?.headers['content-encoding']).toBeUndefined()
  expect(server.points(metric.inferenceDuration)[0]?.temporality).toBe(AggregationTemporality.CUMULATIVE + 1)
})

test('a program that used no model has nothing to send, and waits for nobody at its end', async () => {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = server.url
  listening('hang')
  const tokmeter = started()
  await tokmeter.forceFlush()
  await tokmeter.shutdown()
  expect(server.requests).toEqual([])
})

test('metrics go out by themselves, every interval', async () => {
  const tokmeter = started({ otlp: { url: server.url, protocol: 'http/json', intervalMs: 50 }, events: false })
  tokmeter.record({ ...chat })
  while (server.points(metric.inferenceDuration).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(server.points(metric.inferenceDuration)[0]?.count).toBe(1)
  expect(tokmeter.stats().exports.metrics.failed).toBe(0)
})

test('Prometheus and OTLP show the same numbers, side by side', async () => {
  const tokmeter = started({ otlp: { url: server.url, protocol: 'http/json' }, prometheus: { port: 0 } })
  for (let i = 0; i < 4; i++) tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  const page = await (await fetch(await tokmeter.prometheus!.listening!)).text()
  expect(page).toMatch(/^gen_ai_client_inference_duration_count\{[^}]*\} 4$/m)
  expect(server.points(metric.inferenceDuration)[0]?.count).toBe(4)
})

test('an exporter that fails is counted, and never stops the processor', async () => {
  const f = async (answer: Answer | 'refused', error: RegExp) => {
    const url = answer === 'refused' ? 'http://127.0.0.1:1' : server.url
    if (answer !== 'refused') listening(answer)
    const tokmeter = started({ otlp: { url, timeoutMs: 200 } })
    for (let i = 0; i < 3; i++) {
      tokmeter.record({ ...chat })
      await tokmeter.forceFlush()
    }
    const stats = tokmeter.stats()
    expect(imbalance(stats)).toBe(0)
    expect(stats).toMatchObject({ recorded: 3, measured: 3, size: 0 })
    expect(stats.exports.metrics).toMatchObject({ succeeded: 0, failed: 3, last: { outcome: 'failure' } })
    expect(stats.exports.metrics.last?.error).toMatch(error)
    expect(stats.exports.events).toMatchObject({ succeeded: 0, failed: 3 })
    // What nobody was there to take waits, until somebody is or the end comes.
    const size = answer === 'refused' ? 3 : 0
    expect(stats.events).toMatchObject({ exported: 0, dropped: { export_failed: 3 - size }, size })
    await tokmeter.shutdown()
    expect(tokmeter.stats().events).toMatchObject({ exported: 0, dropped: { export_failed: 3 }, size: 0 })
  }
  await f(500, /500/)
  await f(400, /400/)
  await f(503, /./)
  await f('refused', /./)
  await f('hang', /./)
})

test('an exporter that comes back is used again, and cumulative sums have lost nothing', async () => {
  const tokmeter = started({ otlp: { url: server.url, protocol: 'http/json' }, events: false })
  listening(500)
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  listening(200)
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(tokmeter.stats().exports.metrics).toMatchObject({ succeeded: 1, failed: 1, last: { outcome: 'success' } })
  expect(server.points(metric.inferenceDuration)[0]?.count).toBe(2)
})

test('the SDK exports its own ledger', async () => {
  const tokmeter = started({ otlp: { url: server.url, protocol: 'http/json' }, bufferCapacity: 2 })
  for (let i = 0; i < 5; i++) tokmeter.record({ ...chat })
  tokmeter.record(undefined as never)
  tokmeter.record({ ...chat, tags: { email: 'bob@example.com' } })
  await tokmeter.forceFlush()
  const value = (name: string, reason?: string) =>
    server.points(name).find(({ attributes }) => reason === undefined || attributes['tokmeter.reason'] === reason)
      ?.value
  expect([value(metric.sdkRecorded), value(metric.sdkMeasured), value(metric.sdkBufferSize)]).toEqual([7, 2, 0])
  expect([value(metric.sdkDropped, 'buffer_full'), value(metric.sdkDropped, 'invalid')]).toEqual([4, 1])
  expect(value(metric.sdkDropped, 'shutdown')).toBe(0)
  expect(value(metric.sdkBufferCapacity)).toBe(2)
  expect(server.points(metric.sdkDiscarded)).toMatchObject([{ value: 1, attributes: { 'tokmeter.field': 'tags' } }])
})
