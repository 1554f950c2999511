/**
 * Langfuse: `observeOpenAI` of `@langfuse/openai` and the span processor of `@langfuse/otel`, in gzipped JSON. With `--contrib`
 * OpenTelemetry's instrumentation observes the same client: its spans are not inside Langfuse's, but of the same calls.
 */
import { makeCalls } from '../calls.js'
import { COLLECTOR_URL, createClient, loaderOf, traceTo } from '../exporting.js'

const load = loaderOf(import.meta.url)
const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-http')
const { registerInstrumentations } = load('@opentelemetry/instrumentation')
const { OpenAIInstrumentation } = load('@opentelemetry/instrumentation-openai')
const { observeOpenAI } = load('@langfuse/openai')
const { LangfuseSpanProcessor } = load('@langfuse/otel')

const compression = 'gzip'
const exporter = new OTLPTraceExporter({ url: `${COLLECTOR_URL}/v1/traces`, compression })
const spans = traceTo(
  load,
  new LangfuseSpanProcessor({ exporter, publicKey: 'none', secretKey: 'none', mediaUploadEnabled: false }),
)
if (process.argv.includes('--contrib')) registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] })

await makeCalls(observeOpenAI(createClient(load)))
await spans.shutdown()
