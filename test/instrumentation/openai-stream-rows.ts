/** The ways in which a program reads, or leaves, a stream of an openai client, and what must be counted. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Row } from './compatibility.js'
import { all, BEGUN, create, failed, STREAM, STREAMED, some, UNUSED, WITH_USAGE } from './openai-chat-rows.js'

const LEFT = { ...BEGUN, streamed: true, finishReason: 'cancelled', usage: undefined, error: undefined }
const ABORTED = { ...BEGUN, streamed: true, finishReason: undefined, ...failed('APIUserAbortError') }
/** Long enough not to be over before it is left. */
const LONG = { chunks: 100, chunkDelayMs: 4 }

export const STREAM_ROWS: readonly Row[] = [
  {
    name: 'break',
    run: async (scene) => some(await create(scene, STREAM, scene.emulate(LONG)), 3, () => 'break'),
    operations: [LEFT],
  },
  {
    name: 'break at the last chunk that says why',
    async run(scene) {
      let count = 0
      for await (const chunk of await create(scene, WITH_USAGE, scene.emulate({ chunks: 2 }))) {
        count++
        if (chunk.choices[0]?.finish_reason) break
      }
      return count
    },
    operations: [{ ...LEFT, finishReason: 'stop' }],
  },
  {
    name: 'an error of the consumer’s own inside the loop',
    async run(scene) {
      await some(await create(scene, STREAM, scene.emulate(LONG)), 3, () => {
        throw new RangeError('enough')
      })
    },
    operations: [LEFT],
  },
  {
    name: 'an error event',
    run: async (scene) => all(await create(scene, STREAM, scene.emulate({ chunks: 9, errorAfterChunks: 3 }))),
    operations: [
      { ...BEGUN, streamed: true, outputChunks: 3, usage: undefined, ...failed('APIError', 'server_error') },
    ],
  },
  {
    name: 'a connection cut in the middle of a chunk',
    run: async (scene) =>
      all(await create(scene, STREAM, scene.emulate({ chunks: 9, cutInsideChunk: 3, chunkDelayMs: 5 }))),
    operations: [{ ...BEGUN, streamed: true, outputChunks: 2, usage: undefined, error: expect.anything() }],
  },
  {
    name: 'controller.abort() while reading',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      const received = await some(stream, 3, () => stream.controller.abort())
      return received.slice(0, 3)
    },
    operations: [ABORTED],
  },
  {
    name: 'the caller’s signal aborted while reading',
    async run(scene) {
      const controller = new AbortController()
      const stream = await create(scene, STREAM, scene.emulate(LONG, { signal: controller.signal }))
      const received = await some(stream, 3, () => controller.abort())
      return received.slice(0, 3)
    },
    operations: [ABORTED],
  },
  {
    name: 'the caller’s signal aborted while nothing comes',
    async run(scene) {
      const controller = new AbortController()
      const stream = await create(
        scene,
        STREAM,
        scene.emulate({ chunks: 3, chunkDelayMs: 400 }, { signal: controller.signal }),
      )
      setTimeout(() => controller.abort(), 40)
      return all(stream)
    },
    operations: [ABORTED],
  },
  {
    name: 'controller.abort() of a stream nobody reads',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      stream.controller.abort()
      return stream.controller.signal.aborted
    },
    operations: [{ ...ABORTED, outputChunks: 0 }],
  },
  {
    name: 'a stream aborted and read afterwards',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      stream.controller.abort()
      return all(stream)
    },
    operations: [ABORTED],
  },
  {
    name: 'read twice',
    async run(scene) {
      const stream = await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))
      return [await all(stream), await all(stream).catch((error: Error) => error.message)]
    },
    operations: [STREAMED],
  },
  {
    name: 'a second reader in the middle',
    async run(scene) {
      const stream = await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))
      const messages: string[] = []
      let count = 0
      for await (const _ of stream) {
        if (count++ === 1) await all(stream).catch((error: Error) => messages.push(error.message))
      }
      return [count, messages]
    },
    operations: [STREAMED],
  },
  {
    name: 'by hand: next, next, return',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      const iterator = stream[Symbol.asyncIterator]()
      const first = await iterator.next()
      const second = await iterator.next()
      return [
        first,
        second,
        await iterator.return('value'),
        await iterator.next(),
        iterator[Symbol.asyncIterator]() === iterator,
      ]
    },
    operations: [LEFT],
  },
  {
    name: 'by hand: several at once',
    async run(scene) {
      const stream = await create(scene, WITH_USAGE, scene.emulate({ chunks: 2 }))
      const iterator = stream[Symbol.asyncIterator]()
      return Promise.all(Array.from({ length: 8 }, () => iterator.next()))
    },
    operations: [{ ...STREAMED, outputChunks: 2 }],
  },
  {
    name: 'by hand: throw',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      return iterator.throw(new RangeError('enough')).catch((error: Error) => error.message)
    },
    operations: [LEFT],
  },
  {
    name: 'tee(): both',
    async run(scene) {
      const [left, right] = (await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))).tee()
      return Promise.all([all(left), all(right)])
    },
    operations: [STREAMED],
  },
  {
    name: 'tee(): one slower than the other',
    async run(scene) {
      const [left, right] = (await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))).tee()
      const first = await all(left)
      return [first, await all(right)]
    },
    operations: [STREAMED],
  },
  {
    name: 'toReadableStream(), and back',
    async run(scene) {
      const stream = await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))
      const text = await new Response(stream.toReadableStream()).text()
      return text.trim().split('\n').length
    },
    operations: [STREAMED],
  },
  {
    name: 'toReadableStream(), cancelled',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      const reader = stream.toReadableStream().getReader()
      await reader.read()
      await reader.cancel()
      await delay(20)
    },
    operations: [{ ...BEGUN, streamed: true, usage: undefined }],
    // Since openai 7 such a cancel is an abort by the client itself, and where a read is pending nothing tells one from the other.
    check([operation]) {
      expect(operation?.finishReason ?? operation?.error?.type).toMatch(/cancelled|APIUserAbortError/)
    },
  },
  {
    name: 'the stream: its classes and properties',
    async run(scene) {
      const stream = await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))
      const described = [stream.constructor.name, Object.keys(stream), stream.controller.signal.aborted]
      const iterator = stream[Symbol.asyncIterator]()
      const tag = Object.prototype.toString.call(iterator)
      return [...described, tag, await all(iterator)]
    },
    operations: [STREAMED],
  },
  {
    name: 'withResponse() of a stream',
    async run(scene) {
      const { data, response } = await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 })).withResponse()
      return [response.status, await all(data)]
    },
    operations: [STREAMED],
  },
  {
    name: 'asResponse() of a stream',
    async run(scene) {
      const response = await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 })).asResponse()
      return (await response.text()).length
    },
    operations: [{ ...BEGUN, ...UNUSED, streamed: true, error: undefined }],
  },
  {
    name: 'an error before the stream',
    run: async (scene) => all(await create(scene, STREAM, scene.emulate({ status: 429 }, { maxRetries: 0 }))),
    operations: [{ ...BEGUN, streamed: true, ...failed('RateLimitError', '429') }],
  },
]
