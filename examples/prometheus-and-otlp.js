// Both ways out at once: a page for Prometheus to scrape, and OTLP to a collector.
import OpenAI from 'openai'
import { start } from 'tokmeter'
import { instrument } from 'tokmeter/instrumentation'

const tokmeter = start({
  serviceName: 'both',
  prometheus: { port: 0 },
  // OTEL_EXPORTER_OTLP_ENDPOINT or http://localhost:4318, unless `url` says otherwise.
  otlp: { protocol: 'http/json', compression: 'gzip', temporality: 'delta', intervalMs: 10_000 },
})
const openai = instrument(new OpenAI())
await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' })

await tokmeter.forceFlush()
const page = await (await fetch(String(await tokmeter.prometheus?.listening))).text()
console.log(page.split('\n').find((line) => line.startsWith('gen_ai_client_embeddings_duration_count')))
const { exports, events } = tokmeter.stats()
console.log('exports of metrics:', exports.metrics.succeeded, 'events:', events?.exported)
await tokmeter.shutdown()
