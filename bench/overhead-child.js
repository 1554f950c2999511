/**
 * One variant of the calls in `overhead`: the bare client, or the client under one instrumentation. Calls when it is told to, and tells
 * how long that took. Every variant has the same client and its own providers of spans and metrics, without exporters; what they let
 * be set is set to cost the least: no content is captured, no events are made, no prices are fetched.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { cpuMicroseconds } from './rounds.js'

/**
 * Microseconds of a round, by clock.
 * @typedef {{ wall: number, cpu: number }} Round
 */

const [variant = 'bare', baseURL] = process.argv.slice(2)
const MODEL = 'gpt-4o-mini'
const MESSAGES = [{ role: 'user', content: 'Say some words.' }]

/** What a folder has installed. @param {string} name */
const requireFrom = (name) => createRequire(fileURLToPath(new URL(`./rivals/${name}/package.json`, import.meta.url)))

let spans = 0
const countingProcessor = {
  onStart() {},
  onEnd() {
    spans++
  },
  forceFlush: async () => {},
  shutdown: async () => {},
}

/**
 * Registers a TracerProvider and a MeterProvider as an application would, but that nothing is exported.
 * @param {NodeRequire} require
 */
function registerProviders(require) {
  const { metrics } = require('@opentelemetry/api')
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const { MeterProvider } = require('@opentelemetry/sdk-metrics')
  const reader = createReader(require)
  new NodeTracerProvider({ spanProcessors: [countingProcessor] }).register()
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  return reader
}

/** @param {NodeRequire} require */
function createReader(require) {
  const { MetricReader } = require('@opentelemetry/sdk-metrics')
  return new (class extends MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  })()
}

/** Name of the duration histogram: one value of it is one call measured. */
const DURATIONS = ['gen_ai.client.operation.duration', 'gen_ai.client.inference.duration']

/** @param {{ collect: () => Promise<any> }} reader */
async function countMeasured(reader) {
  const { resourceMetrics } = await reader.collect()
  let count = 0
  for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(
    (/** @type {any} */ scope) => scope.metrics,
  )) {
    if (!DURATIONS.includes(descriptor.name)) continue
    for (const { value } of dataPoints) count += value.count
  }
  return count
}

/**
 * @typedef {object} Variant
 * @property {any} client
 * @property {import('@opentelemetry/api').ContextAPI} context Of the copy of OpenTelemetry's API that the instrumentation has.
 * @property {() => Promise<void>} settle Does what the instrumentation has put off: that belongs to what a call costs.
 * @property {() => Promise<number>} measured Calls found in the metrics.
 */

/** @type {Record<string, () => Variant | Promise<Variant>>} */
const VARIANTS = {
  bare() {
    const require = createRequire(import.meta.url)
    const context = keepContext(require)
    return { client: createClient(requireFrom('bare')), context, settle: async () => {}, measured: async () => 0 }
  },

  tokmeter: () => startTokmeter({}),

  'tokmeter-metrics': () => startTokmeter({ spans: false }),

  contrib() {
    const require = requireFrom('contrib')
    const reader = registerProviders(require)
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    const { OpenAIInstrumentation } = require('@opentelemetry/instrumentation-openai')
    registerInstrumentations({ instrumentations: [new OpenAIInstrumentation({ captureMessageContent: false })] })
    const { context } = require('@opentelemetry/api')
    return { client: createClient(require), context, settle: async () => {}, measured: () => countMeasured(reader) }
  },

  async openlit() {
    // It makes its own TracerProvider, whose spans cannot be seen from here; the metrics go to the one registered below.
    process.env.OTEL_TRACES_EXPORTER = 'none'
    const require = requireFrom('openlit')
    const { metrics } = require('@opentelemetry/api')
    const { MeterProvider } = require('@opentelemetry/sdk-metrics')
    const reader = createReader(require)
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    const { Openlit } = require('openlit')
    Openlit.init({
      captureMessageContent: false,
      disableEvents: true,
      pricingJson: { chat: { [MODEL]: { promptPrice: 0.00015, completionPrice: 0.0006 } } },
    })
    const { context } = require('@opentelemetry/api')
    return { client: createClient(require), context, settle: async () => {}, measured: () => countMeasured(reader) }
  },

  traceloop() {
    const require = requireFrom('traceloop')
    const reader = registerProviders(require)
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    const { OpenAIInstrumentation } = require('@traceloop/instrumentation-openai')
    registerInstrumentations({ instrumentations: [new OpenAIInstrumentation({ traceContent: false })] })
    const { context } = require('@opentelemetry/api')
    return { client: createClient(require), context, settle: async () => {}, measured: () => countMeasured(reader) }
  },
}

/** Registers what keeps contexts, as every TracerProvider of Node does. @param {NodeRequire} require */
function keepContext(require) {
  const { context } = require('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  return context
}

/** @param {Pick<import('tokmeter').StartOptions, 'spans'>} options @returns {Promise<Variant>} */
async function startTokmeter(options) {
  const require = createRequire(import.meta.url)
  const { trace } = require('@opentelemetry/api')
  const { TracerProvider } = require('@opentelemetry/sdk-trace')
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [countingProcessor] }))
  const context = keepContext(require)
  const { start } = await import('tokmeter')
  const { instrument } = await import('tokmeter/instrumentation/openai')
  const reader = createReader(require)
  const tokmeter = start({ readers: [reader], prometheus: false, otlp: false, ...options })
  const client = instrument(createClient(requireFrom('bare')))
  return { client, context, settle: () => tokmeter.forceFlush(), measured: () => countMeasured(reader) }
}

/** @param {NodeRequire} require */
function createClient(require) {
  const { OpenAI } = require('openai')
  return new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 })
}

const { client, context, settle, measured } = await VARIANTS[variant]()

async function chat() {
  const answer = await client.chat.completions.create({ model: MODEL, messages: MESSAGES })
  if (answer.usage?.total_tokens !== 18) throw new Error('BUG: an answer without its usage')
}

/**
 * @param {number} chunks
 * @param {number} chunkDelayMs
 */
async function stream(chunks, chunkDelayMs) {
  const answer = await client.chat.completions.create(
    { model: MODEL, messages: MESSAGES, stream: true, stream_options: { include_usage: true } },
    { headers: { 'x-emulate': JSON.stringify({ chunks, chunkDelayMs }) } },
  )
  let seen = 0
  for await (const chunk of answer) if (chunk.choices[0]?.delta.content) seen++
  if (seen !== chunks) throw new Error(`BUG: ${seen} chunks instead of ${chunks}`)
}

let calls = 0

/**
 * The calls are made as in a server that is traced, where every request has its context, the bare ones too, kept by OpenTelemetry's
 * context manager. Elsewhere the first who needs a context is charged with what Node takes for keeping one, which on Node 20 slows
 * every promise; and where two keep one, the second.
 */
const REQUEST = Symbol('request')

/**
 * Calls that do not stream come one after the other; streams are open at the same time.
 * @param {{ kind: string, count: number, chunks: number, chunkDelayMs: number }} order
 * @returns {Promise<Round>}
 */
async function run({ kind, count, chunks, chunkDelayMs }) {
  return context.with(context.active().setValue(REQUEST, true), async () => {
    await undefined
    if (context.active().getValue(REQUEST) !== true) throw new Error('BUG: nobody keeps contexts')
    return runRound(kind, count, chunks, chunkDelayMs)
  })
}

/**
 * @param {string} kind
 * @param {number} count
 * @param {number} chunks
 * @param {number} chunkDelayMs
 * @returns {Promise<Round>}
 */
async function runRound(kind, count, chunks, chunkDelayMs) {
  const cpuBegin = cpuMicroseconds()
  const begin = performance.now()
  if (kind === 'chat') for (let index = 0; index < count; index++) await chat()
  else await Promise.all(Array.from({ length: count }, () => stream(chunks, chunkDelayMs)))
  await settle()
  calls += count
  return { wall: (performance.now() - begin) * 1000, cpu: cpuMicroseconds() - cpuBegin }
}

process.on('message', async (/** @type {any} */ message) => {
  try {
    const answer = message.kind === 'count' ? { calls, spans, measurements: await measured() } : await run(message)
    process.send?.({ answer })
  } catch (error) {
    process.send?.({ failure: error instanceof Error ? error.message : String(error) })
  }
})
process.on('disconnect', () => process.exit())
process.send?.({ answer: 'ready' })
