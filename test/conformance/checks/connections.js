/** Line 13: connections, and how bodies travel on them. */
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { expect, expectFullSuccess, expectStatus, exportOf, gzippedExportOf, Skipped } from '../check.js'

/** @type {import('../check.js').Check[]} */
export const CONNECTIONS = [
  {
    name: 'keep-alive',
    line: 13,
    level: 'must',
    says: 'keeps a connection for the next request, after one it did not take too',
    run: async ({ client }) => {
      const options = { keepAlive: true, maxSockets: 1, ...client.target.tls }
      const agent = client.target.url.protocol === 'https:' ? new SecureAgent(options) : new Agent(options)
      let opened = 0
      const connect = agent.createConnection
      agent.createConnection = function (...args) {
        opened++
        return connect.apply(this, args)
      }
      try {
        for (let i = 0; i < 5; i++) {
          expectFullSuccess(await client.send({ ...exportOf('traces', 'protobuf'), agent }), 'protobuf', 'traces')
          await client.send({ ...exportOf('traces', 'json'), body: Buffer.from('{'), agent })
        }
        expect(opened === 1, `ten requests took ${opened} connections`)
      } finally {
        agent.destroy()
      }
    },
  },
  {
    name: 'parallel',
    line: 13,
    level: 'must',
    says: 'serves several connections of one client at once',
    run: async ({ client }) => {
      const requests = Array.from({ length: 32 }, (_, index) =>
        client.send(index % 2 === 0 ? exportOf('traces', 'protobuf') : gzippedExportOf('logs', 'protobuf')),
      )
      const answers = await Promise.all(requests)
      for (const [index, answer] of answers.entries()) {
        expectFullSuccess(answer, 'protobuf', index % 2 === 0 ? 'traces' : 'logs', 'one of 32 at once')
      }
    },
  },
  {
    name: 'chunked',
    line: 13,
    level: 'must',
    says: 'takes bodies in chunks, without a Content-Length',
    run: async ({ client }) => {
      const answer = await client.send({ ...exportOf('traces', 'protobuf'), isChunked: true })
      expectFullSuccess(answer, 'protobuf', 'traces')
      const gzipped = await client.send({ ...gzippedExportOf('traces', 'json'), isChunked: true })
      expectFullSuccess(gzipped, 'json', 'traces')
    },
  },
  {
    name: 'expect-continue',
    line: 13,
    level: 'must',
    says: 'tells a sender that asks first to go on',
    run: async ({ client }) => {
      const answer = await client.send({ ...exportOf('traces', 'protobuf'), asksFirst: true })
      expect(answer.wasAsked, 'no 100 Continue came')
      expectFullSuccess(answer, 'protobuf', 'traces')
    },
  },
  {
    name: 'expect-continue-unwanted',
    line: 13,
    level: 'may',
    says: 'spares a sender that asks first the body that would not be taken',
    run: async ({ client }) => {
      const request = exportOf('traces', 'protobuf')
      const answer = await client.send({ ...request, headers: { 'content-type': 'text/plain' }, asksFirst: true })
      if (answer.wasAsked) throw new Skipped('the body is asked for first, which is allowed')
      expectStatus(answer, [415])
    },
  },
  {
    name: 'answer-compression',
    line: 13,
    level: 'must',
    says: 'compresses no answer unasked, and what it compresses can be read',
    run: async ({ client }) => {
      const request = { ...exportOf('traces', 'json'), body: Buffer.from('{') }
      const plain = await client.send(request)
      const encoding = plain.headers['content-encoding'] ?? 'identity'
      expect(encoding === 'identity', `the answer is compressed by ${encoding}, and nobody asked for it`)
      const headers = { ...request.headers, 'accept-encoding': 'gzip' }
      const asked = await client.send({ ...request, headers })
      if (asked.headers['content-encoding'] === 'gzip') {
        expect(JSON.parse(gunzipSync(asked.body).toString()).message !== undefined, 'the gzipped answer says nothing')
      }
    },
  },
]
