/** Operations for the tests of the store: ordinary ones, and arbitrary ones for fast-check. */
import fc from 'fast-check'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'

/** Noon of a day in the past: in range of every default retention while the tests are younger than that. */
export const NOON = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 43_200_000

/** `operation` without what is undefined: as it comes back from the store. */
export function compact<T extends object>(operation: T): T {
  return JSON.parse(JSON.stringify(operation))
}

let made = 0

/** An ordinary chat of its own id; `fields` change it. */
export function chat(fields: Partial<IdentifiedOperation> = {}): IdentifiedOperation {
  made++
  return {
    id: `chat-${made}`,
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    responseModel: 'gpt-4o-2024-08-06',
    startTime: NOON + made,
    durationMs: 800.25,
    streamed: false,
    usage: { inputTokens: 1000, outputTokens: 50 },
    cost: { nanoDollars: 3_000_000, source: 'catalogue', version: 'genai-prices@0.1.8' },
    service: 'api',
    ...fields,
  }
}

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => text !== '')
const oddText = fc.constantFrom(
  "it's",
  '\\N',
  '\\',
  'a\tb',
  'line\nbreak',
  '\r',
  '\0',
  '"',
  '{}',
  "['",
  'é😀',
  '\b\f',
  ' ',
)
const text = fc.oneof(anyText, oddText)
const count = fc.oneof(fc.nat({ max: 5000 }), fc.constantFrom(0, 1, 2, 4, 1024, 1e12))
const milliseconds = fc.oneof(
  fc.double({ min: 0, max: 1e10, noNaN: true }).map((value) => value + 0),
  fc.constantFrom(0, 0.5, 800.25, 1e10),
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const few = (...names: string[]) => maybe(fc.constantFrom(...names))
const byModality = maybe(
  fc
    .record({ text: maybe(count), image: maybe(count), audio: maybe(count) })
    .filter((tokens) => Object.keys(compact(tokens)).length > 0),
)
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })

/** Any operation that a clean one may be; names repeat, so that rollups have something to add up. */
export const anyOperation: fc.Arbitrary<IdentifiedOperation> = fc
  .record({
    id: fc.uuid(),
    hasSpan: fc.boolean(),
    operation: fc.oneof(fc.constantFrom('chat', 'embeddings', 'execute_tool'), text),
    provider: few('openai', 'anthropic'),
    requestModel: few('gpt-4o', 'claude-fable-5'),
    responseModel: maybe(text),
    // Microseconds are what is kept.
    startTime: fc.oneof(
      fc.nat({ max: 86_400_000 }).map((offset) => NOON - offset + 0.125),
      fc.constantFrom(0, 1, 59_999, 9e12, NOON, NOON + 43_200_000 - 0.001),
    ),
    durationMs: maybe(milliseconds),
    timeToFirstChunkMs: maybe(milliseconds),
    outputChunks: maybe(count),
    outputChunkGaps: maybe(
      fc.array(fc.tuple(milliseconds, count), { minLength: 1, maxLength: 2 }).map((groups) => groups.flat()),
    ),
    streamed: maybe(fc.boolean()),
    usage: maybe(
      fc
        .record({
          inputTokens: maybe(count),
          outputTokens: maybe(count),
          cacheReadTokens: maybe(count),
          cacheWriteTokens: maybe(count),
          cacheWrite1hTokens: maybe(count),
          reasoningTokens: maybe(count),
          inputByModality: byModality,
          outputByModality: byModality,
          cacheReadByModality: byModality,
        })
        .filter((usage) => Object.keys(compact(usage)).length > 0),
    ),
    cost: maybe(
      fc.record({
        nanoDollars: fc.oneof(fc.nat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER)),
        source: fc.constantFrom('provider' as const, 'catalogue' as const, 'override' as const),
        version: maybe(text),
      }),
    ),
    error: maybe(fc.record({ type: fc.oneof(fc.constant('timeout'), text), code: maybe(text), message: maybe(text) })),
    finishReason: maybe(text),
    toolName: few('search', 'browse'),
    toolType: maybe(text),
    agentName: few('planner'),
    workflowName: maybe(text),
    inferenceCalls: maybe(count),
    toolCalls: maybe(count),
    serverAddress: maybe(text),
    serverPort: maybe(count),
    retries: maybe(count),
    serviceTier: maybe(text),
    responseId: maybe(text),
    service: few('api', 'batch'),
    environment: few('production'),
    region: maybe(text),
    traceId: hex(32),
    spanId: hex(16),
    sampled: maybe(fc.boolean()),
    conversationId: maybe(hex(32)),
    userId: maybe(hex(32)),
    tags: maybe(
      fc.dictionary(
        text,
        fc.oneof(text, fc.constant(''), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true })),
        {
          minKeys: 1,
          maxKeys: 3,
          noNullPrototype: true,
        },
      ),
    ),
  })
  .map(({ hasSpan, id, traceId, spanId, ...fields }) =>
    compact({ ...fields, ...(hasSpan ? { id: `${traceId}-${spanId}`, traceId, spanId } : { id }) }),
  )
