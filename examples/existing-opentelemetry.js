// For a program that has OpenTelemetry already: tokmeter measures with its MeterProvider and makes spans with its TracerProvider.
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import OpenAI from 'openai'
import { start } from 'tokmeter'
import { instrument } from 'tokmeter/instrumentation'

// What the program has.
const spans = new InMemorySpanExporter()
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }))
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
const prometheus = new PrometheusExporter({ preventServerStart: true })
const meterProvider = new MeterProvider({ readers: [prometheus] })

// What is added to it.
const tokmeter = start({ meterProvider })
const openai = instrument(new OpenAI())

await trace.getTracer('app').startActiveSpan('answer a question', async (span) => {
  await openai.chat.completions.create({ model: 'gpt-4.1-nano', messages: [{ role: 'user', content: 'Hello' }] })
  span.end()
})
await tokmeter.forceFlush()

for (const { name, parentSpanContext } of spans.getFinishedSpans()) {
  console.log('span:', name, parentSpanContext ? '(child)' : '(root)')
}
const { resourceMetrics } = await prometheus.collect()
const [scope] = resourceMetrics.scopeMetrics.filter((one) => one.scope.name === 'tokmeter')
console.log('metrics:', scope?.metrics.map((metric) => metric.descriptor.name).join(', '))
await tokmeter.shutdown()
context.disable()
