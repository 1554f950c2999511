/** Lines 9 and 10: the size of requests and answers. */
import { gzipSync } from 'node:zlib'
import { traces } from '../bodies.js'
import {
  ENCODINGS,
  encoded,
  expect,
  expectFullSuccess,
  expectStatus,
  exportOf,
  gzippedExportOf,
  SIGNALS,
} from '../check.js'

const FOUR_MEBIBYTES = 4 * 1024 * 1024

/** A good request of just this many bytes. @param {import('../check.js').Encoding} encoding @param {number} bytes */
function requestOf(encoding, bytes) {
  const body = (/** @type {number} */ length) => [{ key: 'long', value: { stringValue: 'a'.repeat(length) } }]
  const trial = encoded('traces', encoding, traces({}, body(bytes - 1000))).length
  return encoded('traces', encoding, traces({}, body(bytes - 1000 + (bytes - trial))))
}

/** @type {import('../check.js').Check[]} */
export const LIMITS = [
  {
    name: 'body-within-limit',
    line: 9,
    level: 'must',
    says: 'takes a body as large as its limit, compressed too',
    run: async ({ client, limit }) => {
      for (const encoding of ENCODINGS) {
        const body = requestOf(encoding, limit)
        const plain = exportOf('traces', encoding)
        const what = `a body of ${limit} bytes`
        expectFullSuccess(await client.send({ ...plain, body }), encoding, 'traces', what)
        const gzipped = { ...gzippedExportOf('traces', encoding), body: gzipSync(body) }
        expectFullSuccess(await client.send(gzipped), encoding, 'traces', `${what}, gzipped`)
      }
    },
  },
  {
    name: 'body-too-large',
    line: 9,
    level: 'must',
    says: 'answers a body larger than its limit with 413',
    run: async ({ client, limit }) => {
      for (const signal of SIGNALS) {
        const request = exportOf(signal, 'protobuf')
        const body = requestOf('protobuf', limit + 1)
        expectStatus(await client.send({ ...request, body }), [413], `${signal} of ${limit + 1} bytes`)
      }
    },
  },
  {
    name: 'body-too-large-unannounced',
    line: 9,
    level: 'must',
    says: 'answers 413 also when the body comes in chunks, without a Content-Length',
    run: async ({ client, limit }) => {
      for (const encoding of ENCODINGS) {
        const body = requestOf(encoding, limit + 1)
        const answer = await client.send({ ...exportOf('traces', encoding), body, isChunked: true })
        expectStatus(answer, [413], `${limit + 1} bytes in chunks`)
      }
    },
  },
  {
    name: 'body-too-large-decompressed',
    line: 9,
    level: 'must',
    says: 'answers 413 when the body is larger than its limit only after decompression',
    run: async ({ client, limit }) => {
      for (const encoding of ENCODINGS) {
        const body = gzipSync(requestOf(encoding, limit + 1))
        const answer = await client.send({ ...gzippedExportOf('traces', encoding), body })
        expectStatus(answer, [413], `${body.length} bytes of gzip that unfold to ${limit + 1}`)
      }
    },
  },
  {
    name: 'bombs',
    line: 9,
    level: 'must',
    says: 'survives many gzip bombs at once, and takes the next request',
    run: async ({ client, limit }) => {
      // Half as much again as the limit: enough to be one, and written in a bearable time at 64 MiB.
      const body = gzipSync(requestOf('protobuf', Math.ceil(limit * 1.5)))
      const bombs = Array.from({ length: 16 }, () => client.send({ ...gzippedExportOf('traces', 'protobuf'), body }))
      for (const answer of await Promise.all(bombs)) expectStatus(answer, [413, 429, 503], 'one of 16 bombs')
      expectFullSuccess(await client.send(exportOf('traces', 'protobuf')), 'protobuf', 'traces', 'the next request')
    },
  },
  {
    name: 'answer-size',
    line: 10,
    level: 'should',
    says: 'answers in less than 4 MiB, also where it has much to complain of',
    run: async ({ client, limit }) => {
      const long = 'x'.repeat(Math.min(limit - 100, FOUR_MEBIBYTES + 1024))
      const answers = [
        await client.send({ ...exportOf('traces', 'json'), body: Buffer.from(`{"resourceSpans":"${long}"}`) }),
        await client.send({ ...exportOf('traces', 'json'), body: Buffer.from(`{"resourceSpans":[${long}`) }),
        await client.send({ ...exportOf('traces', 'protobuf'), body: Buffer.from(`\xff${long}`, 'latin1') }),
      ]
      for (const { body, status } of answers) {
        expect(body.length <= FOUR_MEBIBYTES, `the answer (${status}) has ${body.length} bytes`)
      }
    },
  },
]
