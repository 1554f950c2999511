/**
 * The calls that every instrumentation is given to observe, made with the real `openai` client, and what is true of each.
 */

/**
 * What is true of an operation, as the provider answered it. Absent means that there is nothing to tell.
 * @typedef {object} Truth
 * @property {string} call Name of the call it comes from.
 * @property {string} operation
 * @property {string} [provider]
 * @property {string} [requestModel]
 * @property {string} [responseModel]
 * @property {boolean} [streamed]
 * @property {number} [inputTokens]
 * @property {number} [outputTokens]
 * @property {number} [cacheReadTokens]
 * @property {number} [reasoningTokens]
 * @property {string} [finishReason]
 * @property {string} [error] Type of the error.
 * @property {string} [errorCode]
 * @property {boolean} [firstChunk] Whether there is a time to the first chunk.
 * @property {number} [outputChunks]
 * @property {number} [costNanoDollars]
 * @property {string} [costSource]
 * @property {string} [toolName]
 * @property {string} [agentName]
 */

const MESSAGES = [{ role: /** @type {const} */ ('user'), content: 'SECRET question' }]
const TOOL = {
  type: /** @type {const} */ ('function'),
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}

/** Tokens, the same numbers in no two calls, so that none can be taken for another. */
export const TOKENS = {
  chat: { input: 1200, output: 340, cached: 1024, reasoning: 64 },
  stream: { input: 2311, output: 457, cached: 128, reasoning: 32 },
  tool: { input: 811, output: 29, cached: 0, reasoning: 0 },
  responses: { input: 1501, output: 613, cached: 256, reasoning: 512 },
  embeddings: { input: 37 },
}

/** In the words of Chat Completions. @param {{ input: number, output: number, cached: number, reasoning: number }} tokens */
export const chatUsage = ({ input, output, cached, reasoning }) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: reasoning },
})

/** What a request asks of the emulated provider. @param {object} control */
export const emulate = (control) => ({ headers: { 'x-emulate': JSON.stringify(control) } })

/** @param {AsyncIterable<unknown>} stream */
async function readAll(stream) {
  for await (const _chunk of stream);
}

/** In our words. @param {{ input: number, output: number, cached: number, reasoning: number }} tokens */
export const usageOf = ({ input, output, cached, reasoning }) => ({
  inputTokens: input,
  outputTokens: output,
  cacheReadTokens: cached,
  reasoningTokens: reasoning,
})

/** By name: how a call is made with a client of `openai`. @type {Record<string, (client: any) => Promise<unknown>>} */
const MAKE = {
  chat: (client) =>
    client.chat.completions.create(
      { model: 'gpt-4o-mini', messages: MESSAGES },
      emulate({ text: 'SECRET answer', usage: chatUsage(TOKENS.chat) }),
    ),
  stream: async (client) =>
    readAll(
      await client.chat.completions.create(
        { model: 'gpt-4o', messages: MESSAGES, stream: true, stream_options: { include_usage: true } },
        emulate({ chunks: 5, usage: chatUsage(TOKENS.stream) }),
      ),
    ),
  'stream without usage': async (client) =>
    readAll(
      await client.chat.completions.create(
        { model: 'gpt-4.1', messages: MESSAGES, stream: true },
        emulate({ chunks: 3 }),
      ),
    ),
  tool: (client) =>
    client.chat.completions.create(
      { model: 'gpt-4.1-nano', messages: MESSAGES, tools: [TOOL] },
      emulate({ toolCall: { name: 'weather', arguments: '{"city":"SECRET"}' }, usage: chatUsage(TOKENS.tool) }),
    ),
  responses: (client) =>
    client.responses.create(
      { model: 'o4-mini', input: 'SECRET question' },
      emulate({
        text: 'SECRET answer',
        usage: {
          input_tokens: TOKENS.responses.input,
          input_tokens_details: { cached_tokens: TOKENS.responses.cached },
          output_tokens: TOKENS.responses.output,
          output_tokens_details: { reasoning_tokens: TOKENS.responses.reasoning },
          total_tokens: TOKENS.responses.input + TOKENS.responses.output,
        },
      }),
    ),
  embeddings: (client) =>
    client.embeddings.create(
      { model: 'text-embedding-3-small', input: 'SECRET text' },
      emulate({ chunks: 1, usage: { prompt_tokens: TOKENS.embeddings.input, total_tokens: TOKENS.embeddings.input } }),
    ),
  error: (client) =>
    client.chat.completions.create({ model: 'gpt-4.1-mini', messages: MESSAGES }, emulate({ status: 429 })).then(
      () => {
        throw new Error('BUG: the call that is to fail did not')
      },
      () => {},
    ),
}

/** @param {string} model */
export const models = (model) => ({ provider: 'openai', requestModel: model, responseModel: model })

/** In the order in which the calls are made. @type {readonly Truth[]} */
export const TRUTHS = [
  {
    call: 'chat',
    operation: 'chat',
    ...models('gpt-4o-mini'),
    streamed: false,
    ...usageOf(TOKENS.chat),
    finishReason: 'stop',
  },
  {
    call: 'stream',
    operation: 'chat',
    ...models('gpt-4o'),
    streamed: true,
    firstChunk: true,
    outputChunks: 5,
    ...usageOf(TOKENS.stream),
    finishReason: 'stop',
  },
  {
    call: 'tool',
    operation: 'chat',
    ...models('gpt-4.1-nano'),
    streamed: false,
    ...usageOf(TOKENS.tool),
    finishReason: 'tool_calls',
  },
  {
    call: 'responses',
    operation: 'chat',
    ...models('o4-mini'),
    streamed: false,
    ...usageOf(TOKENS.responses),
    finishReason: 'completed',
  },
  {
    call: 'embeddings',
    operation: 'embeddings',
    ...models('text-embedding-3-small'),
    streamed: false,
    inputTokens: TOKENS.embeddings.input,
  },
  {
    call: 'error',
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4.1-mini',
    streamed: false,
    error: 'RateLimitError',
    errorCode: '429',
  },
  // The last one, because a client may be held up by it: openlit counts the tokens itself, and nothing else happens meanwhile.
  {
    call: 'stream without usage',
    operation: 'chat',
    ...models('gpt-4.1'),
    streamed: true,
    firstChunk: true,
    outputChunks: 3,
    finishReason: 'stop',
  },
]

/** Makes all calls, one after the other. @param {any} client */
export async function makeCalls(client) {
  for (const { call } of TRUTHS) await /** @type {(client: any) => Promise<unknown>} */ (MAKE[call])(client)
}
