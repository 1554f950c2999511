/** Lines 5 to 8: what is answered to what was taken, taken in part, and not taken. */
import { SMALL, traces } from '../bodies.js'
import {
  ENCODINGS,
  encoded,
  expect,
  expectFullSuccess,
  expectRpcStatus,
  expectStatus,
  exportOf,
  partialSuccess,
  SIGNALS,
  Skipped,
  TYPES,
} from '../check.js'
import { delimited, tag, varint } from '../protobuf.js'

const RETRYABLE = [429, 502, 503, 504]

/** Protobuf that no decoder can read as a message. @type {{ [what: string]: Buffer }} */
const MALFORMED_PROTOBUF = {
  'a field that ends beyond the body': Buffer.concat([tag(1, 2), varint(100), Buffer.from('short')]),
  'a request cut short': exportOf('traces', 'protobuf').body.subarray(0, -7),
  'a number of eleven bytes': Buffer.concat([tag(2, 0), Buffer.alloc(11, 0xff)]),
  'a wire type that is none': Buffer.concat([tag(1, 7), Buffer.from([1, 2, 3])]),
  'a field of number 0': Buffer.concat([tag(0, 2), varint(1), Buffer.from([0])]),
  'the end of a group that never began': tag(1, 4),
  'a span cut short': delimited(1, delimited(2, delimited(2, Buffer.from([0x0a, 0x10, 1, 2, 3])))),
}

/** @type {{ [what: string]: string }} */
const MALFORMED_JSON = {
  'JSON cut short': '{"resourceSpans":[{"scopeSpans":[{"spans":[',
  'no JSON': 'resourceSpans: []',
  'a list': '[]',
  'a number': '5',
  'a number where a list belongs': '{"resourceSpans":5}',
  'a text where a span belongs': '{"resourceSpans":[{"scopeSpans":[{"spans":["span"]}]}]}',
}

/** Requests without any telemetry, less and less empty. @type {{ [what: string]: { [signal: string]: object } }} */
const EMPTY = {
  'an empty list': { traces: { resourceSpans: [] }, metrics: { resourceMetrics: [] }, logs: { resourceLogs: [] } },
  'a resource without scopes': {
    traces: { resourceSpans: [{ resource: {}, scopeSpans: [] }] },
    metrics: { resourceMetrics: [{ resource: {}, scopeMetrics: [] }] },
    logs: { resourceLogs: [{ resource: {}, scopeLogs: [] }] },
  },
  'a scope without telemetry': {
    traces: { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans: [] }] }] },
    metrics: { resourceMetrics: [{ resource: {}, scopeMetrics: [{ scope: {}, metrics: [] }] }] },
    logs: { resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: [] }] }] },
  },
}

/** @type {import('../check.js').Check[]} */
export const ANSWERS = [
  {
    name: 'success-without-partial',
    line: 5,
    level: 'must',
    says: 'answers what it took in full with 200, an Export…ServiceResponse, and partial_success unset',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          expectFullSuccess(await client.send(exportOf(signal, encoding)), encoding, signal)
        }
      }
    },
  },
  {
    name: 'empty-request',
    line: 5,
    level: 'should',
    says: 'takes a request without telemetry: no bytes of protobuf, {} in JSON',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          expectFullSuccess(await client.send(exportOf(signal, encoding, {})), encoding, signal, 'an empty request')
        }
      }
    },
  },
  {
    name: 'empty-envelopes',
    line: 5,
    level: 'should',
    says: 'takes envelopes with nothing in them',
    run: async ({ client }) => {
      for (const [what, bodies] of Object.entries(EMPTY)) {
        for (const signal of SIGNALS) {
          for (const encoding of ENCODINGS) {
            const answer = await client.send(exportOf(signal, encoding, /** @type {object} */ (bodies[signal])))
            expectFullSuccess(answer, encoding, signal, `${what} (${signal} by ${encoding})`)
          }
        }
      }
    },
  },
  {
    name: 'partial-success',
    line: 6,
    level: 'must',
    says: 'takes a good span beside one without ids; if it rejects the bad one it says so, counted, with a message',
    run: async ({ client }) => {
      const body = traces()
      const spans = /** @type {any} */ (body.resourceSpans[0]).scopeSpans[0].spans
      spans.push({ ...spans[0], traceId: '00000000000000000000000000000000', spanId: '0000000000000000' })
      for (const encoding of ENCODINGS) {
        const answer = await client.send(exportOf('traces', encoding, body))
        expectStatus(answer, [200], 'a request that is good but for one span')
        const partial = partialSuccess(answer, encoding, 'traces')
        if (partial === undefined) continue
        expect(partial.rejected <= 1, `of two spans one is bad; rejected were ${partial.rejected}`)
        expect(partial.message !== '', 'partial_success needs an error_message')
      }
    },
  },
  {
    name: 'status-400',
    line: 7,
    level: 'must',
    says: 'sends a google.rpc.Status with 400, in the encoding of the request',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        const protobuf = { ...exportOf(signal, 'protobuf'), body: MALFORMED_PROTOBUF['a request cut short'] }
        expectRpcStatus(await client.send(/** @type {any} */ (protobuf)), 'protobuf')
        expectRpcStatus(await client.send({ ...exportOf(signal, 'json'), body: Buffer.from('{') }), 'json')
      }
    },
  },
  {
    name: 'status-405',
    line: 7,
    level: 'must',
    says: 'sends a google.rpc.Status with 405',
    run: async ({ client }) => {
      for (const encoding of ENCODINGS) {
        const answer = await client.send({ ...exportOf('traces', encoding), method: 'PUT' })
        expectStatus(answer, [405])
        expectRpcStatus(answer, encoding)
      }
    },
  },
  {
    name: 'status-413',
    line: 7,
    level: 'must',
    says: 'sends a google.rpc.Status with 413',
    run: async ({ client, limit }) => {
      for (const encoding of ENCODINGS) {
        const answer = await client.send({ ...exportOf('traces', encoding), body: Buffer.alloc(limit + 1, 0x20) })
        expectStatus(answer, [413], `a body of ${limit + 1} bytes`)
        expectRpcStatus(answer, encoding)
      }
    },
  },
  {
    name: 'status-415',
    line: 7,
    level: 'must',
    says: 'sends a google.rpc.Status with 415: as JSON where the content type is the trouble, else as the request',
    run: async ({ client }) => {
      const request = exportOf('traces', 'json')
      const answer = await client.send({ ...request, headers: { 'content-type': 'text/plain' } })
      expectStatus(answer, [415])
      expectRpcStatus(answer, 'json')
      for (const encoding of ENCODINGS) {
        const headers = { 'content-type': TYPES[encoding], 'content-encoding': 'x-no-such-encoding' }
        const refused = await client.send({ ...exportOf('traces', encoding), headers })
        expectStatus(refused, [415, 400])
        expectRpcStatus(refused, encoding)
      }
    },
  },
  {
    name: 'malformed-protobuf',
    line: 8,
    level: 'must',
    says: 'answers protobuf that cannot be decoded with 400',
    run: async ({ client }) => {
      for (const [what, body] of Object.entries(MALFORMED_PROTOBUF)) {
        expectStatus(await client.send({ ...exportOf('traces', 'protobuf'), body }), [400], what)
      }
    },
  },
  {
    name: 'malformed-json',
    line: 8,
    level: 'must',
    says: 'answers JSON that cannot be decoded with 400',
    run: async ({ client }) => {
      for (const [what, body] of Object.entries(MALFORMED_JSON)) {
        expectStatus(await client.send({ ...exportOf('traces', 'json'), body: Buffer.from(body) }), [400], what)
      }
    },
  },
  {
    name: 'malformed-every-signal',
    line: 8,
    level: 'must',
    says: 'decodes metrics and logs too before it answers 200',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        const body = encoded(signal, 'protobuf', SMALL[signal]()).subarray(0, -5)
        expectStatus(await client.send({ ...exportOf(signal, 'protobuf'), body }), [400], `${signal} cut short`)
        const json = encoded(signal, 'json', SMALL[signal]()).subarray(0, -5)
        expectStatus(await client.send({ ...exportOf(signal, 'json'), body: json }), [400], `${signal} cut short`)
      }
    },
  },
  {
    name: 'malformed-nesting',
    line: 8,
    level: 'must',
    says: 'survives values nested 20,000 deep: takes them or answers 400 or 413',
    run: async ({ client }) => {
      const depth = 20_000
      const value = `${'{"arrayValue":{"values":['.repeat(depth)}{"intValue":"1"}${']}}'.repeat(depth)}`
      const json = `{"resourceSpans":[{"resource":{"attributes":[{"key":"deep","value":${value}}]}}]}`
      const answer = await client.send({ ...exportOf('traces', 'json'), body: Buffer.from(json) })
      expectStatus(answer, [200, 400, 413], 'deep JSON')
      /** @type {Buffer} */
      let nested = Buffer.from([0x18, 1])
      for (let level = 0; level < 2000; level++) nested = delimited(5, delimited(1, nested))
      const attribute = Buffer.concat([delimited(1, Buffer.from('deep')), delimited(2, nested)])
      const body = delimited(1, delimited(1, delimited(1, attribute)))
      const protobuf = await client.send({ ...exportOf('traces', 'protobuf'), body })
      expectStatus(protobuf, [200, 400, 413], 'deep protobuf')
      expectFullSuccess(await client.send(exportOf('traces', 'protobuf')), 'protobuf', 'traces', 'a request after it')
    },
  },
]

/** To be run last: looks at all answers the others got. @type {import('../check.js').Check} */
export const RETRY_AFTER = {
  name: 'retry-after',
  line: 8,
  level: 'should',
  says: 'says by Retry-After, in seconds or as a date, when to send again what it could not take',
  run: async ({ client }) => {
    const busy = client.seen.filter(({ status }) => status === 429 || status === 503)
    const broken = client.seen.find(({ status }) => status >= 500 && !RETRYABLE.includes(status))
    expect(
      broken === undefined,
      `some request was answered ${broken?.status}: an error of the server, and not to be retried`,
    )
    if (busy.length === 0) throw new Skipped('the server was never too busy')
    for (const { status, headers } of busy) {
      const said = headers['retry-after'] ?? ''
      expect(
        /^\d+$/.test(said) || !Number.isNaN(Date.parse(said)),
        `Retry-After with ${status} is ${said || 'missing'}`,
      )
    }
  },
}
