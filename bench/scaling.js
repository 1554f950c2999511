/**
 * What operations take on the disk, for docs/scaling.md: bytes of each in `operations` and of a row of each rollup, compressed and merged, and
 * in the queue. The operations have ids, tokens, times and costs of their own, so that nothing compresses better than it would
 * outside. Prints JSON lines.
 *
 *     npm run build && node bench/scaling.js [--operations 3000000] [--hours 24]
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { encodeOperations } from '../src/collector/dist/queue/operation-codec.js'
import { openStore } from '../src/collector/dist/store/store.js'
import { emit, progress } from './line.js'
import { createSamples } from './operations.js'

const { values } = parseArgs({ options: { operations: { type: 'string' }, hours: { type: 'string' } } })
const OPERATIONS = Number(values.operations ?? 3_000_000)
const HOURS = Number(values.hours ?? 24)
/** As many as the collector stores at once under load. */
const BATCH = 20_000
const SERVICES = 10

const samples = createSamples(500).map(({ operation }) => operation)

/** `value` times something from a half to one and a half, in the same number of digits after the point. @param {number} value @param {number} digits */
function varied(value, digits) {
  return Number((value * (0.5 + Math.random())).toFixed(digits))
}

/** @param {Readonly<Record<string, number>> | undefined} usage */
function variedUsage(usage) {
  return (
    usage &&
    Object.fromEntries(
      Object.entries(usage).map(([kind, count]) => [kind, typeof count === 'number' ? varied(count, 0) : count]),
    )
  )
}

/** Of the shape of a hashed identity. @param {string} text */
function hashed(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** @param {number} count @param {number} start @param {number} stepMs */
function createBatch(count, start, stepMs) {
  const ids = randomBytes(24 * count).toString('hex')
  return Array.from({ length: count }, (_, index) => {
    const sample = /** @type {any} */ (samples[index % samples.length])
    const traceId = ids.slice(index * 48, index * 48 + 32)
    const spanId = ids.slice(index * 48 + 32, index * 48 + 48)
    const user = Math.floor(Math.random() * 20_000)
    return JSON.parse(
      JSON.stringify({
        ...sample,
        id: `${traceId}-${spanId}`,
        traceId,
        spanId,
        startTime: Number((start + index * stepMs).toFixed(3)),
        durationMs: varied(sample.durationMs ?? 1000, 3),
        timeToFirstChunkMs: sample.timeToFirstChunkMs && varied(sample.timeToFirstChunkMs, 3),
        usage: variedUsage(sample.usage),
        responseId: `chatcmpl-${ids.slice(index * 48 + 8, index * 48 + 37)}`,
        service: `service-${index % SERVICES}`,
        environment: 'production',
        region: 'eu-central-1',
        userId: hashed(`user-${user}`),
        conversationId: hashed(`conversation-${user}-${index % 7}`),
        cost: sample.usage && {
          nanoDollars: Math.floor(Math.random() * 20_000_000),
          source: 'catalogue',
          version: 'genai-prices@0.1.8',
        },
      }),
    )
  })
}

const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'tokmeter-scaling-'))
const store = await openStore({ path: directory })
try {
  const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 2 * 86_400_000
  const stepMs = (HOURS * 3_600_000) / OPERATIONS
  let queueBytes = 0
  const before = cpuSeconds()
  let making = 0
  for (let done = 0; done < OPERATIONS; done += BATCH) {
    const count = Math.min(BATCH, OPERATIONS - done)
    const begin = cpuSeconds()
    const batch = createBatch(count, start + done * stepMs, stepMs)
    for (let from = 0; from < count; from += 512) queueBytes += encodeOperations(batch.slice(from, from + 512)).length
    making += cpuSeconds() - begin
    await store.insert(batch, `scaling-${done}`)
    if (done % (5 * BATCH) === 0) progress(`${done} operations stored`)
  }
  emit({
    name: 'bytes.queue',
    value: queueBytes / OPERATIONS,
    unit: 'B',
    note: 'an operation that waits for the store, in requests of 512',
  })
  for (const { table } of (await store.size()).tables) {
    progress(`merging ${table}`)
    await store.database.engine.command(`OPTIMIZE TABLE ${store.table(table)} FINAL`)
  }
  emit({
    name: 'cpu.store',
    value: (1e6 * (cpuSeconds() - before - making)) / OPERATIONS,
    unit: 'µs',
    note: `CPU of an operation to encode, insert by ${BATCH}, and merge it into one part`,
  })
  for (const { table, rows, bytes } of (await store.size()).tables) {
    const count = table === 'operations' ? 'count()' : 'sum(operations)'
    const [row] = await store.query(`SELECT ${count} AS n FROM ${store.table(table)}`)
    if (Number(row.n) !== OPERATIONS) throw new Error(`BUG: ${table} has ${row.n} of ${OPERATIONS} operations`)
    emit({
      name: `bytes.${table}`,
      value: bytes / rows,
      unit: 'B',
      note: `a row, of ${rows}; ${Math.round(OPERATIONS / rows)} operations in each`,
    })
  }
  const columns = await store.query(
    `SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
    WHERE active AND database = 'tokmeter' AND table = 'operations' GROUP BY column ORDER BY bytes DESC LIMIT 6`,
  )
  for (const { column, bytes } of columns)
    emit({ name: `bytes.column.${column}`, value: bytes / OPERATIONS, unit: 'B', note: 'of an operation' })
} finally {
  await store.close()
  rmSync(directory, { recursive: true, force: true })
}
