/** OpenTelemetry's exporters for traces, metrics and logs, each in both encodings, with gzip and without; GenAI and other things. */
import { COLLECTOR_URL, loaderOf, resourceOf } from '../exporting.js'

const load = loaderOf(import.meta.url)
const { BatchLogRecordProcessor, LoggerProvider } = load('@opentelemetry/sdk-logs')
const { MeterProvider, PeriodicExportingMetricReader } = load('@opentelemetry/sdk-metrics')
const { BatchSpanProcessor, TracerProvider } = load('@opentelemetry/sdk-trace')

const resource = resourceOf(load)
/** Of one exporter and one compression each. */
const WAYS = ['proto', 'http'].flatMap((encoding) => ['none', 'gzip'].map((compression) => ({ encoding, compression })))

for (const [index, { encoding, compression }] of WAYS.entries()) {
  /** @param {string} signal @param {string} path */
  const optionsOf = (signal, path) => [
    load(`@opentelemetry/exporter-${signal}-otlp-${encoding}`),
    { url: `${COLLECTOR_URL}/v1/${path}`, compression },
  ]
  const [{ OTLPTraceExporter }, traces] = optionsOf('trace', 'traces')
  const tracers = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(traces) })],
  })
  const tracer = tracers.getTracer('live')
  for (let number = 0; number < 10; number++) {
    tracer.startSpan('GET /').setAttribute('http.request.method', 'GET').end()
    const span = tracer.startSpan('chat gpt-4o')
    span.setAttributes({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 1000 + index,
      'gen_ai.usage.output_tokens': 100 + number,
      'gen_ai.input.messages': 'SECRET question 🙂'.repeat(100),
    })
    span.end()
  }
  await tracers.shutdown()

  const [{ OTLPMetricExporter }, metrics] = optionsOf('metrics', 'metrics')
  const meters = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(metrics) })],
  })
  meters.getMeter('live').createCounter('a.counter').add(5, { a: 'b' })
  meters.getMeter('live').createHistogram('a.histogram').record(0.5)
  await meters.shutdown()

  const [{ OTLPLogExporter }, logs] = optionsOf('logs', 'logs')
  const loggers = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(logs) })],
  })
  const logger = loggers.getLogger('live')
  logger.emit({ body: 'hello', attributes: { number: index } })
  logger.emit({
    eventName: 'gen_ai.client.inference.operation.details',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.usage.input_tokens': 7,
    },
  })
  await loggers.shutdown()
}
