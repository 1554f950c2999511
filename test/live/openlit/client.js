/** `openlit`, of the folder in which the benches have it: spans, metrics and log records by exporters of its own, in JSON. */
import { makeCalls } from '../calls.js'
import { COLLECTOR_URL, createClient, loaderOf } from '../exporting.js'

// An event that comes before any span of its service counts by itself, without provider and duration, which is what happens to
// the first ones of a service, by chance: here the spans are sent first.
process.env.OTEL_BLRP_SCHEDULE_DELAY = '60000'

const load = loaderOf(new URL('../../../bench/rivals/openlit/package.json', import.meta.url))
const { metrics, trace } = load('@opentelemetry/api')
const { logs } = load('@opentelemetry/api-logs')
const { Openlit } = load('openlit')

Openlit.init({
  otlpEndpoint: COLLECTOR_URL,
  applicationName: process.env.OTEL_SERVICE_NAME,
  // In dollars per 1000 tokens: its own list would be fetched from elsewhere. Of other models it says that they cost 0.
  pricingJson: { chat: { 'gpt-4o-mini': { promptPrice: 0.001, completionPrice: 0.002 } }, embeddings: {} },
})
await makeCalls(createClient(load))
await trace.getTracerProvider().getDelegate().shutdown()
await logs.getLoggerProvider().shutdown()
await metrics.getMeterProvider().shutdown()
