/**
 * The AI SDK (`ai` and `@ai-sdk/otel`): spans, in gzipped JSON. Its provider speaks to the provider by itself; with `--nested` the
 * model is one that calls with the `openai` client, which OpenTelemetry's instrumentation observes as well. With `--legacy`
 * the spans are those of earlier versions of the AI SDK.
 */
import { createClient, exportSpans, loaderOf, PROVIDER_URL } from '../exporting.js'
import { makeAiCalls } from './calls.js'
import { createClientModel } from './client-model.js'

const load = loaderOf(import.meta.url)
const has = (flag) => process.argv.includes(flag)

const spans = exportSpans(load, { protocol: 'json', compression: 'gzip' })
const isNested = has('--nested')
if (isNested) {
  const { registerInstrumentations } = load('@opentelemetry/instrumentation')
  const { OpenAIInstrumentation } = load('@opentelemetry/instrumentation-openai')
  registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] })
}
// After the instrumentation was registered, and before the client is loaded.
const client = isNested ? createClient(load) : undefined

const { registerTelemetry } = await import('ai')
const { LegacyOpenTelemetry, OpenTelemetry } = await import(/** @type {string} */ ('@ai-sdk/otel'))
const { createOpenAI } = await import(/** @type {string} */ ('@ai-sdk/openai'))
registerTelemetry(has('--legacy') ? new LegacyOpenTelemetry() : new OpenTelemetry())
const openai = createOpenAI({ baseURL: PROVIDER_URL, apiKey: 'none' })

await makeAiCalls({
  model: (name) => (client === undefined ? openai.chat(name) : createClientModel(client, name)),
  embeddingModel: (name) => openai.embedding(name),
})
await spans.shutdown()
