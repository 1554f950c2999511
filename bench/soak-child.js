/** The service of `soak`: makes operations at a steady pace and meters them, with Prometheus and OTLP. Needs --expose-gc. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { start } from 'tokmeter'
import { createSamples } from './operations.js'
import { median } from './rounds.js'

const [seconds, rate, otlpUrl] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]]
const TICK_MS = 5
/** The heap is looked at after each fifth of the time. */
const PARTS = 5
/** Readings of one look, and how far they are apart: a drain begins every 200 ms, and what waits for it is not what is kept. */
const READINGS = 5
const READING_EVERY_MS = 90
const CONTROL_MS = 3000
const { gc } = globalThis
if (gc === undefined) throw new Error('needs --expose-gc')

const samples = createSamples(2000, { chunks: 20 })
let produced = 0

/** Makes operations at the pace until told to stop: as many at each tick as the time that has passed asks for. @param {(index: number) => void} make */
function pace(make) {
  const begin = performance.now()
  let made = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begin) * rate) / 1000)
    for (; made < due; made++) make(made)
  }, TICK_MS)
  return () => clearInterval(timer)
}

function watchLoop() {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  return () => {
    delay.disable()
    return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
  }
}

/** Bytes of the heap after collections: the median of some readings, while all goes on. */
async function heapUsed() {
  const readings = []
  for (let reading = 0; reading < READINGS; reading++) {
    await sleep(READING_EVERY_MS)
    for (let round = 0; round < 3; round++) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
    readings.push(process.memoryUsage().heapUsed)
  }
  return median(readings)
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(2)

/** @param {import('tokmeter').Tokmeter} tokmeter */
function ledgerOf(tokmeter) {
  const { recorded, measured, dropped, size } = tokmeter.stats()
  return {
    recorded,
    measured,
    size,
    dropped,
    droppedSum: Object.values(dropped).reduce((sum, count) => sum + count, 0),
  }
}

// The same process making the same operations without metering them: what the machine itself does to the event loop.
const stopControl = pace((index) => ({ ...samples[index % samples.length].operation }))
const endControl = watchLoop()
await sleep(CONTROL_MS)
stopControl()
const control = endControl()

const tokmeter = start({
  serviceName: 'soak',
  prometheus: { port: 0 },
  otlp: { url: otlpUrl, intervalMs: 1000 },
})
process.send?.({ metricsUrl: await tokmeter.prometheus?.listening })

/** Half of them run as calls of a client do, half are recorded when done. @param {number} index */
function meter(index) {
  produced++
  const { operation } = samples[index % samples.length]
  if (index % 2 === 0) {
    tokmeter.record({ ...operation, startTime: Date.now(), responseId: `soak-${index}` })
    return
  }
  const { provider, requestModel, streamed, serverAddress, serverPort, error } = operation
  const { responseModel, finishReason, serviceTier, usage } = operation
  const handle = tokmeter.begin({
    operation: operation.operation,
    provider,
    requestModel,
    streamed,
    serverAddress,
    serverPort,
  })
  const fields = { responseId: `soak-${index}`, responseModel, finishReason, serviceTier, usage }
  setTimeout(() => {
    if (streamed) for (let chunk = 0; chunk < 20; chunk++) handle.chunk()
    if (error === undefined) handle.end(fields)
    else handle.fail({ name: error.type, status: error.code }, fields)
  }, 50)
}

const begin = performance.now()
const stop = pace(meter)
const endLoop = watchLoop()
/** @type {number[]} */
const heap = []
for (let part = 1; part <= PARTS; part++) {
  await sleep(Math.max(0, begin + (seconds * 1000 * part) / PARTS - performance.now()))
  // While it still runs, each time: what is under way is part of all of them.
  heap.push(await heapUsed())
  process.send?.({
    progress: `${megabytes(heap[part - 1])} MB of heap after ${Math.round((seconds * part) / PARTS)} s`,
  })
}
const elapsedSeconds = (performance.now() - begin) / 1000
const loop = endLoop()
stop()
// Calls under way end first.
await sleep(200)
const last = ledgerOf(tokmeter)
await tokmeter.shutdown()
const { events, exports } = tokmeter.stats()
process.send?.({
  outcome: {
    produced,
    last,
    ledger: ledgerOf(tokmeter),
    events,
    exports,
    loop,
    control,
    heap,
    elapsedSeconds,
  },
})
process.on('disconnect', () => process.exit())
