/**
 * A service that meters 2,000 operations a second for minutes: whether every operation is accounted for, the heap stays flat and the
 * event loop free. Prints JSON lines. The service is a process of its own; here are its Prometheus, its OTLP receiver and its judge.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { emit, progress } from './line.js'

const { values } = parseArgs({
  options: { short: { type: 'boolean' }, seconds: { type: 'string' } },
  allowPositionals: true,
})
const seconds = Number(values.seconds ?? (values.short ? 20 : 300))
if (!Number.isInteger(seconds) || seconds < 10)
  throw new RangeError(`--seconds must be 10 or more; got ${values.seconds}`)
const RATE = 2000
const SCRAPE_EVERY_MS = 5000

/** Takes everything, as a collector that is well. */
async function startReceiver() {
  const received = { metrics: 0, logs: 0, bytes: 0 }
  const server = createServer((request, response) => {
    request.on('data', (part) => {
      received.bytes += part.length
    })
    request.on('end', () => {
      if (request.url === '/v1/metrics') received.metrics++
      if (request.url === '/v1/logs') received.logs++
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`BUG: listening on ${address}`)
  return { received, url: `http://127.0.0.1:${address.port}`, close: () => server.close().closeAllConnections() }
}

const receiver = await startReceiver()
const script = fileURLToPath(new URL('./soak-child.js', import.meta.url))
const child = fork(script, [String(seconds), String(RATE), receiver.url], {
  execArgv: ['--expose-gc'],
  stdio: ['ignore', 2, 2, 'ipc'],
})

progress(`soak: ${RATE} operations/s for ${seconds} s, scraped and exported`)
let scrapes = 0
let failedScrapes = 0
let pageBytes = 0
/** @type {NodeJS.Timeout | undefined} */
let scraping
const [outcome] = await new Promise((resolve, reject) => {
  child.on('exit', (code) => reject(new Error(`the service ended with ${code}`)))
  child.on('message', (/** @type {any} */ message) => {
    if (message.progress !== undefined) progress(`soak: ${message.progress}`)
    if (message.metricsUrl !== undefined) {
      scraping = setInterval(async () => {
        try {
          const page = await fetch(message.metricsUrl).then((response) => response.text())
          pageBytes = page.length
          scrapes++
        } catch (error) {
          failedScrapes++
          progress(`soak: a scrape failed: ${error instanceof Error ? (error.cause ?? error) : error}`)
        }
      }, SCRAPE_EVERY_MS)
    }
    if (message.outcome !== undefined) resolve([message.outcome])
  })
}).finally(() => clearInterval(scraping))
receiver.close()

const { produced, last, ledger, events, exports, loop, control, heap, elapsedSeconds } = outcome
const lost =
  Math.abs(produced - ledger.recorded) + Math.abs(last.recorded - last.measured - last.droppedSum - last.size)
const unbalanced = lost + Math.abs(ledger.recorded - ledger.measured - ledger.droppedSum - ledger.size)
emit({
  name: 'soak.rate',
  value: produced / elapsedSeconds,
  unit: 'operations/s',
  limits: { atLeast: RATE * 0.99 },
  note: `${produced} operations in ${elapsedSeconds.toFixed(0)} s, ${scrapes} scrapes of ${pageBytes} bytes${failedScrapes > 0 ? ` and ${failedScrapes} that failed` : ''}, ${receiver.received.metrics} exports of metrics and ${receiver.received.logs} of events`,
})
emit({
  name: 'soak.ledger',
  value: unbalanced,
  unit: 'operations',
  limits: { atMost: 0 },
  note: 'recorded that are neither measured nor dropped nor waiting, while running and after shutdown',
  ledger,
  events,
  exports,
})
emit({ name: 'soak.dropped', value: ledger.droppedSum, unit: 'operations', limits: { atMost: 0 } })
const early = heap[0]
const end = heap[heap.length - 1]
emit({
  name: 'soak.heap',
  value: (100 * (end - early)) / early,
  unit: '%',
  limits: { atMost: 5, atLeast: -5 },
  note: `between the first fifth of the time and its end; MB after each fifth, each after collections: ${heap.map((/** @type {number} */ bytes) => (bytes / 1e6).toFixed(2)).join(', ')}`,
})
emit({
  name: 'soak.loop',
  value: loop.p99,
  unit: 'ms',
  limits: { atMost: 10 },
  note: `p99 of monitorEventLoopDelay at a resolution of 1 ms, that millisecond included; longest ${loop.max.toFixed(1)} ms, the collections for looking at the heap included; p99 ${control.p99.toFixed(2)} ms of the same process before tokmeter started`,
})
child.disconnect()
