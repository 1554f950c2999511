/** What programs do with the rest of an openai client: helpers on top of `create`, responses, embeddings, completions, other classes. */
import { expect } from 'vitest'
import { suppress } from '../../src/index.js'
import type { Any } from './client-under-test.js'
import type { Row, Scene } from './compatibility.js'
import {
  ANSWERED,
  all,
  BEGUN,
  create,
  failed,
  PARAMETERS,
  STREAM,
  STREAMED,
  some,
  USAGE,
  WHOLE,
  WITH_USAGE,
} from './openai-chat-rows.js'

/** Where the helpers stand: under `beta` until openai 5. */
const helpers = ({ client }: Scene): Any =>
  typeof client.chat.completions.stream === 'function' ? client.chat.completions : client.beta.chat.completions

const TOOL = {
  type: 'function',
  function: {
    name: 'look',
    description: 'Looks.',
    parameters: { type: 'object', properties: {} },
    parse: JSON.parse,
    function: () => 'seen',
  },
}

const hasParse = (scene: Scene) => typeof helpers(scene).parse === 'function'
const hasResponses = ({ client }: Scene) => typeof client.responses?.create === 'function'

const HELPER_ROWS: readonly Row[] = [
  {
    name: 'parse()',
    needs: hasParse,
    async run(scene) {
      const promise = helpers(scene).parse(PARAMETERS)
      const { data, response } = await promise.withResponse()
      return [data, response.status, (await promise) === data]
    },
    operations: [WHOLE],
  },
  {
    name: 'parse() of an error',
    needs: hasParse,
    run: (scene) => helpers(scene).parse(PARAMETERS, scene.emulate({ status: 400 })),
    operations: [{ ...BEGUN, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'parse() of what does not parse: the call succeeded',
    needs: hasParse,
    run(scene) {
      const response_format = {
        type: 'json_schema',
        json_schema: { name: 'n', schema: {}, strict: true },
        $brand: 'auto-parseable-response-format',
        $parseRaw: JSON.parse,
      }
      return helpers(scene).parse({ ...PARAMETERS, response_format }, scene.emulate({ text: 'not { json' }))
    },
    operations: [ANSWERED],
  },
  {
    name: 'parse() that nobody handles',
    needs: hasParse,
    async run(scene) {
      helpers(scene).parse(PARAMETERS, scene.emulate({ status: 400 }))
      await new Promise((resolve) => setTimeout(resolve, 100))
    },
    operations: [{ ...BEGUN, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'stream()',
    run: (scene) =>
      helpers(scene)
        .stream(WITH_USAGE, scene.emulate({ chunks: 5 }))
        .finalChatCompletion(),
    operations: [STREAMED],
  },
  {
    name: 'stream(), aborted',
    async run(scene) {
      const stream = helpers(scene).stream(STREAM, scene.emulate({ chunks: 50, chunkDelayMs: 5 }))
      stream.on('chunk', () => stream.abort())
      await stream.done()
    },
    operations: [{ ...BEGUN, streamed: true, ...failed('APIUserAbortError') }],
  },
  {
    name: 'stream(), left',
    run: async (scene) =>
      (await some(helpers(scene).stream(STREAM, scene.emulate({ chunks: 50, chunkDelayMs: 5 })), 3, () => 'break'))
        .length,
    // What leaving the helper does is the version's to say: the first ones read on, later ones abort.
    operations: [{ ...BEGUN, streamed: true, usage: undefined }],
  },
  {
    name: 'runTools(): each HTTP call is one',
    run: (scene) =>
      helpers(scene)
        .runTools({ ...PARAMETERS, tools: [TOOL] }, scene.emulate({ toolCall: { name: 'look', arguments: '{}' } }))
        .finalContent(),
    operations: [{ ...ANSWERED, finishReason: 'tool_calls' }, ANSWERED],
  },
  {
    name: 'withOptions(): a client made from another',
    needs: ({ client }) => typeof client.withOptions === 'function',
    run: ({ client }) => client.withOptions({ timeout: 5000 }).chat.completions.create(PARAMETERS),
    operations: [WHOLE],
  },
  {
    name: 'a subclass of the client',
    run({ Client, client }) {
      class Mine extends (Client as new (options: object) => Any) {}
      return (new Mine({ apiKey: 'key', baseURL: client.baseURL }) as Any).chat.completions.create(PARAMETERS)
    },
    operations: [WHOLE],
  },
  {
    name: 'a call counted above',
    run: ({ client }) => suppress(() => client.chat.completions.create(PARAMETERS)),
    operations: [],
  },
  {
    name: 'calls that are none of a model',
    run: async ({ client }) => (await client.models.list()).data.length,
    operations: [],
  },
  {
    name: 'many at once',
    async run(scene) {
      const calls = Array.from({ length: 20 }, (_, index) =>
        create(
          scene,
          PARAMETERS,
          scene.emulate({ status: 503, failures: index % 2, retryAfter: 0.01, id: `one of many ${Math.random()}` }),
        ).then(() => index),
      )
      return Promise.all(calls)
    },
    operations: Array.from({ length: 20 }, () => ANSWERED),
    check: (operations) => expect(operations.filter(({ retries }) => retries === 1).length).toBe(10),
  },
]

const RESPONSE = {
  ...BEGUN,
  responseModel: 'gpt-test',
  responseId: 'resp_emulated',
  finishReason: 'completed',
  usage: USAGE,
  error: undefined,
}
const INPUT = { model: 'gpt-test', input: 'Say something.' }

const RESPONSES_ROWS: readonly Row[] = (
  [
    { name: 'responses.create', run: ({ client }) => client.responses.create(INPUT), operations: [RESPONSE] },
    {
      name: 'responses.parse',
      run: async ({ client }) => (await client.responses.parse(INPUT).withResponse()).data,
      operations: [RESPONSE],
    },
    {
      name: 'responses.create as a stream',
      run: async ({ client, emulate }) =>
        all(await client.responses.create({ ...INPUT, stream: true }, emulate({ chunks: 5 }))),
      operations: [{ ...RESPONSE, streamed: true, outputChunks: 5 }],
    },
    {
      name: 'responses.create as a stream, left at the last event',
      async run({ client, emulate }) {
        for await (const event of await client.responses.create({ ...INPUT, stream: true }, emulate({ chunks: 5 }))) {
          if (event.type === 'response.completed') break
        }
      },
      operations: [{ ...RESPONSE, streamed: true, outputChunks: 5 }],
    },
    {
      name: 'responses.create as a stream with an error event',
      run: async ({ client, emulate }) =>
        all(await client.responses.create({ ...INPUT, stream: true }, emulate({ chunks: 5, errorAfterChunks: 2 }))),
      operations: [
        {
          ...BEGUN,
          streamed: true,
          outputChunks: 2,
          usage: undefined,
          error: expect.objectContaining({ message: 'Emulated error in the stream.' }),
        },
      ],
    },
    {
      name: 'responses.stream',
      run: async ({ client, emulate }) => client.responses.stream(INPUT, emulate({ chunks: 5 })).finalResponse(),
      operations: [{ ...RESPONSE, streamed: true, outputChunks: 5 }],
    },
    {
      name: 'responses.retrieve: no call of a model',
      run: ({ client }) => client.responses.retrieve('resp_1'),
      operations: [],
    },
  ] satisfies Row[]
).map((row) => ({
  ...row,
  needs: (scene) =>
    hasResponses(scene) &&
    (!row.name.includes('.parse') || typeof scene.client.responses.parse === 'function') &&
    (!row.name.includes('.stream') || typeof scene.client.responses.stream === 'function'),
}))

const EMBEDDED = {
  ...BEGUN,
  operation: 'embeddings',
  responseModel: 'gpt-test',
  usage: { inputTokens: 11 },
  error: undefined,
}

const OTHER_ROWS: readonly Row[] = [
  {
    name: 'embeddings',
    run: ({ client }) => client.embeddings.create({ model: 'gpt-test', input: ['a', 'b'] }),
    operations: [EMBEDDED],
  },
  {
    name: 'embeddings as numbers',
    run: ({ client }) => client.embeddings.create({ model: 'gpt-test', input: 'a', encoding_format: 'float' }),
    operations: [EMBEDDED],
  },
  {
    name: 'embeddings that fail',
    run: ({ client, emulate }) => client.embeddings.create({ model: 'gpt-test', input: 'a' }, emulate({ status: 400 })),
    operations: [{ ...BEGUN, operation: 'embeddings', ...failed('BadRequestError', '400') }],
  },
  {
    name: 'text completions',
    run: ({ client }) => client.completions.create({ model: 'gpt-test', prompt: 'a' }),
    operations: [{ ...BEGUN, operation: 'text_completion', usage: USAGE, finishReason: 'stop' }],
  },
  {
    name: 'text completions as a stream',
    run: async ({ client, emulate }) =>
      all(
        await client.completions.create(
          { model: 'gpt-test', prompt: 'a', stream: true, stream_options: { include_usage: true } },
          emulate({ chunks: 3 }),
        ),
      ),
    operations: [{ ...BEGUN, operation: 'text_completion', usage: USAGE, streamed: true, outputChunks: 3 }],
  },
]

export const HELPERS_AND_OTHERS: readonly Row[] = [...HELPER_ROWS, ...RESPONSES_ROWS, ...OTHER_ROWS]
