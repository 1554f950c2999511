/** Langfuse's observations, as `@langfuse/openai` 5.11.1 really sent them, and as its SDKs let programs write them by hand. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type PlainSpan, START, spanIdOf, tracesRequest } from '../otlp/request.js'
import { normalised, normalisedJson, toldBy } from './normalising.js'

const captured = JSON.parse(readFileSync(new URL('payloads/langfuse-openai-traces.json', import.meta.url), 'utf8'))

test('what its wrapper of the openai client sends: chat, stream, tool call, responses, embeddings, 429, stream without usage', () => {
  const result = normalised(captured)
  const told = result.operations.map((one) => {
    const { operation, provider, requestModel, streamed, usage = {}, cost, error } = one
    const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens } = usage
    const tokens = [inputTokens, outputTokens, cacheReadTokens, reasoningTokens]
    return [operation, provider, requestModel, streamed, tokens, cost?.nanoDollars, error?.type]
  })
  const unknown = [undefined, undefined, undefined, undefined]
  expect(told).toEqual([
    ['chat', 'openai', 'gpt-4o-mini', false, [1200, 340, 1024, 64], 460_000, undefined],
    ['chat', 'openai', 'gpt-4o', true, [2311, 457, 128, 32], 688_100, undefined],
    ['chat', 'openai', 'gpt-4.1-nano', false, [811, 29, 0, 0], 110_100, undefined],
    ['chat', 'openai', 'o4-mini', false, [1501, 613, 256, 512], 763_100, undefined],
    ['embeddings', 'openai', 'text-embedding-3-small', false, unknown, undefined, undefined],
    ['chat', 'openai', 'gpt-4.1-mini', false, unknown, undefined, '_OTHER'],
    ['chat', 'openai', 'gpt-4.1', true, unknown, undefined, undefined],
  ])
  expect(result.operations.map(({ timeToFirstChunkMs }) => timeToFirstChunkMs)).toEqual([
    undefined,
    36,
    undefined,
    undefined,
    undefined,
    undefined,
    expect.any(Number),
  ])
  expect(toldBy(result)).toEqual({ langfuse: [7, 0, 0] })
  expect(result.operations[5]?.error?.message).toBe('Error: 429 Emulated error 429.')
  expect(JSON.stringify(normalisedJson(captured).operations)).toBe(JSON.stringify(result.operations))
  expect(JSON.stringify(result.operations)).not.toMatch(/SECRET|word word/)
})

const observation = (attributes: PlainSpan['attributes'], more: Partial<PlainSpan> = {}): PlainSpan => ({
  spanId: spanIdOf(1),
  start: START,
  durationMs: 100,
  attributes: { 'langfuse.observation.type': 'generation', ...attributes },
  ...more,
})
const only = (span: PlainSpan) => {
  const { operations } = normalised(tracesRequest([span]))
  expect(operations).toHaveLength(1)
  return operations[0]!
}

test('counts of parts are added up, and what cannot be read is unknown', () => {
  const f = (details: unknown, input?: number, output?: number, cacheRead?: number, cacheWrite?: number) => {
    const text = typeof details === 'string' ? details : JSON.stringify(details)
    const { usage } = only(observation({ 'langfuse.observation.usage_details': text }))
    const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage ?? {}
    expect([inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens]).toEqual([
      input,
      output,
      cacheRead,
      cacheWrite,
    ])
  }
  f({ input: 10, output: 5, total: 15 }, 10, 5)
  f({ input: 10, output: 5 }, 10, 5)
  f({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, 10, 5)
  f({ input: 10, input_cached_tokens: 20, output: 5, output_reasoning_tokens: 4 }, 30, 9, 20)
  f({ input: 10, cache_read_input_tokens: 20, cache_creation_input_tokens: 3, output: 5 }, 33, 5, 20, 3)
  // Parts that overlap: 1,000 cached ones are 900 of an image and 300 of text.
  f(
    { input: 0, input_cached_tokens: 1000, input_image_tokens: 900, input_text_tokens: 300, output: 5, total: 1205 },
    1200,
    5,
    1000,
  )
  f({ input: 10 }, 10)
  f({})
  f({ input: 'many', output: null })
  f('{"input":10,"out')
  f('[1]')
  f('null')
})

test('costs that are told count, those of nothing are unknown', () => {
  const f = (details: object, nanoDollars?: number) =>
    expect(only(observation({ 'langfuse.observation.cost_details': JSON.stringify(details) })).cost?.nanoDollars).toBe(
      nanoDollars,
    )
  f({ input: 0.001, output: 0.002, total: 0.003 }, 3_000_000)
  f({ input: 0, output: 0, total: 0 })
})

test('types of observations are operations or steps, and the conventions go first', () => {
  const f = (type: string, told: unknown, attributes: PlainSpan['attributes'] = {}) => {
    const span = observation({ ...attributes, 'langfuse.observation.type': type }, { name: 'look up' })
    const result = normalised(tracesRequest([span]))
    const { operation, toolName, agentName } = result.operations[0] ?? {}
    expect([toldBy(result), operation, toolName, agentName]).toEqual(told)
  }
  const mine = { langfuse: [1, 0, 0] }
  f('generation', [mine, 'chat', undefined, undefined])
  f('embedding', [mine, 'embeddings', undefined, undefined])
  f('tool', [mine, 'execute_tool', 'look up', undefined])
  f('agent', [mine, 'invoke_agent', undefined, 'look up'])
  f('retriever', [mine, 'retrieval', undefined, undefined])
  f('span', [{ langfuse: [0, 1, 0] }, undefined, undefined, undefined])
  f('chain', [{ langfuse: [0, 1, 0] }, undefined, undefined, undefined])
  f('generation', [{ opentelemetry: [1, 0, 0] }, 'text_completion', undefined, undefined], {
    'gen_ai.operation.name': 'text_completion',
  })
})

test("a call that the client's own span tells as well, which is not inside, is one", () => {
  const usage = JSON.stringify({ input: 11, output: 7, total: 18 })
  const told = observation(
    { 'langfuse.observation.model.name': 'gpt-4o-2024-08-06', 'langfuse.observation.usage_details': usage },
    { traceId: 'a'.repeat(32) },
  )
  const client = (requestModel: string, responseModel: string): PlainSpan => ({
    traceId: 'b'.repeat(32),
    spanId: spanIdOf(2),
    start: START + 1,
    durationMs: 90,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': requestModel,
      'gen_ai.response.model': responseModel,
      'gen_ai.usage.input_tokens': 11,
    },
  })
  const f = (other: PlainSpan, models: readonly string[]) => {
    const request = tracesRequest([told], { scope: 'langfuse-sdk' })
    request.resourceSpans[0]!.scopeSpans.push(...tracesRequest([other]).resourceSpans[0]!.scopeSpans)
    expect(normalised(request).operations.map(({ requestModel }) => requestModel)).toEqual(models)
  }
  f(client('gpt-4o', 'gpt-4o-2024-08-06'), ['gpt-4o'])
  f(client('gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'), ['gpt-4o-2024-08-06'])
  f(client('gpt-4o', 'gpt-4o-2024-11-20'), ['gpt-4o-2024-08-06', 'gpt-4o'])
})
