/** What OpenTelemetry's own exporters send is taken, whatever their protocol and compression. */
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { Refused } from '../../../src/collector/receive/intake.js'
import { send } from './http-exchange.js'
import { receiving } from './receiving.js'

const COMPRESSIONS = ['none', 'gzip'] as const
// The exporters' enum is the same two words.
const compressed = (compression: (typeof COMPRESSIONS)[number]) => compression as never

test('metrics arrive', async () => {
  const { url, intake } = await receiving()
  for (const Exporter of [ProtobufMetricExporter, JsonMetricExporter]) {
    for (const compression of COMPRESSIONS) {
      const exporter = new Exporter({ url: `${url}/v1/metrics`, compression: compressed(compression) })
      const reader = new PeriodicExportingMetricReader({ exporter })
      const provider = new MeterProvider({ readers: [reader] })
      provider.getMeter('tests').createCounter('a.counter').add(5, { a: 'b' })
      provider.getMeter('tests').createHistogram('a.histogram').record(0.5)
      await provider.forceFlush()
      await provider.shutdown()
    }
  }
  expect(intake.requests.map(({ signal, encoding, received }) => [signal, encoding, received.contentEncoding])).toEqual(
    [
      ...[undefined, undefined, 'gzip', 'gzip'].map((encoding) => ['metrics', 'protobuf', encoding]),
      ...[undefined, undefined, 'gzip', 'gzip'].map((encoding) => ['metrics', 'json', encoding]),
    ],
  )
  expect(new Set(intake.requests.map(({ body }) => body.length > 100))).toEqual(new Set([true]))
})

test('log records arrive, and a refusal is tried again', async () => {
  const { url, intake, outcomes } = await receiving()
  // Once: the shortest time to wait that can be told is a second.
  intake.instead = () => {
    intake.instead = undefined
    return Promise.reject(new Refused('full', { reason: 'queue_full' }))
  }
  for (const Exporter of [ProtobufLogExporter, JsonLogExporter]) {
    for (const compression of COMPRESSIONS) {
      const exporter = new Exporter({ url: `${url}/v1/logs`, compression: compressed(compression) })
      const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] })
      const logger = provider.getLogger('tests')
      for (let i = 0; i < 3; i++) logger.emit({ body: `record ${i}`, severityNumber: SeverityNumber.INFO })
      await provider.forceFlush()
      await provider.shutdown()
    }
  }
  expect(intake.items).toBe(4 * 3)
  expect(outcomes.map(({ reason }) => reason)).toEqual(['queue_full', 'ok', 'ok', 'ok', 'ok'])
})

test('spans arrive as the serialisers of the exporters write them', async () => {
  const { url, intake } = await receiving()
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  for (let i = 0; i < 5; i++) provider.getTracer('tests').startSpan(`span ${i}`).setAttribute('n', i).end()
  const spans = exporter.getFinishedSpans()
  for (const [serializer, type] of [
    [ProtobufTraceSerializer, 'application/x-protobuf'],
    [JsonTraceSerializer, 'application/json'],
  ] as const) {
    const body = serializer.serializeRequest(spans)!
    const answer = await send(url, { headers: { 'content-type': type }, body })
    expect(answer.status).toBe(200)
    expect(serializer.deserializeResponse(answer.body)).toEqual({})
  }
  expect([intake.requests.length, intake.items]).toEqual([2, 10])
  await provider.shutdown()
})

test('what is answered is read by the exporters as it is meant', async () => {
  const { url, intake } = await receiving()
  intake.instead = async () => ({ rejected: 2, message: 'no ids' })
  for (const [serializer, type] of [
    [ProtobufTraceSerializer, 'application/x-protobuf'],
    [JsonTraceSerializer, 'application/json'],
  ] as const) {
    const { body } = await send(url, { headers: { 'content-type': type } })
    const { partialSuccess } = serializer.deserializeResponse(body) as { partialSuccess: { [name: string]: unknown } }
    expect([Number(partialSuccess['rejectedSpans']), partialSuccess['errorMessage']]).toEqual([2, 'no ids'])
  }
})
