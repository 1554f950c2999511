/** The protobuf of the conformance suite, written by hand, is byte for byte that of OpenTelemetry's own exporters. */
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { decode, encodeRequest, type Signal } from './protobuf.js'

type Serializer<T> = { serializeRequest(telemetry: T): Uint8Array | undefined }

const attributes = { text: 'some', whole: 5, negative: -5, fraction: 1.5, flag: true, list: ['a', 'b'] }

/** As protobuf has it: what is the default is not written. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults)
  if (typeof value !== 'object' || value === null) return value
  const isDefault = (name: string, field: unknown) =>
    field === '' ||
    field === false ||
    (Array.isArray(field) && field.length === 0) ||
    (name === 'offset' && field === 0)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, field]) => !isDefault(name, field))
      .map(([name, field]) => [name, withoutDefaults(field)]),
  )
}

function compare<T>(signal: Signal, telemetry: T, json: Serializer<T>, protobuf: Serializer<T>) {
  const written = JSON.parse(Buffer.from(json.serializeRequest(telemetry)!).toString())
  const expected = Buffer.from(protobuf.serializeRequest(telemetry)!)
  expect(expected.length).toBeGreaterThan(300)
  expect(encodeRequest(signal, withoutDefaults(written) as object).toString('hex')).toBe(expected.toString('hex'))
}

test('spans', async () => {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const tracer = provider.getTracer('tests', '1.0')
  const first = tracer.startSpan('first', { attributes, kind: 2 })
  const second = tracer.startSpan('second', { links: [{ context: first.spanContext(), attributes }] })
  second.addEvent('an event', attributes).setStatus({ code: 2, message: 'it failed' }).end()
  first.end()
  compare('traces', exporter.getFinishedSpans(), JsonTraceSerializer, ProtobufTraceSerializer)
  await provider.shutdown()
})

test('log records', async () => {
  const exporter = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
  const body = { map: { inner: 'value' }, list: ['a', 1, true] }
  provider.getLogger('tests').emit({ body, attributes, severityNumber: 9, severityText: 'INFO', eventName: 'an.event' })
  compare('logs', exporter.getFinishedLogRecords(), JsonLogsSerializer, ProtobufLogsSerializer)
  await provider.shutdown()
})

test('metrics of every kind', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const aggregation = { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter })],
    views: [{ instrumentName: 'exponential', aggregation }],
  })
  const meter = provider.getMeter('tests')
  meter.createCounter('counter', { unit: '1', description: 'a counter' }).add(3, { a: 'b' })
  meter.createUpDownCounter('up.down').add(-2)
  meter.createGauge('gauge').record(1.5)
  meter.createHistogram('histogram', { unit: 's' }).record(2)
  const exponential = meter.createHistogram('exponential')
  for (const value of [0.1, 0, 3, 1000]) exponential.record(value)
  await provider.forceFlush()
  compare('metrics', exporter.getMetrics()[0]!, JsonMetricsSerializer, ProtobufMetricsSerializer)
  await provider.shutdown()
})

test('what is no protobuf is not read as an answer', () => {
  const f = (hex: string, message: string) => expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(message)
  f('0a05', 'the protobuf ends within a field')
  f('08ff', 'the protobuf ends within a number')
  f('08ffffffffffffffffffffff01', 'a number of the protobuf has more than ten bytes')
  f('0000', 'the protobuf has a field of number 0')
  f('0c', 'the protobuf has a field of wire type 4')
  expect(decode(Buffer.from('080512026f6b', 'hex'))).toEqual([
    { number: 1, value: 5n },
    { number: 2, value: Buffer.from('ok') },
  ])
})
