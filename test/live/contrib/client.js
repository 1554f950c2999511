/** `@opentelemetry/instrumentation-openai`: spans, metrics and log records, in gzipped protobuf. */
import { makeCalls } from '../calls.js'
import { COLLECTOR_URL, createClient, exportSpans, loaderOf, resourceOf } from '../exporting.js'

const load = loaderOf(import.meta.url)
const { metrics } = load('@opentelemetry/api')
const { logs } = load('@opentelemetry/api-logs')
const { OTLPLogExporter } = load('@opentelemetry/exporter-logs-otlp-proto')
const { OTLPMetricExporter } = load('@opentelemetry/exporter-metrics-otlp-proto')
const { registerInstrumentations } = load('@opentelemetry/instrumentation')
const { OpenAIInstrumentation } = load('@opentelemetry/instrumentation-openai')
const { BatchLogRecordProcessor, LoggerProvider } = load('@opentelemetry/sdk-logs')
const { MeterProvider, PeriodicExportingMetricReader } = load('@opentelemetry/sdk-metrics')

const compression = 'gzip'
const resource = resourceOf(load)
const meters = new MeterProvider({
  resource,
  readers: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: `${COLLECTOR_URL}/v1/metrics`, compression }),
    }),
  ],
})
metrics.setGlobalMeterProvider(meters)
const loggers = new LoggerProvider({
  resource,
  processors: [
    new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${COLLECTOR_URL}/v1/logs`, compression }) }),
  ],
})
logs.setGlobalLoggerProvider(loggers)
const spans = exportSpans(load, { protocol: 'protobuf', compression })
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation({ captureMessageContent: false })] })

await makeCalls(createClient(load))
await spans.shutdown()
await loggers.shutdown()
await meters.shutdown()
