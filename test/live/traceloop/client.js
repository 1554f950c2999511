/** `@traceloop/instrumentation-openai`: spans, in JSON. */
import { makeCalls } from '../calls.js'
import { createClient, exportSpans, loaderOf } from '../exporting.js'

const load = loaderOf(import.meta.url)
const { registerInstrumentations } = load('@opentelemetry/instrumentation')
const { OpenAIInstrumentation } = load('@traceloop/instrumentation-openai')

const spans = exportSpans(load, { protocol: 'json' })
// Content is captured, as it is by default: the collector is to leave it where it is.
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] })

await makeCalls(createClient(load))
await spans.shutdown()
