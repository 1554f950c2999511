import fc from 'fast-check'
import type { Cost, Operation, OperationError, Usage } from 'tokmeter/core'
import { expect, test } from 'vitest'
import { decodeOperations, encodeOperations } from '../../src/collector/queue/operation-codec.js'

// Required: the compiler tells when an operation has a field that is not among these, and so may be missing in the codec.
const usage: Required<Usage> = {
  inputTokens: 1000,
  outputTokens: 200,
  cacheReadTokens: 512,
  cacheWriteTokens: 64,
  cacheWrite1hTokens: 32,
  reasoningTokens: 128,
  inputByModality: { text: 900, audio: 100 },
  outputByModality: { text: 200 },
  cacheReadByModality: { image: 12 },
}
const cost: Required<Cost> = { nanoDollars: 4_500_000, source: 'catalogue', version: 'genai-prices@0.1.8' }
const error: Required<OperationError> = { type: 'RateLimitError', code: '429', message: 'slow down, günther 🐢' }
const whole: { readonly [field in keyof Required<Operation>]: NonNullable<Operation[field]> } = {
  id: 'an-id',
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  responseModel: 'gpt-4o-2024-08-06',
  startTime: 1_763_791_200_000.25,
  durationMs: 812.5,
  timeToFirstChunkMs: 210,
  outputChunks: 40,
  outputChunkGaps: [12.5, 3, 40, 1],
  streamed: true,
  usage,
  cost,
  error,
  finishReason: 'stop',
  toolName: 'search',
  toolType: 'function',
  agentName: 'planner',
  workflowName: 'onboarding',
  inferenceCalls: 3,
  toolCalls: 2,
  serverAddress: 'api.openai.com',
  serverPort: 443,
  retries: 1,
  serviceTier: 'default',
  responseId: 'chatcmpl-1',
  service: 'chat-api',
  environment: 'production',
  region: 'eu-west-1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  sampled: false,
  conversationId: 'c0ffee',
  userId: 'feed',
  tags: { team: 'search', paid: true, share: 0.5 },
}

test('an operation with every field comes back as it was', () => {
  expect(decodeOperations(encodeOperations([whole]))).toEqual([whole])
})

test('what is absent stays absent, and zero and false and empty stay what they are', () => {
  const operations = [
    { id: '1', operation: 'chat', startTime: 0 },
    { id: '', operation: '', startTime: 1, durationMs: 0, streamed: false, usage: {}, tags: {}, requestModel: '' },
  ]
  expect(decodeOperations(encodeOperations(operations))).toStrictEqual(operations)
})

const text = fc.oneof(fc.constantFrom('gpt-4o', 'openai', 'stop'), fc.string({ unit: 'binary' }))
const operations = fc.array(
  fc.record(
    {
      id: text,
      operation: text,
      startTime: fc.double({ noNaN: true }),
      requestModel: text,
      streamed: fc.boolean(),
      durationMs: fc.double(),
      traceId: text,
      spanId: text,
      usage: fc.record({ inputTokens: fc.nat(), reasoningTokens: fc.nat() }, { requiredKeys: [] }),
      cost: fc.record({ nanoDollars: fc.maxSafeInteger(), source: fc.constant('provider' as const) }),
      error: fc.record({ type: text, message: text }, { requiredKeys: ['type'] }),
      tags: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.double())),
    },
    { requiredKeys: ['id', 'operation', 'startTime'] },
  ),
)

test('any operations come back as they were, with whatever fields', () => {
  fc.assert(
    fc.property(operations, (written) => {
      const withSpanIds = written.map((one, index) =>
        index % 2 === 0
          ? one
          : { ...one, traceId: 'a'.repeat(32), spanId: `b${index}`, id: `${'a'.repeat(32)}-b${index}` },
      )
      expect(decodeOperations(encodeOperations(withSpanIds))).toEqual(withSpanIds)
    }),
  )
})

test('a tag may have any name', () => {
  const tags = JSON.parse('{"__proto__":"a","constructor":1,"toString":false,"":""}')
  const [read] = decodeOperations(encodeOperations([{ id: '1', operation: 'chat', startTime: 1, tags }])) ?? []
  expect(JSON.stringify(read?.tags)).toBe(JSON.stringify(tags))
  expect(Object.getPrototypeOf(read?.tags)).toBe(Object.prototype)
})

test('bytes that are not those written are no operations', () => {
  const bytes = encodeOperations([whole, whole])
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, difference) => {
      const damaged = Buffer.from(bytes)
      damaged[at] = damaged[at]! ^ difference
      expect(decodeOperations(damaged)).toBeUndefined()
    }),
  )
  for (const length of [0, 7, 8, 40, bytes.length - 1]) {
    expect(decodeOperations(bytes.subarray(0, length))).toBeUndefined()
  }
})

test('a value of the wrong type is not written', () => {
  const wrong = (fields: object) => () =>
    encodeOperations([{ id: '1', operation: 'chat', startTime: 1, ...fields } as never])
  expect(wrong({ requestModel: 4 })).toThrow('a text is expected; got number')
  expect(wrong({ traceId: null })).toThrow('a text is expected; got object')
  expect(wrong({ durationMs: '4' })).toThrow('a number is expected; got string')
})
