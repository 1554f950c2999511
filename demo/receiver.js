/** A small OTLP/HTTP receiver in JSON: shows that the measured program sends what it measures. Not a collector: it keeps a table in memory. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** @typedef {{ provider: string | undefined, model: string | undefined, durations: number[], firstChunks: number[], calls: number, failed: number, inputTokens: number | undefined, outputTokens: number | undefined, nanoDollars: number | undefined }} Sums */

/** Durations kept for the percentiles, for each model: the latest ones. */
const KEPT = 1000

/** Starts to receive on a free port of this machine. */
export async function startReceiver() {
  /** @type {Map<string, Sums>} */
  const sums = new Map()
  const received = { metrics: 0, events: 0 }

  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray())
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
    const body = JSON.parse(text.toString())
    if (request.url === '/v1/metrics') received.metrics++
    for (const record of logRecords(body)) {
      received.events++
      add(sums, attributesOf(record))
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    rows: () => [...sums.values()].map(toRow).sort((a, b) => (b.nanoDollars ?? 0) - (a.nanoDollars ?? 0)),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** @param {any} body */
const logRecords = (body) =>
  (body.resourceLogs ?? []).flatMap((resource) => resource.scopeLogs.flatMap((scope) => scope.logRecords))

/** @param {any} record @returns {Record<string, any>} */
function attributesOf(record) {
  const plain = ({ stringValue, intValue, doubleValue, boolValue }) =>
    stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue) : Number(intValue))
  return Object.fromEntries(record.attributes.map(({ key, value }) => [key, plain(value)]))
}

/** @param {Map<string, Sums>} sums @param {Record<string, any>} event */
function add(sums, event) {
  const provider = event['gen_ai.provider.name']
  const model = event['gen_ai.response.model'] ?? event['gen_ai.request.model']
  const key = JSON.stringify([provider, model])
  let sum = sums.get(key)
  if (sum === undefined) {
    const unknown = { inputTokens: undefined, outputTokens: undefined, nanoDollars: undefined }
    sum = { provider, model, durations: [], firstChunks: [], calls: 0, failed: 0, ...unknown }
    sums.set(key, sum)
  }
  sum.calls++
  if (event['error.type'] !== undefined) sum.failed++
  sum.inputTokens = plus(sum.inputTokens, event['gen_ai.usage.input_tokens'])
  sum.outputTokens = plus(sum.outputTokens, event['gen_ai.usage.output_tokens'])
  sum.nanoDollars = plus(sum.nanoDollars, event['tokmeter.cost.nano_dollars'])
  keep(sum.durations, event['tokmeter.operation.duration_ms'])
  const firstChunk = event['gen_ai.response.time_to_first_chunk']
  keep(sum.firstChunks, firstChunk === undefined ? undefined : firstChunk * 1000)
}

/** Unknown and unknown stay unknown. @param {number | undefined} sum @param {number | undefined} value */
const plus = (sum, value) => (value === undefined ? sum : (sum ?? 0) + value)

/** @param {number[]} values @param {number | undefined} value */
function keep(values, value) {
  if (value === undefined) return
  values.push(value)
  if (values.length > KEPT) values.shift()
}

/** @param {number[]} values @param {number} share */
function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1]
}

/** @param {Sums} sums @returns {import('./table.js').Row} */
const toRow = ({ durations, firstChunks, ...rest }) => ({
  ...rest,
  p50Ms: percentile(durations, 0.5),
  p95Ms: percentile(durations, 0.95),
  firstChunkMs: percentile(firstChunks, 0.5),
})
