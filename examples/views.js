// Views in code: OpenTelemetry's own, and the ready-made ones.
import { AggregationType } from '@opentelemetry/sdk-metrics'
import OpenAI from 'openai'
import { start } from 'tokmeter'
import { instrument } from 'tokmeter/instrumentation'
import { costBuckets, dropAttributes, dropMetrics, latencyBuckets, tagAttributes } from 'tokmeter/views'

const tokmeter = start({
  prometheus: { port: 0, scopeLabels: false },
  views: [
    // Ready-made: buckets that reach ten minutes, cents as cost buckets, fewer attributes, fewer metrics.
    ...latencyBuckets(),
    ...costBuckets([0.001, 0.01, 0.1, 1]),
    ...dropAttributes(['server.address', 'server.port']),
    ...dropMetrics(['gen_ai.client.inference.time_per_output_chunk']),
    // A tag of the operation as an attribute: choose tags of few values.
    tagAttributes('feature'),
    // OpenTelemetry's own, as they are.
    {
      instrumentName: 'gen_ai.client.inference.operation.input_tokens',
      aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [100, 1000, 10_000] } },
    },
  ],
})
const openai = instrument(new OpenAI())
await openai.chat.completions.create({ model: 'gpt-4.1-nano', messages: [{ role: 'user', content: 'Hello' }] })
tokmeter.record({
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  durationMs: 900,
  tags: { feature: 'search' },
})

const page = await (await fetch(String(await tokmeter.prometheus?.listening))).text()
console.log(
  page
    .split('\n')
    .filter((line) => /inference_duration_count|le="600"/.test(line))
    .join('\n'),
)
await tokmeter.shutdown()
