/**
 * What the store of the collector takes: time and processor to store batches, bytes on the disk, and how long a store of millions needs to
 * open. Prints JSON lines. Every opening is a process of its own, since the engine keeps what it has loaded.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openStore } from '../src/collector/dist/store/store.js'
import { emit, progress } from './line.js'
import { createSamples } from './operations.js'

const { values } = parseArgs({
  options: { short: { type: 'boolean' }, rows: { type: 'string' }, open: { type: 'string' } },
  allowPositionals: true,
})
const rows = Number(values.rows ?? (values.short ? 500_000 : 10_000_000))
if (!Number.isInteger(rows) || rows < 200_000) throw new RangeError(`--rows must be 200000 or more; got ${values.rows}`)
/** Operations of each batch size: enough that merges run meanwhile. */
const OPERATIONS = values.short ? 100_000 : 300_000
/** Operations copied at once to fill the store: those of one hour at the rate of 100 a second. */
const HOUR_ROWS = 100_000

const samples = createSamples(500).map(({ operation }) => operation)

/** `count` operations of as many milliseconds from `start`, with ids as random as those of traces. @param {number} count @param {number} start */
function createBatch(count, start) {
  const ids = randomBytes(24 * count).toString('hex')
  return Array.from({ length: count }, (_, index) => {
    const sample = samples[index % samples.length]
    const traceId = ids.slice(index * 48, index * 48 + 32)
    const spanId = ids.slice(index * 48 + 32, index * 48 + 48)
    // Read from text, as the ones from the queue are: what is put together by spreading is several times as slow to read.
    return JSON.parse(
      JSON.stringify({
        ...sample,
        id: `${traceId}-${spanId}`,
        traceId,
        spanId,
        startTime: start + index,
        service: `service-${index % 5}`,
        environment: 'production',
        region: 'eu-central-1',
        userId: `user-${index % 997}`,
        cost: { nanoDollars: 1000 * (index % 7919), source: 'catalogue', version: 'genai-prices@0.1.8' },
      }),
    )
  })
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** @param {Awaited<ReturnType<typeof openStore>>} store @param {number} batchSize */
async function measureInserts(store, batchSize) {
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000
  let eventLoopMaxMs = 0
  let wall = 0
  let cpu = 0
  for (let done = 0; done < OPERATIONS; done += batchSize) {
    const batch = createBatch(batchSize, today + done)
    // A new one for each: one enabled again counts what was between.
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const cpuBefore = cpuSeconds()
    const before = performance.now()
    await store.insert(batch, `${batchSize}/${done}`)
    wall += performance.now() - before
    cpu += cpuSeconds() - cpuBefore
    delay.disable()
    eventLoopMaxMs = Math.max(eventLoopMaxMs, delay.max / 1e6)
  }
  emit({
    name: `store.insert.${batchSize}`,
    value: (OPERATIONS / wall) * 1000,
    unit: 'operations/s',
    limits: { atLeast: 20_000 },
    coresAt20000: (cpu / OPERATIONS) * 20_000,
    eventLoopMaxMs,
    residentMiB: process.memoryUsage.rss() / 2 ** 20,
  })
}

/** Hours of the same operations, by the engine itself: what is stored is what counts here. @param {Awaited<ReturnType<typeof openStore>>} store */
async function fill(store) {
  const base = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000
  await store.insert(createBatch(HOUR_ROWS / 2, base), 'fill/0')
  await store.insert(createBatch(HOUR_ROWS / 2, base + HOUR_ROWS / 2), 'fill/1')
  const source = `SELECT * FROM ${store.table('operations')} WHERE start_time >= fromUnixTimestamp64Milli(toInt64(${base})) AND start_time < fromUnixTimestamp64Milli(toInt64(${base + 3_600_000}))`
  for (let hour = 1; hour * HOUR_ROWS < rows; hour++) {
    // Other ids, which are most of what is stored of an operation.
    await store.database.engine.command(
      `INSERT INTO ${store.table('operations_input')} SELECT * REPLACE (start_time - toIntervalHour(${hour}) AS start_time, lower(hex(MD5(concat(trace_id, '${hour}')))) AS trace_id) FROM (${source})`,
    )
    if (hour % 10 === 0) progress(`store: ${hour * HOUR_ROWS} of ${rows} operations`)
  }
}

/** @param {string} path */
async function measureOpening(path) {
  const before = performance.now()
  const store = await openStore({ path })
  const openedMs = performance.now() - before
  const rssBytes = process.memoryUsage.rss()
  const [{ n }] = await store.query(`SELECT count() AS n FROM ${store.table('operations')}`)
  const hourly = performance.now()
  await store.query(
    `SELECT \`window\`, request_model, sum(operations), sum(cost_nano_dollars_sum), sumMap(duration_ms_histogram) FROM ${store.table('operations_1h')} GROUP BY \`window\`, request_model`,
  )
  const hourlyMs = performance.now() - hourly
  const raw = performance.now()
  await store.query(
    `SELECT request_model, quantileExact(0.95)(duration_ms) FROM ${store.table('operations')} GROUP BY request_model`,
  )
  process.send?.({ openedMs, rssBytes, n: Number(n), hourlyMs, rawMs: performance.now() - raw })
  await store.close()
}

if (values.open !== undefined) {
  await measureOpening(values.open)
} else {
  const path = mkdtempSync(join(tmpdir(), 'tokmeter-bench-store-'))
  try {
    const store = await openStore({ path })
    progress('store: inserts')
    await store.insert(createBatch(1000, Date.now() - 3_600_000), 'warm')
    for (const batchSize of [5000, 10_000, 20_000, 50_000]) await measureInserts(store, batchSize)
    await fill(store)
    const { bytes, operations, tables } = await store.size()
    await store.close()
    emit({
      name: 'store.disk',
      value: bytes / operations,
      unit: 'bytes/operation',
      operations,
      rawBytes: (tables[0]?.bytes ?? 0) / operations,
    })
    const child = fork(fileURLToPath(import.meta.url), ['--open', path])
    const [{ openedMs, rssBytes, n, hourlyMs, rawMs }] = await once(child, 'message')
    await once(child, 'exit')
    emit({
      name: 'store.open',
      value: openedMs,
      unit: 'ms',
      limits: { atMost: 2000 },
      operations: n,
      residentMiB: rssBytes / 2 ** 20,
      hourlyQueryMs: hourlyMs,
      rawQuantileMs: rawMs,
    })
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}
