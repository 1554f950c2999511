/** Fills a buffer that nothing drains, and tells by how much the heap has grown. Needs --expose-gc. */
import { start } from 'tokmeter'
import { createSamples, runCall, takeClock } from './operations.js'

const [how = 'streamed', count = '10000'] = process.argv.slice(2)
const OPERATIONS = Number(count)
/** Operations before the first look at the heap: what is made once, by the SDK or the engine, is not what waits. */
const PRIMED = 200
const CHUNKS = 100
const { gc } = globalThis
if (gc === undefined) throw new Error('needs --expose-gc')

// No MeterProvider is registered, so the operations wait.
const tokmeter = start({ meterProvider: 'global', bufferCapacity: OPERATIONS })

/** Texts as they come out of an answer: each parsed anew, none shared. @param {number} index */
const answered = (index) =>
  JSON.parse(
    JSON.stringify({
      id: `chatcmpl-${index}-0123456789abcdef`,
      model: 'gpt-5-mini-2025-08-07',
      finish: 'stop',
      tier: 'default',
    }),
  )

/** @param {number} index */
function stream(index) {
  const answer = answered(index)
  runCall(
    {
      weight: 1,
      base: {
        operation: 'chat',
        streamed: true,
        provider: 'openai',
        serverAddress: 'api.openai.com',
        serverPort: 443,
        requestModel: 'gpt-5-mini',
        responseModel: answer.model,
        finishReason: answer.finish,
      },
      serviceTier: answer.tier,
      responseId: answer.id,
      usage: { inputTokens: 8000, outputTokens: 1500, cacheReadTokens: 4096, reasoningTokens: 900 },
    },
    index,
    CHUNKS,
    { capture: tokmeter, clock, random: Math.random },
  )
}

const samples = createSamples(64, { isByHand: true })
/** As a program records: an operation made for it. @param {number} index */
function record(index) {
  const { operation } = samples[index % samples.length]
  const { id, model, finish, tier } = answered(index)
  tokmeter.record({
    operation: 'chat',
    provider: operation.provider,
    requestModel: operation.requestModel,
    responseModel: model,
    startTime: 1_780_000_000_000 + index * 0.25,
    durationMs: 800.25 + index,
    timeToFirstChunkMs: 100.5 + index,
    streamed: true,
    usage: { inputTokens: 1200 + index, outputTokens: 300, cacheReadTokens: 1024 },
    finishReason: finish,
    serviceTier: tier,
    serverAddress: operation.serverAddress,
    serverPort: 443,
    responseId: id,
  })
}

async function heapUsed() {
  // Finalizers, which capture has, run between collections.
  for (let round = 0; round < 4; round++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}

const clock = takeClock()
const add = how === 'streamed' ? stream : record
for (let index = 0; index < PRIMED; index++) add(index)
const before = await heapUsed()
for (let index = PRIMED; index < OPERATIONS; index++) add(index)
const after = await heapUsed()
clock.release()
const { size, recorded } = tokmeter.stats()
if (size !== OPERATIONS || recorded !== OPERATIONS) throw new Error(`BUG: ${size} of ${recorded} operations wait`)
// The ring is there from the start: a reference and a time for each place.
const ring = OPERATIONS * 16
process.send?.({ bytes: ((after - before) * OPERATIONS) / (OPERATIONS - PRIMED) + ring }, () => process.exit())
