/**
 * The collector's queue: operations a second that are durable, CPU of one operation through the queue and out of it, how long an
 * acknowledgement takes at a steady rate, spans a second forwarded to one target, and the time to open a directory with much in it.
 * CPU is that of the whole process, LMDB's thread and the kernel's work for it included. Prints JSON lines.
 *
 *     node bench/collector-queue.js [--build <folder of the compiled collector>] [--short]
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { emit, progress } from './line.js'
import { cpuMicroseconds, median } from './rounds.js'

/** Operations of one request: about what OpenTelemetry's own processor sends at a time. */
const BATCH = 500

/** A target that takes everything, in a thread of its own so that its work is not taken for the collector's. */
function target() {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end())
  })
  server.listen(0, '127.0.0.1', () =>
    parentPort?.postMessage(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
  )
}

async function main() {
  const { values } = parseArgs({
    options: { build: { type: 'string', default: 'src/collector/dist' }, short: { type: 'boolean', default: false } },
    // Names, which the command that runs all benches gives: everything here is one run.
    allowPositionals: true,
  })
  const build = new URL(`${pathToFileURL(values.build)}/`)
  const { openQueue } = await import(new URL('queue/open-queue.js', build).href)
  const { Forwarder } = await import(new URL('forward/forwarder.js', build).href)
  const seconds = values.short ? 3 : 12
  const directory = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'tokmeter-bench-'))
  const open = (name, options = {}) => openQueue({ directory: join(directory, name), ...options })
  try {
    await throughput(open, seconds)
    await latency(open, seconds)
    await forwarding(open, Forwarder, seconds)
    await opening(open, values.short ? 500 : 4000)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A body of about the size that 500 such spans have when compressed: it does not compress further. */
const bytes = gzipSync(randomBytes(60_000))

/** @param {number} count @param {boolean} hasBody */
function request(count, hasBody) {
  const now = Date.now()
  const ids = randomBytes(24 * count).toString('hex')
  const operations = Array.from({ length: count }, (_, index) => {
    const traceId = ids.slice(index * 48, index * 48 + 32)
    const spanId = ids.slice(index * 48 + 32, index * 48 + 48)
    return {
      id: `${traceId}-${spanId}`,
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      startTime: now + index / 7,
      durationMs: 812.5 + index,
      timeToFirstChunkMs: 210.25 + index,
      outputChunks: 40 + (index % 9),
      streamed: true,
      usage: { inputTokens: 1000 + index, outputTokens: 200 + index, cacheReadTokens: 512 },
      cost: { nanoDollars: 4_500_000 + index, source: 'catalogue', version: 'genai-prices@0.1.8' },
      finishReason: 'stop',
      responseId: `chatcmpl-${spanId}`,
      serverAddress: 'api.openai.com',
      serverPort: 443,
      service: 'chat-api',
      environment: 'production',
      traceId,
      spanId,
      conversationId: traceId,
      userId: `user-${index % 200}`,
      tags: { team: 'search', tier: 'gold' },
    }
  })
  const body = {
    signal: 'traces',
    contentType: 'application/x-protobuf',
    contentEncoding: 'gzip',
    bytes: hasBody ? bytes : bytes.subarray(0, 1),
    items: count,
  }
  return { body, operations }
}

/** Takes what waits, as the store would, in runs of 10,000. */
async function drain(queue, isOver) {
  let operations = 0
  while (!isOver() || queue.store.waiting.operations > 0) {
    if (!(await queue.store.available({ operations: 10_000, withinMs: isOver() ? 0 : 200 }, AbortSignal.timeout(300))))
      continue
    const run = await queue.store.next({ maxOperations: 10_000, maxBytes: 32e6 })
    if (run === undefined) continue
    for await (const some of run.read()) operations += some.length
    await run.commit()
  }
  return operations
}

/** As fast as four clients go, each waiting for its acknowledgement, with a store that takes what comes. */
async function throughput(open, seconds) {
  progress(`queue: four clients with ${BATCH} operations a request, and a store`)
  const queue = await open('throughput')
  const rounds = []
  for (let round = 0; round < 10 + seconds * 8; round++) {
    // Made beforehand, so that their making is not measured; few, since what lives long while others work is not theirs.
    const requests = Array.from({ length: 12 }, () => request(BATCH, false))
    const operations = requests.length * BATCH
    const asJson = cpuMicroseconds()
    for (const { operations } of requests) JSON.parse(JSON.stringify(operations))
    const json = (cpuMicroseconds() - asJson) / operations
    let isOver = false
    const draining = drain(queue, () => isOver)
    const start = performance.now()
    const cpu = cpuMicroseconds()
    const client = async () => {
      for (let one = requests.pop(); one !== undefined; one = requests.pop()) await queue.append(one)
    }
    await Promise.all([client(), client(), client(), client()])
    const elapsed = performance.now() - start
    isOver = true
    const drained = await draining
    const spent = (cpuMicroseconds() - cpu) / operations
    if (drained !== operations) throw new Error(`${drained} of ${operations} operations came out`)
    if (round >= 10) rounds.push({ perSecond: operations / (elapsed / 1000), spent, json })
  }
  const spent = median(rounds.map((round) => round.spent))
  const json = median(rounds.map((round) => round.json))
  emit({
    name: 'queue.append',
    value: median(rounds.map(({ perSecond }) => perSecond)),
    unit: 'operations/s',
    note: 'acknowledged durable, four clients, 500 operations a request',
  })
  emit({
    name: 'queue.cpu',
    value: spent,
    unit: 'µs/operation',
    rival: 'JSON.stringify and JSON.parse of the same operations, nothing else',
    rivalValue: json,
    ratio: median(rounds.map((round) => round.spent / round.json)),
    limits: { atMost: 5 },
    note: 'ids looked up, written, synced, read back and committed',
  })
  await queue.close()
}

/** Ten requests a second of 500 operations, and the same rate in small requests, each acknowledged. */
async function latency(open, seconds) {
  for (const [name, count] of /** @type {const} */ ([
    ['queue.latency', 500],
    ['queue.latency.small', 10],
  ])) {
    progress(`${name}: ${seconds} s at 5,000 operations/s, ${count} a request`)
    const queue = await open(name)
    let isOver = false
    const draining = drain(queue, () => isOver)
    const every = count / 5
    const times = []
    const pending = []
    const begin = performance.now()
    for (let sent = 0; sent * every < seconds * 1000; sent++) {
      const due = begin + sent * every
      if (performance.now() < due) await wait(due - performance.now())
      const one = request(count, true)
      const start = performance.now()
      pending.push(queue.append(one).then(() => times.push(performance.now() - start)))
    }
    await Promise.all(pending)
    isOver = true
    await draining
    await queue.close()
    times.sort((one, other) => one - other)
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
    emit({
      name,
      value: at(0.99),
      unit: 'ms',
      limits: { atMost: 100 },
      note: `p99 of an acknowledgement at 5,000 operations/s; p50 ${at(0.5).toFixed(1)}, longest ${at(1).toFixed(1)}`,
    })
  }
}

/** Bodies of 500 spans that wait in the queue, sent to a target that takes everything. */
async function forwarding(open, Forwarder, seconds) {
  const bodies = seconds * 100
  progress(`forward: ${bodies} requests of ${BATCH} spans to one target`)
  const worker = new Worker(new URL(import.meta.url))
  const [port] = await once(worker, 'message')
  const queue = await open('forward', { targets: [{ name: 'one', signals: ['traces'], maxBytes: 4e9 }] })
  const empty = { ...request(BATCH, true), operations: [] }
  for (let sent = 0; sent < bodies; sent += 100)
    await Promise.all(Array.from({ length: 100 }, () => queue.append(empty)))
  const start = performance.now()
  const cpu = process.cpuUsage()
  const forwarder = new Forwarder({
    target: { name: 'one', url: `http://127.0.0.1:${port}` },
    source: queue.target('one'),
  })
  while (queue.ledger().forward.one.inQueue > 0) await wait(10)
  const elapsed = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  const spans = bodies * BATCH
  emit({
    name: 'queue.forward',
    value: spans / (elapsed / 1000),
    unit: 'spans/s',
    limits: { atLeast: 20_000 },
    note: `one target; ${((user + system) / spans).toFixed(2)} µs of CPU a span, the target's own work included`,
  })
  await forwarder.close()
  await queue.close()
  await worker.terminate()
}

/** A directory with so many requests that wait, and all their ids. */
async function opening(open, requests) {
  progress(`queue.open: ${requests * BATCH} operations that wait`)
  const queue = await open('open', { maxBytes: 1e12 })
  for (let sent = 0; sent < requests; sent += 10)
    await Promise.all(Array.from({ length: 10 }, () => queue.append(request(BATCH, false))))
  const { operationBytes } = queue.sizes
  await queue.close()
  const start = performance.now()
  const reopened = await open('open', { maxBytes: 1e12 })
  emit({
    name: 'queue.open',
    value: performance.now() - start,
    unit: 'ms',
    limits: { atMost: 2000 },
    note: `${requests * BATCH} operations in the queue and as many ids remembered; ${(operationBytes / requests / BATCH).toFixed(0)} bytes an operation`,
  })
  await reopened.close()
}

if (isMainThread) await main()
else target()
