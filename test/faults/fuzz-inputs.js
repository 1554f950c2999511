/** Inputs that nobody sends on purpose: bodies that were good, with something wrong, and bodies that never were any; from a seed, so that they come again, but for their ids and times. */
import { readdirSync, readFileSync } from 'node:fs'
import { deflateSync, gzipSync } from 'node:zlib'
import { GOLDEN } from '../conformance/bodies.js'
import { encodeRequest } from '../conformance/protobuf.js'
import { KIND_NAMES, makeBatch } from './batches.js'

const PAYLOADS = new URL('../collector/normalise/payloads/', import.meta.url)
/** Larger ones would be most of the time. */
const LARGEST_PAYLOAD = 20_000

const PATHS = ['/v1/traces', '/v1/metrics', '/v1/logs', '/api/v1/analytics/events']
const TYPES = ['application/x-protobuf', 'application/json', 'application/x-ndjson']
const ODD_TYPES = [
  '',
  'text/plain',
  'application/json; charset=utf-16',
  'application/x-protobuf;;',
  'a'.repeat(300),
  ',',
]
const ODD_ENCODINGS = ['zstd', 'br', 'identity', 'x-gzip', 'gzip, gzip', 'GZIP', 'none', ',', 'chunked']

/** Texts, numbers and all else that programs stumble over. @type {any[]} */
const ODD_VALUES = [
  ...[null, true, '', 0, -1, -0, 1e308, -1e308, 1e-320, 2 ** 53, 2 ** 64, -(2 ** 63), 0.1, [], {}, [[]], [null]],
  ...['0', '-1', '9223372036854775807', '9223372036854775808', '18446744073709551615', '-9223372036854775809', 'NaN'],
  ...[
    '1e400',
    '0x10',
    ' 1',
    '1.5',
    'null',
    '\u0000',
    '\ud800',
    '\u202e',
    '\\',
    '"',
    "'; DROP TABLE operations; --",
    '\t',
  ],
  ...[
    'a'.repeat(5000),
    '𝒳'.repeat(300),
    '%s%n',
    '../../etc',
    '$' + '{env:HOME}',
    '{{x}}',
    '\ufeff',
    'é'.normalize('NFD'),
  ],
  { stringValue: 1 },
  { intValue: '99999999999999999999' },
  { doubleValue: 'Infinity' },
  { bytesValue: '!' },
  { arrayValue: { values: [{ kvlistValue: { values: [{ key: 1 }] } }] } },
  { constructor: { prototype: 1 } },
]
const ODD_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  '',
  '0',
  'gen_ai.usage.input_tokens',
  'traceId',
  'event_id',
]

/** Numbers from a seed, from 0 to less than 1. @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @typedef {{ path: string, type: string, json?: any, bytes: Buffer }} Good */

/** @returns {Good[]} */
function goodBodies() {
  /** @type {Good[]} */
  const good = []
  /** @param {string} path @param {any} json */
  const add = (path, json) =>
    good.push({ path, type: 'application/json', json, bytes: Buffer.from(JSON.stringify(json)) })
  for (const { signal, body } of GOLDEN) {
    add(`/v1/${signal}`, body)
    good.push({ path: `/v1/${signal}`, type: 'application/x-protobuf', bytes: encodeRequest(signal, body) })
  }
  for (const kind of KIND_NAMES.filter((name) => !name.includes('gzip'))) {
    const { path, headers, body } = makeBatch(kind, 2)
    const type = headers['content-type'] ?? ''
    if (type === 'application/json') add(path, JSON.parse(body.toString()))
    else good.push({ path, type, bytes: body })
  }
  for (const name of readdirSync(PAYLOADS)) {
    const signal = /(traces|logs|metrics)\.json$/.exec(name)?.[1]
    if (signal === undefined) continue
    const text = readFileSync(new URL(name, PAYLOADS), 'utf8')
    if (text.length < LARGEST_PAYLOAD) add(`/v1/${signal}`, JSON.parse(text))
  }
  const event = JSON.parse(makeBatch('events', 1).body.toString())[0]
  const full = { ...event, tags: { a: 'b', c: 1 }, user_id: 'u', conversation_id: 'c', cost_micros: 12, streamed: true }
  add('/api/v1/analytics/events', full)
  const lines = Buffer.from(`${JSON.stringify(full)}\n${JSON.stringify(event)}\n`)
  good.push({ path: '/api/v1/analytics/events', type: 'application/x-ndjson', bytes: lines })
  return good
}

/** @param {number} seed */
export function createInputs(seed) {
  const random = createRandom(seed)
  const good = goodBodies()
  const below = (/** @type {number} */ end) => Math.floor(random() * end)
  /** @template Item @param {readonly Item[]} list @returns {Item} */
  const oneOf = (list) => /** @type {Item} */ (list[below(list.length)])

  /** Some bytes are others, or gone, or there twice, or of another body. @param {Buffer} body */
  function withWrongBytes(body) {
    let bytes = Buffer.from(body)
    for (let change = below(4); change >= 0 && bytes.length > 0; change--) {
      const at = below(bytes.length)
      const how = below(7)
      if (how === 0) bytes[at] = below(256)
      else if (how === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
      else if (how === 2) bytes = bytes.subarray(0, at)
      else if (how === 3)
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + below(20)))])
      else if (how === 4) bytes = Buffer.concat([bytes, bytes.subarray(at)])
      else if (how === 5) {
        const other = oneOf(good).bytes
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))])
      } else bytes.fill(oneOf([0, 0xff, 0x80, 0x7f]), at, Math.min(bytes.length, at + below(12)))
    }
    return bytes
  }

  /** Some values are others, or gone, or under another name. @param {any} value @param {number} share @returns {any} */
  function withWrongValues(value, share) {
    if (random() < share) return random() < 0.1 ? deep() : oneOf(ODD_VALUES)
    if (Array.isArray(value)) return value.map((one) => withWrongValues(one, share))
    if (typeof value !== 'object' || value === null) return value
    const changed = []
    for (const [key, one] of Object.entries(value)) {
      const fate = random()
      if (fate < share / 2) continue
      changed.push([fate > 1 - share / 2 ? oneOf(ODD_KEYS) : key, withWrongValues(one, share)])
    }
    return Object.fromEntries(changed)
  }

  /** One in the other, many times. */
  function deep() {
    /** @type {any} */
    let value = 1
    for (let depth = below(300); depth > 0; depth--) value = { arrayValue: { values: [value] } }
    return value
  }

  /** Fields of any number and type, one in the other. @param {number} depth @returns {Buffer} */
  function anyFields(depth) {
    const parts = []
    for (let count = below(6); count >= 0; count--) {
      const wireType = oneOf([0, 1, 2, 2, 2, 5, 3, 4, 7])
      const tag = Buffer.from([((1 + below(15)) << 3) | wireType])
      if (wireType === 0)
        parts.push(
          tag,
          Buffer.from(Array.from({ length: 1 + below(11) }, () => 128 | below(128))),
          Buffer.from([below(128)]),
        )
      else if (wireType === 1) parts.push(tag, Buffer.from(Array.from({ length: 8 }, () => below(256))))
      else if (wireType === 5) parts.push(tag, Buffer.from(Array.from({ length: 4 }, () => below(256))))
      else if (wireType === 2) {
        const content =
          depth > 0 ? anyFields(depth - 1) : Buffer.from(Array.from({ length: below(20) }, () => below(256)))
        const length = random() < 0.05 ? below(128) : content.length
        parts.push(
          tag,
          length < 128 ? Buffer.from([length]) : Buffer.from([(length & 127) | 128, length >> 7]),
          content,
        )
      } else parts.push(tag)
    }
    return Buffer.concat(parts)
  }

  function anyBytes() {
    return Buffer.from(Array.from({ length: below(200) }, () => below(256)))
  }

  /** @returns {{ path: string, type: string, bytes: Buffer }} */
  function body() {
    const { path, type, json, bytes } = oneOf(good)
    const how = random()
    if (how < 0.02) return { path, type, bytes }
    if (json !== undefined && how < 0.6) {
      const wrong = Buffer.from(JSON.stringify(withWrongValues(json, oneOf([0.002, 0.01, 0.05]))) ?? '')
      // Of a small body often no value is: the same again would try nothing.
      return { path, type, bytes: wrong.equals(bytes) ? withWrongBytes(bytes) : wrong }
    }
    if (how < 0.85) return { path, type, bytes: withWrongBytes(bytes) }
    if (how < 0.95)
      return { path: oneOf(PATHS.slice(0, 3)), type: 'application/x-protobuf', bytes: anyFields(below(6)) }
    return { path: oneOf(PATHS), type: oneOf(TYPES), bytes: anyBytes() }
  }

  /** @returns {import('./batches.js').Batch} */
  return () => {
    const { path, type, bytes } = body()
    const isElsewhere = random() < 0.05
    /** @type {{ [name: string]: string }} */
    const headers = { 'content-type': random() < 0.03 ? oneOf(ODD_TYPES) : isElsewhere ? oneOf(TYPES) : type }
    let packed = bytes
    const packing = random()
    if (packing < 0.15) {
      packed = gzipSync(bytes, { level: 1 })
      headers['content-encoding'] = 'gzip'
    } else if (packing < 0.2) {
      packed = deflateSync(bytes, { level: 1 })
      headers['content-encoding'] = 'deflate'
    } else if (packing < 0.25) {
      packed = withWrongBytes(gzipSync(bytes, { level: 1 }))
      headers['content-encoding'] = 'gzip'
    } else if (packing < 0.28) headers['content-encoding'] = oneOf(ODD_ENCODINGS)
    return { path: isElsewhere ? oneOf(PATHS) : path, headers, body: packed, ids: [] }
  }
}
