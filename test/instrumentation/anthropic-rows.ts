/** What programs do with an Anthropic client, and what must be counted. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { suppress } from '../../src/index.js'
import type { Any } from './client-under-test.js'
import type { Row, Scene } from './compatibility.js'
import { all, failed, some } from './openai-chat-rows.js'

const PARAMETERS = { model: 'claude-test', max_tokens: 100, messages: [{ role: 'user', content: 'Say something.' }] }
const STREAM = { ...PARAMETERS, stream: true }
const LONG = { chunks: 100, chunkDelayMs: 4 }

const BEGUN = { operation: 'chat', provider: 'anthropic', requestModel: 'claude-test', serverAddress: '127.0.0.1' }
const ANSWERED = {
  ...BEGUN,
  responseModel: 'claude-test',
  responseId: 'msg_emulated',
  finishReason: 'end_turn',
  usage: {
    inputTokens: 11,
    outputTokens: 7,
    cacheReadTokens: 4,
    cacheWriteTokens: 0,

    reasoningTokens: 3,
  },
  error: undefined,
}
const WHOLE = { ...ANSWERED, streamed: false, retries: undefined }
const STREAMED = { ...ANSWERED, streamed: true, outputChunks: 5 }
/** What the first event of a stream tells: the input, and nothing true of the output. */
const SEEN_AT_START = { usage: expect.not.objectContaining({ outputTokens: expect.anything() }) }
const LEFT = { ...BEGUN, ...SEEN_AT_START, streamed: true, finishReason: 'cancelled', error: undefined }

const create = ({ client }: Scene, parameters: Any, options?: object): Any =>
  client.messages.create(parameters, options)
const hasBeta = ({ client }: Scene) => typeof client.beta?.messages?.create === 'function'

const TOOL = {
  type: 'custom',
  name: 'look',
  description: 'Looks.',
  input_schema: { type: 'object', properties: {} },
  run: () => 'seen',
  parse: (value: unknown) => value,
}

export const ANTHROPIC_ROWS: readonly Row[] = [
  { name: 'an answer', run: (scene) => create(scene, PARAMETERS), operations: [WHOLE] },
  {
    name: 'parameters that are frozen, and the promise',
    async run(scene) {
      const parameters = structuredClone(PARAMETERS)
      for (const part of [parameters, parameters.messages, ...parameters.messages]) Object.freeze(part)
      const promise = create(scene, parameters)
      const own = [Object.keys(promise), promise.constructor.name, promise instanceof Promise]
      const answer = await promise
      return [own, answer === (await promise), parameters]
    },
    operations: [WHOLE],
  },
  {
    name: 'withResponse()',
    async run(scene) {
      const { data, response } = await create(scene, PARAMETERS).withResponse()
      return [data, response.status]
    },
    operations: [WHOLE],
  },
  {
    name: 'asResponse()',
    async run(scene) {
      const response = await create(scene, PARAMETERS).asResponse()
      await delay(20)
      return [response.bodyUsed, await response.json()]
    },
    operations: [{ ...BEGUN, usage: undefined, finishReason: undefined, error: undefined }],
  },
  ...[400, 401, 403, 404, 413, 429, 500, 529].map(
    (status): Row => ({
      name: `an error ${status}`,
      run: (scene) => create(scene, PARAMETERS, scene.emulate({ status }, { maxRetries: 0 })),
      operations: [{ ...BEGUN, usage: undefined, error: expect.objectContaining({ code: String(status) }) }],
    }),
  ),
  {
    name: 'retries that succeed',
    run: (scene) =>
      create(
        scene,
        PARAMETERS,
        scene.emulate({ status: 529, failures: 2, retryAfter: 0.01, id: `retries ${Math.random()}` }),
      ),
    operations: [{ ...WHOLE, retries: 2 }],
  },
  {
    name: 'a connection that is reset',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ reset: true }, { maxRetries: 0 })),
    operations: [{ ...BEGUN, ...failed('APIConnectionError') }],
  },
  {
    name: 'a timeout',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ hang: true }, { timeout: 60, maxRetries: 0 })),
    operations: [{ ...BEGUN, ...failed('APIConnectionTimeoutError') }],
  },
  {
    name: 'an abort before the call',
    run: (scene) => create(scene, PARAMETERS, { signal: AbortSignal.abort() }),
    operations: [{ ...BEGUN, ...failed('APIUserAbortError') }],
  },
  {
    name: 'an abort while waiting for the answer',
    run(scene) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 30)
      return create(scene, PARAMETERS, scene.emulate({ hang: true }, { signal: controller.signal }))
    },
    operations: [{ ...BEGUN, ...failed('APIUserAbortError') }],
  },
  {
    name: 'a body that breaks off',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ cutAfterChunks: 1 }, { maxRetries: 0 })),
    operations: [{ ...BEGUN, usage: undefined, error: expect.anything() }],
  },
  {
    name: 'an answer that is no JSON',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ notJson: true })),
    operations: [{ ...BEGUN, usage: undefined, error: undefined }],
  },
  {
    name: 'an answer without usage',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ noUsage: true })),
    operations: [{ ...WHOLE, usage: undefined }],
  },
  {
    name: 'more output than may be waited for without a stream: some versions throw at once',
    run(scene) {
      try {
        return create(scene, { ...PARAMETERS, max_tokens: 1_000_000 }).then(() => 'answers')
      } catch (error) {
        return ['throws', (error as Error).message]
      }
    },
    operations: [{ ...BEGUN }],
  },
  {
    name: 'a failure nobody handles',
    async run(scene) {
      create(scene, PARAMETERS, scene.emulate({ status: 400 }))
      await delay(100)
    },
    operations: [{ ...BEGUN, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'cache, by the hour and otherwise',
    run: (scene) =>
      create(
        scene,
        PARAMETERS,
        scene.emulate({
          usage: {
            input_tokens: 3,
            output_tokens: 2,
            cache_read_input_tokens: 100,
            cache_creation_input_tokens: 50,
            cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
          },
        }),
      ),
    operations: [
      {
        ...WHOLE,
        usage: {
          inputTokens: 153,
          outputTokens: 2,
          cacheReadTokens: 100,
          cacheWriteTokens: 50,
          cacheWrite1hTokens: 30,
        },
      },
    ],
  },
  {
    name: 'a stream',
    run: async (scene) => all(await create(scene, STREAM, scene.emulate({ chunks: 5 }))),
    operations: [STREAMED],
  },
  {
    name: 'a stream that calls a tool',
    run: async (scene) =>
      all(await create(scene, STREAM, scene.emulate({ toolCall: { name: 'look', arguments: '{"at":"it"}' } }))),
    operations: [{ ...ANSWERED, streamed: true, finishReason: 'tool_use' }],
    check: ([operation]) => expect(operation?.outputChunks).toBeGreaterThan(0),
  },
  {
    name: 'a stream without usage',
    run: async (scene) => all(await create(scene, STREAM, scene.emulate({ chunks: 5, noUsage: true }))),
    operations: [{ ...STREAMED, usage: undefined }],
  },
  {
    name: 'break',
    run: async (scene) => some(await create(scene, STREAM, scene.emulate(LONG)), 4, () => 'break'),
    operations: [LEFT],
  },
  {
    name: 'break at the last event',
    async run(scene) {
      for await (const event of await create(scene, STREAM, scene.emulate({ chunks: 5 })))
        if (event.type === 'message_stop') break
    },
    operations: [STREAMED],
  },
  {
    name: 'an error event',
    run: async (scene) => all(await create(scene, STREAM, scene.emulate({ chunks: 9, errorAfterChunks: 3 }))),
    operations: [{ ...BEGUN, ...SEEN_AT_START, streamed: true, outputChunks: 3, error: expect.anything() }],
  },
  {
    name: 'a connection cut in the middle of a chunk',
    run: async (scene) =>
      all(await create(scene, STREAM, scene.emulate({ chunks: 9, cutInsideChunk: 3, chunkDelayMs: 5 }))),
    operations: [{ ...BEGUN, ...SEEN_AT_START, streamed: true, outputChunks: 2, error: expect.anything() }],
  },
  {
    name: 'controller.abort() while reading',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      return (await some(stream, 4, () => stream.controller.abort())).slice(0, 4)
    },
    operations: [{ ...BEGUN, streamed: true, ...failed('APIUserAbortError') }],
  },
  {
    name: 'controller.abort() of a stream nobody reads',
    async run(scene) {
      const stream = await create(scene, STREAM, scene.emulate(LONG))
      stream.controller.abort()
    },
    operations: [{ ...BEGUN, streamed: true, outputChunks: 0, ...failed('APIUserAbortError') }],
  },
  {
    name: 'tee()',
    async run(scene) {
      const [left, right] = (await create(scene, STREAM, scene.emulate({ chunks: 5 }))).tee()
      return [await all(left), await all(right)]
    },
    operations: [STREAMED],
  },
  {
    name: 'toReadableStream()',
    run: async (scene) =>
      (await new Response((await create(scene, STREAM, scene.emulate({ chunks: 5 }))).toReadableStream()).text())
        .length,
    operations: [STREAMED],
  },
  {
    name: 'messages.stream()',
    run: ({ client, emulate }) => client.messages.stream(PARAMETERS, emulate({ chunks: 5 })).finalMessage(),
    operations: [STREAMED],
  },
  {
    name: 'messages.stream(), aborted',
    async run({ client, emulate }) {
      const stream = client.messages.stream(PARAMETERS, emulate(LONG))
      stream.on('text', () => stream.abort())
      await stream.done()
    },
    operations: [{ ...BEGUN, streamed: true, ...failed('APIUserAbortError') }],
  },
  {
    name: 'messages.stream() of an error',
    run: ({ client, emulate }) => client.messages.stream(PARAMETERS, emulate({ status: 400 })).finalMessage(),
    operations: [{ ...BEGUN, streamed: true, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'messages.parse()',
    needs: ({ client }) => typeof client.messages.parse === 'function',
    run: ({ client }) => client.messages.parse(PARAMETERS),
    operations: [WHOLE],
  },
  {
    name: 'beta.messages',
    needs: hasBeta,
    run: ({ client }) => client.beta.messages.create(PARAMETERS),
    operations: [WHOLE],
  },
  {
    name: 'beta.messages as a stream',
    needs: hasBeta,
    run: async ({ client, emulate }) => all(await client.beta.messages.create(STREAM, emulate({ chunks: 5 }))),
    operations: [STREAMED],
  },
  {
    name: 'beta.messages.toolRunner(): each HTTP call is one',
    needs: ({ client }) => typeof client.beta?.messages?.toolRunner === 'function',
    run: ({ client, emulate }) =>
      client.beta.messages
        .toolRunner({ ...PARAMETERS, tools: [TOOL] }, emulate({ toolCall: { name: 'look', arguments: '{}' } }))
        .runUntilDone(),
    operations: [{ ...ANSWERED, finishReason: 'tool_use' }, ANSWERED],
  },
  {
    name: 'a call counted above',
    run: ({ client }) => suppress(() => client.messages.create(PARAMETERS)),
    operations: [],
  },
]
