/** What is true of the operations of the AI SDK's calls: those of agents are its functions. */
import { models, TOKENS, usageOf } from '../calls.js'

/** @typedef {import('../calls.js').Truth} Truth */

const { responseModel: _none, ...failing } = models('gpt-4.1-mini')
const failed = { error: 'AI_APICallError', errorCode: '429' }
const whole = { operation: 'chat', streamed: false }

/** @type {readonly Truth[]} */
export const CHAT = [
  { call: 'chat', ...whole, ...models('gpt-4o-mini'), ...usageOf(TOKENS.chat), finishReason: 'stop' },
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
  { call: 'error', ...whole, ...failing, ...failed },
]

/** A tool's call, the tool, and the answer. @type {readonly Truth[]} */
export const TOOL_AND_EMBEDDING = [
  { call: 'tool', ...whole, ...models('gpt-4.1-nano'), ...usageOf(TOKENS.tool), finishReason: 'tool-calls' },
  { call: 'tool', operation: 'execute_tool', streamed: false, toolName: 'weather' },
  { call: 'tool', ...whole, ...models('gpt-4.1-nano'), ...usageOf(TOKENS.tool), finishReason: 'stop' },
  {
    call: 'embeddings',
    operation: 'embeddings',
    ...models('text-embedding-3-small'),
    streamed: false,
    inputTokens: TOKENS.embeddings.input,
  },
]

/** @param {string} requestModel */
const agent = (requestModel) => ({ operation: 'invoke_agent', provider: 'openai', requestModel, streamed: false })
const { chat, stream, tool } = TOKENS
const bothSteps = { input: 2 * tool.input, output: 2 * tool.output, cached: 2 * tool.cached, reasoning: 0 }

/** The functions that call a model, which tell the tokens of all calls inside. @type {readonly Truth[]} */
export const AGENTS = [
  { call: 'agent', ...agent('gpt-4o-mini'), ...usageOf(chat), finishReason: 'stop' },
  { call: 'agent', ...agent('gpt-4o'), ...usageOf(stream), finishReason: 'stop' },
  { call: 'agent', ...agent('gpt-4.1-mini'), ...failed },
]

/** @type {readonly Truth[]} */
export const TOOL_AGENT = [{ call: 'agent', ...agent('gpt-4.1-nano'), ...usageOf(bothSteps), finishReason: 'stop' }]

/**
 * With the `openai` client below: the calls as that one tells them, and the AI SDK's functions around them, which still tell what the
 * client's span leaves out.
 * @type {readonly Truth[]}
 */
export const NESTED = [...CHAT, ...AGENTS].map(nested)

/** @param {Truth} truth @returns {Truth} */
function nested(truth) {
  if (truth.operation === 'chat') return truth.error === undefined ? truth : { ...truth, error: 'RateLimitError' }
  return truth.error === undefined ? truth : { ...truth, error: 'Error', errorCode: undefined }
}
