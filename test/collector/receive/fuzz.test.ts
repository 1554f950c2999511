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
/** What is taken as it stands. */
const GOOD = [
  ...GOLDEN.flatMap(({ signal, body }) => [
    { path: `/v1/${signal}`, type: 'application/x-protobuf', bytes: encodeRequest(signal, body) },
    { path: `/v1/${signal}`, type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) },
  ]),
  ...[event, [event, event]].map((events) => ({
    path: EVENTS_PATH,
    type: 'application/json',
    bytes: Buffer.from(JSON.stringify(events)),
  })),
  {
    path: EVENTS_PATH,
    type: 'application/x-ndjson',
    bytes: Buffer.from(`${JSON.stringify(event)}\n${JSON.stringify(event)}`),
  },
]

/** Mostly what is right: what is wrong everywhere is refused for the first of its faults, and says nothing of the others. */
const mostly = <Value>(right: Value, other: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: other })

/** Some bytes are others, or gone, or there twice. */
const mutated = (body: Buffer) =>
  fc
    .tuple(
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.integer({ min: 0, max: 255 })),
        { maxLength: 5 },
      ),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('whole', 'cut', 'twice', 'middle'),
    )
    .map(([changes, at, how]) => {
      const bytes = Buffer.from(body)
      for (const [place, byte] of changes) bytes[Math.floor(place * bytes.length)] = byte
      const cut = Math.floor(at * bytes.length)
      if (how === 'cut') return bytes.subarray(0, cut)
      if (how === 'twice') return Buffer.concat([bytes, bytes.subarray(cut)])
      return how === 'middle' ? bytes.subarray(cut) : bytes
    })

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify([{ ...event, model: value }]))),
)
/** Any text that can stand in a header. */
const headerText = fc.string({ unit: fc.constantFrom(...'abcgzipXx/-+*;,="\\ \t\x80\xff'), maxLength: 40 })
/** How a body is packed, and what the header says of it. */
type Packing = readonly [encoding: string, pack: (bytes: Buffer) => Buffer]
const plain = (bytes: Buffer) => bytes
const AS_IT_IS: Packing = ['', plain]
const anyPacking = fc.oneof(
  fc.constantFrom<Packing[]>(
    ['identity', plain],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['gzip', plain],
    ['', gzipSync],
    ['zstd', plain],
    ['gzip', (bytes) => gzipSync(bytes).subarray(0, -6)],
  ),
  headerText.map((encoding): Packing => [encoding, plain]),
)
const anyType = fc.oneof(
  fc.constantFrom(...GOOD.map(({ type }) => type), 'application/json; charset=utf-8'),
  headerText,
)
const path = fc.constantFrom('/v1/traces', '/v1/metrics', '/v1/logs', EVENTS_PATH)
const request = fc.constantFrom(...GOOD).chain((good) =>
  fc.record({
    url: mostly(good.path, path),
    type: mostly(good.type, anyType),
    bytes: fc.oneof(mutated(good.bytes), mostly(good.bytes, anyBody)),
    packing: mostly(AS_IT_IS, anyPacking),
  }),
)

const timeout = 20_000 + 20 * runs

test('random and mutated bodies, types and encodings are taken or refused, never an error of ours', {
  timeout,
}, async () => {
  const { app, memory, outcomes, intake } = await receiving()
  const taken = () => intake.requests.length + intake.events.length
  await fc.assert(
    fc.asyncProperty(request, async ({ url, type, bytes, packing: [encoding, pack] }) => {
      const before = taken()
      const headers = { 'content-type': type, ...(encoding !== '' && { 'content-encoding': encoding }) }
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
  // It is worth something only if many get through and many do not: some 85 and 215 of 300.
  for (const one of ['accepted', 'rejected'] as const)
    expect(outcomes.filter(({ outcome }) => outcome === one).length).toBeGreaterThan(runs / 10)
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
