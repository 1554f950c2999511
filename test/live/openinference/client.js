/**
 * `@arizeai/openinference-instrumentation-openai`: spans, in protobuf. Together with another instrumentation of the client it cannot
 * be run: where the other one is inside, calls fail because the answer's body is read twice; where it is outside, this one sees nothing.
 */
import { makeCalls } from '../calls.js'
import { createClient, exportSpans, loaderOf } from '../exporting.js'

const load = loaderOf(import.meta.url)
const { OpenAIInstrumentation } = load('@arizeai/openinference-instrumentation-openai')
const { registerInstrumentations } = load('@opentelemetry/instrumentation')

const spans = exportSpans(load, { protocol: 'protobuf' })
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] })

await makeCalls(createClient(load))
await spans.shutdown()
