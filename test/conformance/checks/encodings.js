/** Lines 2 to 4: content types, compressions, and the type of an answer. */

import * as zlib from 'node:zlib'
import { constants, deflateSync, gzipSync } from 'node:zlib'
import {
  ENCODINGS,
  expect,
  expectFullSuccess,
  expectStatus,
  expectType,
  exportOf,
  gzippedExportOf,
  SIGNALS,
  Skipped,
  TYPES,
} from '../check.js'

/** @param {import('../check.js').Encoding} encoding @param {string} contentType */
const typed = (encoding, contentType) => ({ ...exportOf('traces', encoding), headers: { 'content-type': contentType } })

/** @param {string} name @param {(bytes: Buffer) => Buffer} compress @returns {import('../check.js').Check} */
const optionalCompression = (name, compress) => ({
  name: `content-encoding-${name}`,
  line: 3,
  level: 'may',
  says: `takes Content-Encoding: ${name}`,
  run: async ({ client }) => {
    const request = exportOf('traces', 'protobuf')
    const headers = { ...request.headers, 'content-encoding': name }
    const answer = await client.send({ ...request, headers, body: compress(request.body) })
    if (answer.status === 400 || answer.status === 415) throw new Skipped('not taken, which is allowed')
    expectFullSuccess(answer, 'protobuf', 'traces')
  },
})

const zstdCompress = /** @type {any} */ (zlib).zstdCompressSync

/** @type {import('../check.js').Check[]} */
export const CONTENT_ENCODINGS = [
  {
    name: 'both-encodings',
    line: 2,
    level: 'must',
    says: 'takes protobuf and JSON at the same URL',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          expectFullSuccess(await client.send(exportOf(signal, encoding)), encoding, signal)
        }
      }
    },
  },
  {
    name: 'content-type-parameters',
    line: 2,
    level: 'should',
    says: 'tolerates parameters of the content type',
    run: async ({ client }) => {
      expectFullSuccess(await client.send(typed('json', 'application/json; charset=utf-8')), 'json', 'traces')
      expectFullSuccess(await client.send(typed('json', 'application/json;charset="UTF-8"')), 'json', 'traces')
      const answer = await client.send(typed('protobuf', 'application/x-protobuf; charset=utf-8'))
      expectFullSuccess(answer, 'protobuf', 'traces')
    },
  },
  {
    name: 'content-type-case',
    line: 2,
    level: 'should',
    says: 'tolerates any letter case of the content type',
    run: async ({ client }) => {
      expectFullSuccess(await client.send(typed('json', 'Application/JSON')), 'json', 'traces')
      expectFullSuccess(await client.send(typed('protobuf', 'APPLICATION/X-PROTOBUF')), 'protobuf', 'traces')
    },
  },
  {
    name: 'content-type-chooses',
    line: 2,
    level: 'must',
    says: 'decodes as the content type says, not as the body looks',
    run: async ({ client }) => {
      expectStatus(await client.send(typed('json', TYPES.protobuf)), [400], 'JSON sent as protobuf')
      expectStatus(await client.send(typed('protobuf', TYPES.json)), [400], 'protobuf sent as JSON')
    },
  },
  {
    name: 'content-type-unknown',
    line: 2,
    level: 'must',
    says: 'answers another content type with 415',
    run: async ({ client }) => {
      for (const type of ['text/plain', 'application/xml', 'application/x-protobuf-not']) {
        expectStatus(await client.send(typed('json', type)), [415], type)
      }
    },
  },
  {
    name: 'content-type-missing',
    line: 2,
    level: 'should',
    says: 'answers a body without a content type with 415 or 400',
    run: async ({ client }) => {
      const { path, body } = exportOf('traces', 'json')
      expectStatus(await client.send({ path, body }), [415, 400])
    },
  },
  {
    name: 'content-encoding-none',
    line: 3,
    level: 'must',
    says: 'takes bodies that are not compressed, also when they say so',
    run: async ({ client }) => {
      for (const encoding of ENCODINGS) {
        const request = exportOf('traces', encoding)
        expectFullSuccess(await client.send(request), encoding, 'traces')
      }
      const request = exportOf('traces', 'protobuf')
      const headers = { ...request.headers, 'content-encoding': 'identity' }
      expectFullSuccess(await client.send({ ...request, headers }), 'protobuf', 'traces', 'identity')
    },
  },
  {
    name: 'content-encoding-gzip',
    line: 3,
    level: 'must',
    says: 'takes bodies compressed by gzip',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          const answer = await client.send(gzippedExportOf(signal, encoding))
          expectFullSuccess(answer, encoding, signal, `gzipped ${signal} by ${encoding}`)
        }
      }
    },
  },
  {
    name: 'content-encoding-gzip-members',
    line: 3,
    level: 'should',
    says: 'takes a gzip body of several members',
    run: async ({ client }) => {
      const request = gzippedExportOf('traces', 'json')
      const { body } = exportOf('traces', 'json')
      const members = [gzipSync(body.subarray(0, 50)), gzipSync(body.subarray(50))]
      expectFullSuccess(await client.send({ ...request, body: Buffer.concat(members) }), 'json', 'traces')
    },
  },
  {
    name: 'content-encoding-damaged',
    line: 3,
    level: 'must',
    says: 'answers gzip that is damaged, cut short, or none at all with 400',
    run: async ({ client }) => {
      const request = gzippedExportOf('traces', 'protobuf')
      const damaged = Buffer.from(request.body)
      damaged.fill(0xff, 12, 40)
      expectStatus(await client.send({ ...request, body: damaged }), [400], 'damaged gzip')
      const short = request.body.subarray(0, request.body.length - 12)
      expectStatus(await client.send({ ...request, body: short }), [400], 'gzip cut short')
      const { body: plain } = exportOf('traces', 'protobuf')
      expectStatus(await client.send({ ...request, body: plain }), [400], 'what is no gzip')
    },
  },
  {
    name: 'content-encoding-unknown',
    line: 3,
    level: 'must',
    says: 'answers an unknown Content-Encoding with 415 or 400',
    run: async ({ client }) => {
      const request = exportOf('traces', 'protobuf')
      for (const name of ['x-no-such-encoding', 'gzip, gzip, gzip']) {
        const headers = { ...request.headers, 'content-encoding': name }
        expectStatus(await client.send({ ...request, headers }), [415, 400], name)
      }
    },
  },
  optionalCompression('deflate', (bytes) => deflateSync(bytes)),
  optionalCompression('zstd', (bytes) => {
    if (zstdCompress === undefined) throw new Skipped('this Node cannot write zstd')
    return zstdCompress(bytes, { params: { [/** @type {any} */ (constants).ZSTD_c_compressionLevel]: 3 } })
  }),
  {
    name: 'answer-type-success',
    line: 4,
    level: 'must',
    says: 'answers in the content type of the request when it takes it',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) expectType(await client.send(exportOf(signal, encoding)), encoding)
      }
    },
  },
  {
    name: 'answer-type-error',
    line: 4,
    level: 'must',
    says: 'answers in the content type of the request when it does not take it',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          const answer = await client.send({ ...exportOf(signal, encoding), body: Buffer.from('{"\xff\xff') })
          expect(answer.status >= 400, `what is neither JSON nor protobuf was answered ${answer.status}`)
          expectType(answer, encoding)
        }
      }
    },
  },
]
