/** A mix of operations as a service has them: several models, streamed and not, some failed. The same on every run. */
import { createCapture } from '../dist/src/sdk/capture.js'

/** @typedef {import('../dist/src/operation.js').Operation} Operation */

/**
 * An operation, and what was seen while it ran.
 * @typedef {object} Sample
 * @property {Operation} operation
 * @property {readonly number[]} gapsMs Gaps between the chunks of a stream, each for itself.
 */

const OPENAI = { provider: 'openai', serverAddress: 'api.openai.com', serverPort: 443 }
const ANTHROPIC = { provider: 'anthropic', serverAddress: 'api.anthropic.com', serverPort: 443 }
const GEMINI = { provider: 'gcp.gemini', serverAddress: 'generativelanguage.googleapis.com', serverPort: 443 }

const chat = { operation: 'chat', streamed: false, finishReason: 'stop' }
const stream = { operation: 'chat', streamed: true, finishReason: 'stop' }

/** `weight` of 100 operations; a usage says the most of each that there may be. */
const KINDS = [
  {
    weight: 24,
    base: { ...chat, ...OPENAI, requestModel: 'gpt-4o-mini', responseModel: 'gpt-4o-mini-2024-07-18' },
    serviceTier: 'default',
    usage: { inputTokens: 2400, outputTokens: 600, cacheReadTokens: 1024, reasoningTokens: 0 },
  },
  {
    weight: 22,
    base: { ...stream, ...OPENAI, requestModel: 'gpt-5-mini', responseModel: 'gpt-5-mini-2025-08-07' },
    serviceTier: 'default',
    usage: { inputTokens: 8000, outputTokens: 1500, cacheReadTokens: 4096, reasoningTokens: 900 },
  },
  {
    weight: 10,
    base: { ...stream, ...OPENAI, requestModel: 'gpt-4.1', responseModel: 'gpt-4.1-2025-04-14' },
    serviceTier: 'default',
    usage: { inputTokens: 12_000, outputTokens: 700, cacheReadTokens: 8192, reasoningTokens: 0 },
  },
  {
    weight: 20,
    base: {
      ...stream,
      ...ANTHROPIC,
      requestModel: 'claude-sonnet-4-5',
      responseModel: 'claude-sonnet-4-5-20250929',
      finishReason: 'end_turn',
    },
    usage: { inputTokens: 30_000, outputTokens: 1200, cacheReadTokens: 20_000, cacheWriteTokens: 3000 },
  },
  {
    weight: 10,
    base: {
      ...chat,
      ...GEMINI,
      operation: 'generate_content',
      requestModel: 'gemini-2.5-flash',
      responseModel: 'gemini-2.5-flash',
    },
    usage: { inputTokens: 5000, outputTokens: 900, reasoningTokens: 400 },
  },
  {
    weight: 8,
    base: {
      ...OPENAI,
      operation: 'embeddings',
      requestModel: 'text-embedding-3-small',
      responseModel: 'text-embedding-3-small',
    },
    usage: { inputTokens: 8000 },
  },
  {
    weight: 4,
    base: { ...OPENAI, operation: 'chat', streamed: false, requestModel: 'gpt-4o-mini', retries: 2 },
    error: Object.assign(new Error('429 Rate limit reached for requests'), { name: 'RateLimitError', status: 429 }),
  },
  {
    weight: 2,
    base: { ...ANTHROPIC, operation: 'chat', streamed: true, requestModel: 'claude-sonnet-4-5', retries: 2 },
    error: Object.assign(new Error('529 Overloaded'), { name: 'InternalServerError', status: 529 }),
  },
]

/** Numbers from 0 to 1 that look random and are the same on every run (mulberry32). @param {number} seed */
function createRandom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Operations as the instrumentations make them: begun and ended by the SDK's own capture, on a clock of the bench's.
 * @param {number} count
 * @param {object} [options]
 * @param {number} [options.chunks] Of each stream; 0 where nobody tells of chunks but the first.
 * @param {boolean} [options.isStreamOnly]
 * @param {boolean} [options.isByHand] As recorded by hand in several places, each with the fields it knows.
 * @param {number} [options.first] Number of the first one: operations of other numbers are other operations.
 * @returns {Sample[]}
 */
export function createSamples(count, { chunks = 0, isStreamOnly = false, isByHand = false, first = 0 } = {}) {
  const random = createRandom(first + 1)
  const kinds = KINDS.filter(({ base, error }) => !isStreamOnly || (base.streamed && error === undefined))
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0)
  /** @type {Operation[]} */
  const recorded = []
  const capture = createCapture({
    beginSpan: () => undefined,
    record: (operation) => {
      recorded.push(operation)
    },
  })
  const clock = takeClock()
  try {
    return Array.from({ length: count }, (_, index) => {
      let left = random() * total
      const kind = kinds.find(({ weight }) => {
        left -= weight
        return left < 0
      })
      const gapsMs = runCall(kind ?? kinds[0], first + index, chunks, { capture, clock, random })
      const operation = /** @type {Operation} */ (recorded.pop())
      return { operation: isByHand ? present(operation) : operation, gapsMs }
    })
  } finally {
    clock.release()
  }
}

/** @param {Operation} operation */
function present(operation) {
  return /** @type {Operation} */ (
    Object.fromEntries(Object.entries(operation).filter(([, value]) => value !== undefined))
  )
}

/** A clock that stands until it is moved, in the place of the machine's. */
export function takeClock() {
  const { now: dateNow } = Date
  const performanceNow = performance.now
  let time = 1000
  Date.now = () => 1_780_000_000_000 + Math.floor(time)
  performance.now = () => time
  return {
    /** @param {number} ms */
    advance(ms) {
      time += ms
    },
    release() {
      Date.now = dateNow
      performance.now = performanceNow
    },
  }
}

/**
 * One call from begin to end. Returns the gaps between its chunks.
 * @param {(typeof KINDS)[number] & { responseId?: string }} kind `responseId`: as it was received.
 * @param {number} index
 * @param {number} chunks
 * @param {object} tools
 * @param {Pick<import('../dist/src/sdk/capture.js').Capture, 'begin'>} tools.capture
 * @param {{ advance: (ms: number) => void }} tools.clock
 * @param {() => number} tools.random
 */
export function runCall({ base, usage, error, serviceTier, responseId }, index, chunks, { capture, clock, random }) {
  const { operation, provider, requestModel, streamed, serverAddress, serverPort } = base
  const handle = capture.begin({ operation, provider, requestModel, streamed, serverAddress, serverPort })
  /** @type {number[]} */
  const gapsMs = []
  for (let retry = 0; retry < (base.retries ?? 0); retry++) handle.retry()
  if (streamed && error === undefined) {
    clock.advance(180 + 900 * random())
    handle.firstChunk()
    for (let chunk = 1; chunk < chunks; chunk++) {
      // Between 4 and 90 ms, most of them short: as tokens arrive.
      const gap = 4 + 86 * random() ** 3
      gapsMs.push(gap)
      clock.advance(gap)
      handle.chunk()
    }
  }
  clock.advance(250 + 8000 * random() ** 2)
  const share = 0.3 + 0.7 * random()
  /** @param {number | undefined} most */
  const tokens = (most) => (most === undefined ? undefined : Math.ceil(most * share))
  const fields = {
    responseId: error === undefined ? (responseId ?? `resp-${index}-${Math.floor(random() * 2 ** 31)}`) : undefined,
    responseModel: base.responseModel,
    finishReason: base.finishReason,
    serviceTier,
    usage: usage && {
      inputTokens: tokens(usage.inputTokens),
      outputTokens: tokens(usage.outputTokens),
      cacheReadTokens: tokens(usage.cacheReadTokens),
      cacheWriteTokens: tokens(usage.cacheWriteTokens),
      reasoningTokens: tokens(usage.reasoningTokens),
    },
    cost: undefined,
  }
  if (error === undefined) handle.end(fields)
  else handle.fail(error, fields)
  return gapsMs
}
