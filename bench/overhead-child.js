/**
 * One variant of the calls in `overhead`: the client under one instrumentation, and beside it, in the same process, the client bare.
 * Calls by both when it is told to, and tells how long each took: two processes that run the same code differ by more than what an
 * instrumentation adds, one and the same does not. Every variant has the same client and its own providers of spans and metrics, without
 * exporters; what they let be set is set to cost the least: no content is captured, no events are made, no prices are fetched.
 */
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cpuMicroseconds } from './rounds.js'

/**
 * Microseconds of as many calls by each client, by clock.
 * @typedef {{ wall: number, cpu: number }} Times
 * @typedef {{ bare: Times, instrumented: Times }} Round
 */

const [variant = 'tokmeter', baseURL, isInProcess] = process.argv.slice(2)
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
 * @property {any} bare
 * @property {any} instrumented
 * @property {import('@opentelemetry/api').ContextAPI} context Of the copy of OpenTelemetry's API that the instrumentation has.
 * @property {() => Promise<void>} settle Does what the instrumentation has put off: that belongs to what a call costs.
 * @property {() => Promise<number>} measured Calls found in the metrics.
 */

/** @type {Record<string, () => Variant | Promise<Variant>>} */
const VARIANTS = {
  tokmeter: () => startTokmeter({}),

  'tokmeter-metrics': () => startTokmeter({ spans: false }),

  contrib() {
    const require = requireFrom('contrib')
    const bare = createBareClient(require)
    const reader = registerProviders(require)
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    const { OpenAIInstrumentation } = require('@opentelemetry/instrumentation-openai')
    registerInstrumentations({ instrumentations: [new OpenAIInstrumentation({ captureMessageContent: false })] })
    const { context } = require('@opentelemetry/api')
    return untilAnswered(bare, createClient(require), context, reader)
  },

  async openlit() {
    // It makes its own TracerProvider, whose spans cannot be seen from here; the metrics go to the one registered below.
    process.env.OTEL_TRACES_EXPORTER = 'none'
    const require = requireFrom('openlit')
    const bare = createBareClient(require)
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
    return untilAnswered(bare, createClient(require), context, reader)
  },

  traceloop() {
    const require = requireFrom('traceloop')
    const bare = createBareClient(require)
    const reader = registerProviders(require)
    const { registerInstrumentations } = require('@opentelemetry/instrumentation')
    const { OpenAIInstrumentation } = require('@traceloop/instrumentation-openai')
    registerInstrumentations({ instrumentations: [new OpenAIInstrumentation({ traceContent: false })] })
    const { context } = require('@opentelemetry/api')
    return untilAnswered(bare, createClient(require), context, reader)
  },
}

/**
 * What puts nothing off.
 * @param {any} bare
 * @param {any} instrumented
 * @param {Variant['context']} context
 * @param {{ collect: () => Promise<any> }} reader
 * @returns {Variant}
 */
const untilAnswered = (bare, instrumented, context, reader) => ({
  bare,
  instrumented,
  context,
  settle: async () => {},
  measured: () => countMeasured(reader),
})

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
  const requireClient = requireFrom('bare')
  const bare = createBareClient(requireClient)
  const { trace } = require('@opentelemetry/api')
  const { TracerProvider } = require('@opentelemetry/sdk-trace')
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [countingProcessor] }))
  const context = keepContext(require)
  const { start } = await import('tokmeter')
  const { instrument } = await import('tokmeter/instrumentation/openai')
  const reader = createReader(require)
  const tokmeter = start({ readers: [reader], prometheus: false, otlp: false, ...options })
  const instrumented = instrument(createClient(requireClient))
  return { bare, instrumented, context, settle: () => tokmeter.forceFlush(), measured: () => countMeasured(reader) }
}

/** A client whose code is loaded once more for whoever asks for it next: what is patched there stays there. @param {NodeRequire} require */
function createBareClient(require) {
  const client = createClient(require)
  const folder = dirname(require.resolve('openai')) + sep
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file]
  return client
}

/** @param {NodeRequire} require */
function createClient(require) {
  const { OpenAI } = require('openai')
  return new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0, ...(isInProcess && { fetch: replay }) })
}

/** By what was asked for, what the emulator answered the first time, each event of a stream by itself. @type {Map<string, { headers: Headers, parts: Buffer[] }>} */
const answers = new Map()

/**
 * Answers as the emulator does, in this process and without a socket, whose own cost, and what that differs by, is many times what
 * an instrumentation adds.
 * @param {string} url
 * @param {RequestInit & { headers: Headers, body: string }} request
 */
async function replay(url, request) {
  const asked = `${request.headers.get('x-emulate')} ${request.body}`
  const known = answers.get(asked)
  if (known === undefined) {
    const response = await fetch(url, request)
    const text = await response.clone().text()
    const parts = text.split(/(?<=\n\n)/).map((part) => Buffer.from(part))
    answers.set(asked, { headers: response.headers, parts })
    return response
  }
  const { headers, parts } = known
  await nextTurn()
  let next = 0
  const body = new ReadableStream({
    async pull(controller) {
      await nextTurn()
      if (next === parts.length) controller.close()
      else controller.enqueue(parts[next++])
    },
  })
  return new Response(body, { headers })
}

const { bare, instrumented, context, settle, measured } = await VARIANTS[variant]()
if (bare.constructor === instrumented.constructor) throw new Error('BUG: one client instead of two')

/**
 * What to call, and how: `count` calls in a turn, `turns` of which the clients share.
 * @typedef {{ kind: string, count: number, turns: number, chunks?: number, chunkDelayMs?: number }} Order
 */

/** @param {any} client */
async function chat(client) {
  const answer = await client.chat.completions.create({ model: MODEL, messages: MESSAGES })
  if (answer.usage?.total_tokens !== 18) throw new Error('BUG: an answer without its usage')
}

/** @param {any} client @param {Order} order */
async function stream(client, { chunks, chunkDelayMs }) {
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
 * A round of calls by both clients, each in the middle of the other's by turns: what the machine is slower at the beginning of a round,
 * after others have had theirs, befalls both alike.
 * @param {Order} order
 * @returns {Promise<Round>}
 */
async function run(order) {
  isBareOutside = !isBareOutside
  const [outer, inner] = isBareOutside ? [bare, instrumented] : [instrumented, bare]
  return context.with(context.active().setValue(REQUEST, true), async () => {
    await undefined
    if (context.active().getValue(REQUEST) !== true) throw new Error('BUG: nobody keeps contexts')
    /** @type {Round} */
    const round = { bare: { wall: 0, cpu: 0 }, instrumented: { wall: 0, cpu: 0 } }
    for (let turn = 0; turn < order.turns; turn++) {
      const client = turn % 4 === 0 || turn % 4 === 3 ? outer : inner
      const { wall, cpu } = await time(client, order)
      const sums = client === bare ? round.bare : round.instrumented
      sums.wall += wall
      sums.cpu += cpu
      if (client === instrumented) calls += order.count
    }
    return round
  })
}

let isBareOutside = false

/**
 * Calls that do not stream come one after the other; streams are open at the same time.
 * @param {any} client
 * @param {Order} order
 * @returns {Promise<Times>}
 */
async function time(client, order) {
  const { kind, count } = order
  const cpuBegin = cpuMicroseconds()
  const begin = performance.now()
  if (kind === 'chat') for (let index = 0; index < count; index++) await chat(client)
  else await Promise.all(Array.from({ length: count }, () => stream(client, order)))
  if (client === instrumented) await settle()
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
