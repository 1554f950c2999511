/** The instrumentations that are run live: where each is, what is true of the calls it is given, and, in words, what it does not tell. */
import { AGENTS, CHAT, NESTED, TOOL_AGENT, TOOL_AND_EMBEDDING } from './ai-sdk/truths.js'
import { TRUTHS } from './calls.js'

/** @typedef {import('./calls.js').Truth} Truth */

/**
 * A difference between what is true and what an instrumentation tells.
 * @typedef {object} Difference
 * @property {string} words
 * @property {readonly string[]} [calls] Default: all.
 * @property {readonly (keyof Truth)[]} [leavesOut]
 * @property {Partial<Truth>} [tells] In place of the truth.
 * @property {true} [isAbsent] The calls are not told at all.
 */

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {string} folder Of `client.js`, below this one.
 * @property {string} [packages] Where it is installed, when that is elsewhere.
 * @property {readonly string[]} tested Packages whose versions are shown.
 * @property {readonly string[]} [args] For `client.js`.
 * @property {boolean} [isRegistered] Whether tokmeter observes it, from outside.
 * @property {boolean} [isShort] Whether it is run at the short setting.
 * @property {string} sends
 * @property {readonly Truth[]} truths
 * @property {readonly Difference[]} differences
 */

/** @type {readonly (keyof Truth)[]} */
const TOKENS = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'reasoningTokens']
/** @type {readonly (keyof Truth)[]} */
const DETAILS = ['cacheReadTokens', 'reasoningTokens']

const NO_CHUNKS = {
  words: 'the number of chunks',
  leavesOut: /** @type {const} */ (['outputChunks']),
}
const NO_CODE = { words: 'the HTTP status of failures', leavesOut: /** @type {const} */ (['errorCode']) }
const NO_DETAILS = { words: 'cached and reasoning tokens', leavesOut: DETAILS }
const NO_STREAMS = {
  words: 'which calls are streams',
  calls: ['stream', 'stream without usage'],
  leavesOut: /** @type {const} */ (['firstChunk']),
  // Unknown is no: there is no third.
  tells: { streamed: false },
}
const NO_FIRST_CHUNK = { words: 'the time to the first chunk', leavesOut: /** @type {const} */ (['firstChunk']) }
const NO_RESPONSE_MODEL = { words: 'the model that answered', leavesOut: /** @type {const} */ (['responseModel']) }
const NO_FAILURES = {
  words: 'failed calls, whose spans never end',
  calls: ['error'],
  isAbsent: /** @type {const} */ (true),
}
const EMBEDDINGS_WITHOUT_TOKENS = { words: 'the tokens of embeddings', calls: ['embeddings'], leavesOut: TOKENS }
const CONTRIB = [NO_DETAILS, NO_STREAMS, NO_CHUNKS, NO_CODE]
const OWN_WORD = {
  words: 'the status of a response, but a reason of its own, stop',
  calls: ['responses'],
  tells: { finishReason: 'stop' },
}

/** @type {readonly Client[]} */
export const CLIENTS = [
  {
    name: 'tokmeter',
    folder: 'tokmeter',
    tested: ['openai'],
    isRegistered: true,
    isShort: true,
    sends: 'log records and metrics, protobuf; told the endpoint alone',
    truths: TRUTHS,
    differences: [],
  },
  {
    name: 'contrib',
    folder: 'contrib',
    tested: ['@opentelemetry/instrumentation-openai', 'openai'],
    isShort: true,
    sends: 'spans, log records and metrics, gzipped protobuf',
    truths: TRUTHS,
    differences: [...CONTRIB, OWN_WORD],
  },
  {
    name: 'traceloop',
    folder: 'traceloop',
    tested: ['@traceloop/instrumentation-openai', 'openai'],
    isShort: true,
    sends: 'spans, JSON',
    truths: TRUTHS,
    differences: [
      NO_DETAILS,
      NO_STREAMS,
      NO_CHUNKS,
      NO_FAILURES,
      OWN_WORD,
      { words: 'embeddings', calls: ['embeddings'], isAbsent: true },
      { words: 'the tokens of streams', calls: ['stream'], leavesOut: TOKENS },
      { words: 'tool_calls, but tool_call', calls: ['tool'], tells: { finishReason: 'tool_call' } },
    ],
  },
  {
    name: 'openinference',
    folder: 'openinference',
    tested: ['@arizeai/openinference-instrumentation-openai', 'openai'],
    isShort: true,
    sends: 'spans, protobuf',
    truths: TRUTHS,
    differences: [
      NO_RESPONSE_MODEL,
      NO_FIRST_CHUNK,
      NO_CHUNKS,
      NO_FAILURES,
      EMBEDDINGS_WITHOUT_TOKENS,
      { words: 'the tokens of streams', calls: ['stream'], leavesOut: TOKENS },
      { words: 'the status of a response', calls: ['responses'], leavesOut: ['finishReason'] },
    ],
  },
  {
    name: 'openlit',
    folder: 'openlit',
    packages: '../../bench/rivals/openlit/',
    tested: ['openlit', 'openai'],
    sends: 'spans, log records and metrics, JSON, by exporters of its own',
    truths: TRUTHS,
    differences: [
      NO_CHUNKS,
      NO_CODE,
      { words: 'the model that answered, of embeddings', calls: ['embeddings'], leavesOut: ['responseModel'] },
      { words: 'reasoning tokens of chats', calls: ['chat', 'stream', 'tool'], leavesOut: ['reasoningTokens'] },
      { words: 'cached tokens that are 0', calls: ['tool'], leavesOut: ['cacheReadTokens'] },
      {
        words: 'that a stream without usage has none: it guesses the tokens',
        calls: ['stream without usage'],
        tells: { inputTokens: 2, outputTokens: 4 },
      },
      {
        words: 'costs but those of its own list, in force for what it lists',
        calls: ['chat'],
        tells: { costNanoDollars: 1_880_000, costSource: 'provider' },
      },
      { words: 'tools run, but the tool that a chat asks for', calls: ['tool'], tells: { toolName: 'weather' } },
    ],
  },
  {
    name: 'langfuse',
    folder: 'langfuse',
    tested: ['@langfuse/openai', '@langfuse/otel', 'openai'],
    isShort: true,
    sends: 'spans, gzipped JSON',
    truths: TRUTHS,
    differences: [
      NO_RESPONSE_MODEL,
      NO_CHUNKS,
      NO_CODE,
      EMBEDDINGS_WITHOUT_TOKENS,
      { words: 'why answers ended', leavesOut: ['finishReason'] },
      { words: 'the type of failures', calls: ['error'], tells: { error: '_OTHER' } },
    ],
  },
  {
    name: 'langfuse and contrib',
    folder: 'langfuse',
    tested: ['@langfuse/openai', '@opentelemetry/instrumentation-openai', 'openai'],
    args: ['--contrib'],
    isShort: true,
    sends: "spans of both, gzipped JSON: each call is counted once, by the client's span",
    truths: TRUTHS,
    differences: [...CONTRIB, OWN_WORD],
  },
  {
    name: 'ai-sdk',
    folder: 'ai-sdk',
    tested: ['@ai-sdk/otel', 'ai', '@ai-sdk/openai'],
    sends: 'spans, gzipped JSON',
    truths: [...AGENTS, TOOL_AGENT[0], ...CHAT, ...TOOL_AND_EMBEDDING],
    differences: [
      NO_CHUNKS,
      { words: 'reasoning tokens', leavesOut: ['reasoningTokens'] },
      { words: 'the model that answered, of embeddings', calls: ['embeddings'], leavesOut: ['responseModel'] },
    ],
  },
  {
    name: 'ai-sdk, spans of before',
    folder: 'ai-sdk',
    tested: ['@ai-sdk/otel', 'ai', '@ai-sdk/openai'],
    args: ['--legacy'],
    sends: 'spans, gzipped JSON',
    truths: [...CHAT, ...TOOL_AND_EMBEDDING],
    differences: [
      NO_CHUNKS,
      NO_CODE,
      { words: 'the model that answered, of embeddings', calls: ['embeddings'], leavesOut: ['responseModel'] },
    ],
  },
  {
    name: 'ai-sdk and contrib',
    folder: 'ai-sdk',
    tested: ['@ai-sdk/otel', 'ai', '@opentelemetry/instrumentation-openai', 'openai'],
    args: ['--nested'],
    isShort: true,
    sends: "spans of both, gzipped JSON: each call is counted once, by the client's span",
    truths: NESTED,
    differences: [
      ...CONTRIB.map((one) => ({ calls: ['chat', 'stream', 'error'], ...one })),
      { words: 'reasoning tokens of agents', calls: ['agent'], leavesOut: ['reasoningTokens'] },
    ],
  },
]

/** What an instrumentation tells of its calls. @param {Client} client @returns {Truth[]} */
export function told({ truths, differences }) {
  return truths.flatMap((truth) => {
    const mine = differences.filter(({ calls }) => calls === undefined || calls.includes(truth.call))
    if (mine.some(({ isAbsent }) => isAbsent)) return []
    const copy = { ...truth }
    for (const { leavesOut = [], tells = {} } of mine) {
      for (const field of leavesOut) delete copy[field]
      Object.assign(copy, tells)
    }
    return [copy]
  })
}
