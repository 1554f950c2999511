/** Whatever is sent, there is an answer, it is no error of ours, and nothing is left behind. */
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EVENTS_PATH } from '../../../src/collector/receive/receive.js'
import { GOLDEN } from '../../conformance/bodies.js'
import { encodeRequest } from '../../conformance/protobuf.js'
import { receiving } from './receiving.js'

// As many more as somebody has time for: FUZZ_RUNS=1000000.
const runs = Number(process.env['FUZZ_RUNS'] ?? 300)

const event = {
  event_id: 'evt_1',
  timestamp_ms: 1_765_000_000_000,
  event_type: 'llm_request_completed',
  provider: 'openai',
  model: 'gpt-4',
  input_tokens: 1,
  output_tokens: 2,
  tags: { a: 'b' },
}
const good = [
  ...GOLDEN.map(({ signal, body }) => encodeRequest(signal, body)),
  ...GOLDEN.map(({ body }) => Buffer.from(JSON.stringify(body))),
  Buffer.from(JSON.stringify(event)),
  Buffer.from(JSON.stringify([event, event])),
  Buffer.from(`${JSON.stringify(event)}\n${JSON.stringify(event)}`),
]

/** A good body of which some bytes are others, or gone, or there twice. */
const mutated = fc
  .tuple(
    fc.constantFrom(...good),
    fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.integer({ min: 0, max: 255 })),
      { maxLength: 5 },
    ),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom('whole', 'cut', 'twice', 'middle'),
  )
  .map(([body, changes, at, how]) => {
    const bytes = Buffer.from(body)
    for (const [place, byte] of changes) bytes[Math.floor(place * bytes.length)] = byte
    const cut = Math.floor(at * bytes.length)
    if (how === 'cut') return bytes.subarray(0, cut)
    if (how === 'twice') return Buffer.concat([bytes, bytes.subarray(cut)])
    return how === 'middle' ? bytes.subarray(cut) : bytes
  })

const body = fc.oneof(
  mutated,
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify([{ ...event, model: value }]))),
)
const compress = fc.constantFrom(
  (bytes: Buffer) => bytes,
  (bytes: Buffer) => gzipSync(bytes),
  (bytes: Buffer) => deflateSync(bytes),
  (bytes: Buffer) => gzipSync(bytes).subarray(0, -6),
)
/** Any text that can stand in a header. */
const headerText = fc.string({ unit: fc.constantFrom(...'abcgzipXx/-+*;,="\\ \t\x80\xff'), maxLength: 40 })
const type = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'application/json',
      'application/x-protobuf',
      'application/x-ndjson',
      'application/json; charset=utf-8',
    ),
  },
  { weight: 1, arbitrary: headerText },
)
const encoding = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'identity', 'gzip', 'deflate', 'zstd') },
  { weight: 1, arbitrary: headerText },
)
const path = fc.constantFrom('/v1/traces', '/v1/metrics', '/v1/logs', EVENTS_PATH)

const timeout = 20_000 + 20 * runs

test('random and mutated bodies, types and encodings are taken or refused, never an error of ours', {
  timeout,
}, async () => {
  const { app, memory, outcomes, intake } = await receiving()
  const taken = () => intake.requests.length + intake.events.length
  await fc.assert(
    fc.asyncProperty(path, type, encoding, body, compress, async (url, contentType, contentEncoding, bytes, pack) => {
      const before = taken()
      const headers = {
        'content-type': contentType,
        ...(contentEncoding !== '' && { 'content-encoding': contentEncoding }),
      }
      const {
        statusCode,
        headers: answered,
        rawPayload,
      } = await app.inject({ method: 'POST', url, headers, payload: pack(bytes) })
      expect([200, 202, 400, 413, 415]).toContain(statusCode)
      expect(taken() - before).toBe(statusCode < 300 ? 1 : 0)
      if (answered['content-type'] === 'application/json') JSON.parse(rawPayload.toString())
      else expect(answered['content-type']).toBe('application/x-protobuf')
      expect(memory.size).toBe(0)
    }),
    { numRuns: runs },
  )
  expect(outcomes).toHaveLength(runs)
  // It is worth something only if some of them get through.
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['accepted', 'rejected']))
  expect(outcomes.filter(({ reason }) => reason === 'defect')).toEqual([])
})

test('random headers and paths never are an error of ours', { timeout }, async () => {
  const { app } = await receiving()
  const name = fc.constantFrom(
    'authorization',
    'origin',
    'expect',
    'accept-encoding',
    'content-length',
    'access-control-request-method',
    'cookie',
    'host',
    'x-forwarded-for',
    'transfer-encoding',
  )
  const anyPath = fc.oneof(
    path,
    fc.string({ unit: fc.constantFrom(...'/v1%2f.?&=#\\:*a~é'), maxLength: 30 }).map((text) => `/${text}`),
  )
  const method = fc.constantFrom('GET', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'HEAD', 'PATCH')
  await fc.assert(
    fc.asyncProperty(method, anyPath, fc.dictionary(name, headerText, { maxKeys: 4 }), async (verb, url, headers) => {
      const answer = await app.inject({
        method: verb as 'GET',
        url: encodeURI(url),
        headers,
        payload: verb === 'POST' ? '{}' : '',
      })
      expect(answer.statusCode).toBeLessThan(500)
    }),
    {
      numRuns: runs,
      examples: [
        ['GET', '/*/', {}],
        ['POST', '/:a:b(', {}],
      ],
    },
  )
})
