/** Line 1: where telemetry is sent. */
import { ENCODINGS, expect, expectFullSuccess, expectStatus, exportOf, SIGNALS, Skipped } from '../check.js'

/** @type {import('../check.js').Check[]} */
export const PATHS = [
  ...SIGNALS.map((signal) => ({
    name: `post-${signal}`,
    line: 1,
    level: /** @type {const} */ ('must'),
    says: `takes ${signal} by POST on /v1/${signal}`,
    run: async (/** @type {import('../check.js').Context} */ { client }) => {
      expectFullSuccess(await client.send(exportOf(signal, 'protobuf')), 'protobuf', signal)
    },
  })),
  {
    name: 'default-port',
    line: 1,
    level: 'should',
    says: 'listens on port 4318 unless told otherwise',
    run: async ({ client }) => {
      if (client.target.url.port !== '4318') throw new Skipped('the URL names another port')
      expectStatus(await client.send(exportOf('traces', 'protobuf')), [200])
    },
  },
  {
    name: 'other-methods',
    line: 1,
    level: 'must',
    says: 'answers other methods with 405, and Allow: POST',
    run: async ({ client }) => {
      for (const signal of SIGNALS) {
        for (const method of ['GET', 'PUT', 'DELETE']) {
          const answer = await client.send({ method, path: `/v1/${signal}` })
          expectStatus(answer, [405], `${method} /v1/${signal}`)
          expect(/\bPOST\b/.test(answer.headers.allow ?? ''), `${method} /v1/${signal}: Allow must name POST`)
        }
      }
    },
  },
  {
    name: 'unknown-path',
    line: 1,
    level: 'must',
    says: 'answers a path that is none with 404',
    run: async ({ client }) => {
      for (const encoding of ENCODINGS) {
        const answer = await client.send({ ...exportOf('traces', encoding), path: '/v1/no-such-signal' })
        expectStatus(answer, [404])
      }
    },
  },
]
