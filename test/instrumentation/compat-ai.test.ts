/** The AI SDK does the same with the integration as without, and each model call, tool and embedding is counted once. */
import OpenAI from 'openai'
import { expect } from 'vitest'
import { registerAiSdk } from '../../instrumentation/ai.js'
import { instrument } from '../../instrumentation/index.js'
import { embeddingModel, languageModel } from './ai-model.js'
import { type Any, loadAi } from './client-under-test.js'
import type { Row, Scene } from './compatibility.js'
import { testCompatibility } from './compatibility-test.js'
import { all, failed, some } from './openai-chat-rows.js'

const { version, exports: ai } = await loadAi()

const BEGUN = { operation: 'chat', provider: 'openai', requestModel: 'gpt-test' }
const USAGE = expect.objectContaining({ inputTokens: 11, outputTokens: 7, cacheReadTokens: 4, reasoningTokens: 3 })
const ANSWERED = {
  ...BEGUN,
  responseModel: 'gpt-test',
  responseId: 'chatcmpl-emulated',
  finishReason: 'stop',
  usage: USAGE,
  error: undefined,
  retries: undefined,
}
const WHOLE = { ...ANSWERED, streamed: false }
const STREAMED = { ...ANSWERED, streamed: true, outputChunks: 5 }
const EMBEDDED = {
  operation: 'embeddings',
  provider: 'openai',
  requestModel: 'embed-test',
  usage: { inputTokens: 11 },
  error: undefined,
}
const TOOL_RUN = { operation: 'execute_tool', toolName: 'look', error: undefined }
const TOOL_CALL = { toolCall: { name: 'look', arguments: '{}' } }

const stop = (ai.stepCountIs ?? ai.isStepCount)(3)
const tools = (execute: () => unknown) => ({
  look: ai.tool({ inputSchema: ai.jsonSchema({ type: 'object' }), execute }),
})
const fresh = (control: object) => ({ ...control, id: `call ${Math.random()}` })

const generate = (scene: Scene, control: object = {}, options: object = {}): Promise<Any> =>
  ai.generateText({ model: scene.client.model, prompt: 'Say something.', ...scene.emulate(control), ...options })
const stream = (scene: Scene, control: object = {}, options: object = {}): Any =>
  ai.streamText({
    model: scene.client.model,
    prompt: 'Say something.',
    onError() {},
    ...scene.emulate(control),
    ...options,
  })

const ROWS: readonly Row[] = [
  { name: 'generateText', run: async (scene) => (await generate(scene)).text, operations: [WHOLE] },
  {
    name: 'generateText, retried',
    run: async (scene) => (await generate(scene, fresh({ status: 429, failures: 1 }))).text,
    operations: [{ ...WHOLE, retries: 1 }],
  },
  {
    name: 'generateText, retried in vain',
    run: (scene) => generate(scene, { status: 429 }, { maxRetries: 1 }),
    operations: [{ ...BEGUN, retries: 1, ...failed('AI_APICallError') }],
  },
  {
    name: 'generateText that fails',
    run: (scene) => generate(scene, { status: 400 }),
    operations: [{ ...BEGUN, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'generateText, aborted',
    run: (scene) => generate(scene, { hang: true }, { abortSignal: AbortSignal.timeout(50) }),
    operations: [{ ...BEGUN, error: expect.anything() }],
  },
  {
    name: 'generateText with a tool that asks a model itself',
    async run(scene) {
      const look = async () =>
        (await scene.client.openai.chat.completions.create({ model: 'inner', messages: [] })).model
      return (await generate(scene, TOOL_CALL, { tools: tools(look), stopWhen: stop })).text
    },
    operations: [
      { ...WHOLE, finishReason: 'tool_calls' },
      { operation: 'chat', requestModel: 'inner', usage: USAGE },
      TOOL_RUN,
      WHOLE,
    ],
  },
  {
    name: 'a tool that fails',
    async run(scene) {
      const look = () => Promise.reject(new RangeError('not there'))
      return (await generate(scene, TOOL_CALL, { tools: tools(look), stopWhen: stop })).text
    },
    operations: [{ finishReason: 'tool_calls' }, { operation: 'execute_tool', ...failed('RangeError') }, WHOLE],
  },
  { name: 'streamText', run: (scene) => all(stream(scene, { chunks: 5 }).textStream), operations: [STREAMED] },
  {
    name: 'streamText with a tool',
    run: (scene) => all(stream(scene, TOOL_CALL, { tools: tools(async () => 'seen'), stopWhen: stop }).textStream),
    operations: [
      { ...ANSWERED, streamed: true, finishReason: 'tool_calls', timeToFirstChunkMs: expect.any(Number) },
      TOOL_RUN,
      STREAMED,
    ],
  },
  {
    name: 'streamText, aborted',
    async run(scene) {
      const controller = new AbortController()
      const text = stream(scene, { chunks: 100, chunkDelayMs: 4 }, { abortSignal: controller.signal }).textStream
      return (await some(text, 3, () => controller.abort())).slice(0, 3)
    },
    operations: [{ ...BEGUN, streamed: true, ...failed('AbortError') }],
  },
  {
    name: 'streamText with an error in the middle',
    async run(scene) {
      const text = stream(scene, { chunks: 9, errorAfterChunks: 3 }).textStream
      return all(text).catch((error: Error) => error.message)
    },
    operations: [{ ...BEGUN, streamed: true, outputChunks: 3, ...failed('APIError') }],
  },
  {
    name: 'streamText, retried',
    run: (scene) => all(stream(scene, fresh({ status: 429, failures: 1, chunks: 5 })).textStream),
    operations: [{ ...STREAMED, retries: 1 }],
  },
  {
    name: 'streamText, retried in vain',
    run: (scene) => all(stream(scene, { status: 429 }, { maxRetries: 1 }).textStream),
    operations: [{ ...BEGUN, retries: 1, ...failed('AI_APICallError') }],
  },
  {
    name: 'embed',
    run: async ({ client, emulate }) =>
      (await ai.embed({ model: client.embedder, value: 'a', ...emulate({}) })).embedding,
    operations: [EMBEDDED],
  },
  {
    name: 'embed, retried',
    run: async ({ client, emulate }) =>
      (await ai.embed({ model: client.embedder, value: 'a', ...emulate(fresh({ status: 429, failures: 1 })) }))
        .embedding,
    operations: [{ ...EMBEDDED, retries: 1 }],
  },
  {
    name: 'embed that fails',
    run: ({ client, emulate }) =>
      ai.embed({ model: client.embedder, value: 'a', maxRetries: 0, ...emulate({ status: 400 }) }),
    operations: [{ ...EMBEDDED, usage: undefined, ...failed('AI_APICallError') }],
  },
  {
    name: 'embedMany: each request is one',
    run: async ({ client, emulate }) =>
      (await ai.embedMany({ model: client.embedder, values: ['a', 'b', 'c'], ...emulate({}) })).embeddings,
    operations: [EMBEDDED, EMBEDDED],
  },
  {
    name: 'telemetry switched off for a call: what is below counts it',
    run: async (scene) => (await generate(scene, {}, { telemetry: { isEnabled: false } })).text,
    operations: [WHOLE],
  },
]

function makeClient(url: string): Any {
  const openai = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 })
  return { openai, model: languageModel(openai), embedder: embeddingModel(`${url}/v1`) }
}

await testCompatibility(`ai ${version}`, makeClient, ROWS, ({ openai }) => {
  registerAiSdk()
  registerAiSdk()
  instrument(openai)
})
