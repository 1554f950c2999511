/** What tokmeter's own SDK sends comes out as it went in: its ids, its costs, its hashes. */
import { type Operation, operationAttributes } from 'tokmeter/core'
import { expect, test } from 'vitest'
import { SELECTIONS } from '../../../src/collector/normalise/dialects.js'
import { decode } from '../../../src/collector/otlp/decode.js'
import { start } from '../../../src/index.js'
import { OtlpServer } from '../../sdk/otlp-server.js'
import { type PlainAttributes, START, TRACE_ID, tracesRequest } from '../otlp/request.js'
import { fieldsOf, normalised, normaliserOf, toldBy } from './normalising.js'

const HASH = '0123456789abcdef0123456789abcdef'

const whole: Operation = {
  operation: 'chat',
  provider: 'OpenAI-compatible',
  requestModel: 'gpt-4o',
  responseModel: 'gpt-4o-2024-08-06',
  startTime: START + 0.5,
  durationMs: 1234.5,
  timeToFirstChunkMs: 250,
  outputChunks: 12,
  outputChunkGaps: [12.5, 8, 60, 3],
  streamed: true,
  usage: {
    inputTokens: 1000,
    outputTokens: 50,
    cacheReadTokens: 600,
    cacheWriteTokens: 100,
    cacheWrite1hTokens: 40,
    reasoningTokens: 20,
    inputByModality: { audio: 10 },
  },
  cost: { nanoDollars: 123_456_789, source: 'override', version: 'custom@1a2b3c4d' },
  error: { type: 'RateLimitError', code: '429', message: 'slow down' },
  finishReason: 'stop',
  toolName: 'search',
  toolType: 'function',
  agentName: 'helper',
  workflowName: 'nightly',
  inferenceCalls: 3,
  toolCalls: 2,
  serverAddress: 'api.openai.com',
  serverPort: 443,
  retries: 1,
  responseId: 'chatcmpl-1',
  conversationId: HASH,
  userId: HASH,
  tags: { team: 'blue', attempt: 2, beta: true },
}

test.each(['http/protobuf', 'http/json'] as const)('events by %s, as the SDK really sends them', async (protocol) => {
  const server = await OtlpServer.listen()
  const tokmeter = start({
    serviceName: 'shop',
    otlp: { url: server.url, protocol },
    hashIdentities: false,
    registerGlobally: false,
  })
  try {
    const recorded: Operation[] = []
    tokmeter.subscribe((operation) => {
      recorded.push(operation)
    })
    tokmeter.record(whole)
    tokmeter.record({ operation: 'embeddings', provider: 'openai', requestModel: 'e', startTime: START, durationMs: 3 })
    tokmeter.record({ operation: 'my own', startTime: START, durationMs: 0 })
    await tokmeter.forceFlush()
    const { body } = server.requests.find(({ path }) => path === '/v1/logs')!
    const encoding = protocol === 'http/json' ? 'json' : 'protobuf'
    const result = normaliserOf()(decode('logs', encoding, body, SELECTIONS))
    expect(toldBy(result)).toEqual({ tokmeter: [3, 0, 0] })
    expect(recorded).toHaveLength(3)
    expect(recorded[0]).toMatchObject({ cost: { nanoDollars: 123_456_789 } })
    const { service: _, ...first } = (fieldsOf(result.operations) as { [field: string]: unknown }[])[0]!
    expect({ ...first }).toEqual((fieldsOf(recorded) as object[])[0])
    expect(
      result.operations.map(({ id, startTime, durationMs, operation, service }) => ({
        id,
        startTime,
        durationMs,
        operation,
        service,
      })),
    ).toEqual(
      recorded.map(({ id, startTime, durationMs, operation }) => ({
        id,
        startTime,
        durationMs,
        operation,
        service: 'shop',
      })),
    )
    const metrics = server.requests.find(({ path }) => path === '/v1/metrics')!
    expect(decode('metrics', encoding, metrics.body).count).toBeGreaterThan(10)
  } finally {
    await tokmeter.shutdown()
    await server.close()
  }
})

test('a span and the event of one operation are one, and an SDK that does not hash is hashed here', () => {
  const span = (operation: Operation) => {
    const { 'tokmeter.operation.duration_ms': _, ...attributes } = operationAttributes(operation) as PlainAttributes & {
      [name: string]: never
    }
    return tracesRequest([{ start: START + 0.5, durationMs: 1234.5, attributes }], { scope: 'tokmeter' })
  }
  const id = `${TRACE_ID}-0000000000000001`
  expect(fieldsOf(normalised(span(whole)).operations)).toEqual([
    { ...whole, id, traceId: TRACE_ID, spanId: '0000000000000001', sampled: true, service: 'shop' },
  ])
  expect(normalised(span({ ...whole, userId: 'somebody', conversationId: undefined })).operations).toMatchObject([
    { userId: 'hash of somebody', conversationId: undefined },
  ])
})

test('an operation without a cost is priced, one of unknown usage is not', () => {
  const f = (operation: Operation, cost: unknown) => {
    const attributes = operationAttributes(operation) as PlainAttributes
    expect(normalised(tracesRequest([{ attributes }], { scope: 'tokmeter' })).operations[0]?.cost).toEqual(cost)
  }
  f(
    { operation: 'chat', usage: { inputTokens: 2, outputTokens: 1 } },
    { nanoDollars: 1200, source: 'catalogue', version: 'test' },
  )
  f({ operation: 'chat' }, undefined)
  f(
    { operation: 'chat', usage: { inputTokens: 2 }, cost: { nanoDollars: 0, source: 'provider' } },
    { nanoDollars: 0, source: 'provider', version: undefined },
  )
})
