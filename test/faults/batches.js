/** What senders send: OTLP spans, as protobuf and as JSON, and events, each operation with an id that nothing else has. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { encodeRequest } from '../conformance/protobuf.js'

const EVENTS = '/api/v1/analytics/events'
const MODELS = ['gpt-4o-mini', 'gpt-4.1', 'claude-sonnet-4-5', 'gemini-2.5-flash']
const PROVIDERS = ['openai', 'openai', 'anthropic', 'gcp.gemini']

/** @typedef {{ path: string, headers: { [name: string]: string }, body: Buffer, ids: string[] }} Batch */

/** @param {string} key @param {string | number} value */
const attribute = (key, value) => ({
  key,
  value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
})

const resource = { attributes: [attribute('service.name', 'faults')] }

/** @param {number} count @param {number} time Epoch milliseconds. */
function spans(count, time) {
  const traceId = randomBytes(16).toString('hex')
  const made = Array.from({ length: count }, (_, index) => {
    const which = index % MODELS.length
    return {
      traceId,
      spanId: randomBytes(8).toString('hex'),
      name: `chat ${MODELS[which]}`,
      kind: 3,
      startTimeUnixNano: `${time + index}000000`,
      endTimeUnixNano: `${time + index + 900}000000`,
      attributes: [
        attribute('gen_ai.operation.name', 'chat'),
        attribute('gen_ai.provider.name', PROVIDERS[which]),
        attribute('gen_ai.request.model', MODELS[which]),
        attribute('gen_ai.response.model', MODELS[which]),
        attribute('gen_ai.usage.input_tokens', 1000 + index),
        attribute('gen_ai.usage.output_tokens', 100),
      ],
    }
  })
  const json = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'faults' }, spans: made }] }] }
  return { json, ids: made.map(({ spanId }) => `${traceId}-${spanId}`) }
}

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const JSON_TYPE = { 'content-type': 'application/json' }
const GZIP = { 'content-encoding': 'gzip' }

/** @type {{ [kind: string]: (count: number, time: number) => Batch }} */
const KINDS = {
  protobuf(count, time) {
    const { json, ids } = spans(count, time)
    return { path: '/v1/traces', headers: PROTOBUF, body: encodeRequest('traces', json), ids }
  },
  'protobuf, gzip'(count, time) {
    const { json, ids } = spans(count, time)
    const body = gzipSync(encodeRequest('traces', json), { level: 1 })
    return { path: '/v1/traces', headers: { ...PROTOBUF, ...GZIP }, body, ids }
  },
  json(count, time) {
    const { json, ids } = spans(count, time)
    return { path: '/v1/traces', headers: JSON_TYPE, body: Buffer.from(JSON.stringify(json)), ids }
  },
  events(count, time) {
    const ids = Array.from({ length: count }, () => `event-${randomBytes(12).toString('hex')}`)
    const events = ids.map((event_id, index) => ({
      event_id,
      event_type: 'llm_request_completed',
      timestamp_ms: time + index,
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 1000 + index,
      output_tokens: 100,
      duration_ms: 900,
    }))
    return { path: EVENTS, headers: JSON_TYPE, body: Buffer.from(JSON.stringify(events)), ids }
  },
}

export const KIND_NAMES = Object.keys(KINDS)

/** @param {string} kind @param {number} count Operations. @param {number} [time] Epoch milliseconds of the first. @returns {Batch} */
export function makeBatch(kind, count, time = Date.now()) {
  return /** @type {(count: number, time: number) => Batch} */ (KINDS[kind])(count, time)
}

/** A request of metrics that differs from all others. @returns {Batch} */
export function makeMetrics() {
  const point = {
    timeUnixNano: `${Date.now()}000000`,
    asDouble: Math.random(),
    attributes: [attribute('which', randomBytes(8).toString('hex'))],
  }
  const metric = {
    name: 'faults.sent',
    unit: '1',
    sum: { dataPoints: [point], aggregationTemporality: 2, isMonotonic: true },
  }
  const json = { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'faults' }, metrics: [metric] }] }] }
  return { path: '/v1/metrics', headers: PROTOBUF, body: encodeRequest('metrics', json), ids: [] }
}
