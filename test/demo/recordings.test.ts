import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isContent } from '../../demo/expected.js'
import { defaultRecordings, expected, loadRecordings, MODELS, recordingByModel } from '../../demo/recordings.js'

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const shared = folder('../../../shared/recordings')

test('says what a meter must count from a whole answer', () => {
  expect(expected('openai-text.json')).toEqual({
    operation: 'chat',
    provider: 'openai',
    responseModel: 'gpt-4.1-nano-2025-04-14',
    responseId: 'chatcmpl-D8Z5f52zQqikDBEKQMQoYcWMcWPeU',
    serviceTier: 'default',
    usage: {
      inputTokens: 16,
      outputTokens: 363,
      cacheReadTokens: 0,
      reasoningTokens: 0,
      inputByModality: { audio: 0 },
      outputByModality: { audio: 0 },
    },
    finishReason: 'stop',
  })
  expect(expected('openai-embedding.json')).toEqual({
    operation: 'embeddings',
    provider: 'openai',
    responseModel: 'text-embedding-3-small',
    usage: { inputTokens: 12 },
  })
})

test('says what a meter must count from a stream', () => {
  const f = (name: string, chunks: number, inputTokens: number, outputTokens: number, finishReason: string) => {
    const { usage, ...rest } = expected(name)
    expect([rest.chunks, usage?.inputTokens, usage?.outputTokens, rest.finishReason]).toEqual([
      chunks,
      inputTokens,
      outputTokens,
      finishReason,
    ])
  }
  f('openai-text.chunks.txt', 300, 16, 300, 'stop')
  f('openai-phase.1.chunks.txt', 4, 7112, 463, 'completed')
  f('openai-custom-tool.1.chunks.txt', 3, 50, 20, 'completed')
  // The first chunk of Azure names no model and has no choices.
  f('azure-model-router.1.chunks.txt', 4, 15, 78, 'stop')
  // Usage stands in `x_groq`, and content is null in the first chunk.
  f('groq-tool-call.chunks.txt', 1, 210, 15, 'tool_calls')
  // Content is a list of parts; usage is in the last chunk, which has a choice.
  f('mistral-reasoning.chunks.txt', 3, 10, 46, 'stop')
  // The file holds four responses.
  f('openai-reasoning-encrypted-content.1.chunks.txt', 45, 134, 28, 'completed')
  f('openai-reasoning-encrypted-content.1.chunks.txt#4', 8, 299, 12, 'completed')
  f('anthropic-text.chunks.txt', 6, 12, 30, 'end_turn')
  f('anthropic-refusal.chunks.txt', 0, 18, 5, 'refusal')
  // Of three deltas one is empty.
  f('anthropic-tool-no-args.chunks.txt', 2, 565, 48, 'tool_use')
})

test('Anthropic’s counts are cumulative, and its input counts come without the cached ones', () => {
  expect(expected('anthropic-code-execution-20260120-prompt-cache.1.chunks.txt').usage).toEqual({
    inputTokens: 6 + 3337 + 6289,
    outputTokens: 198,
    cacheReadTokens: 6289,
    cacheWriteTokens: 3337,
    cacheWrite1hTokens: 0,
    reasoningTokens: 0,
  })
})

test('errors are as the provider states them', () => {
  expect(expected('openai-error.1.json').error).toMatchObject({ status: 429, code: 'insufficient_quota' })
  const inStream = expected('openai-error.1.chunks.txt')
  expect(inStream.error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota' })
  expect([inStream.chunks, inStream.finishReason, inStream.usage]).toEqual([0, undefined, undefined])
})

test('what was not asked for or did not arrive is unknown, not zero', () => {
  expect(expected('openai-text.chunks.txt', { includeUsage: false }).usage).toBeUndefined()
  const cut = expected('openai-text.chunks.txt', { afterChunks: 7 })
  expect([cut.chunks, cut.usage, cut.finishReason]).toEqual([7, undefined, undefined])
  const anthropic = expected('anthropic-text.chunks.txt', { afterChunks: 0 })
  expect([anthropic.chunks, anthropic.usage?.inputTokens, anthropic.usage?.outputTokens]).toEqual([0, 12, 1])
  const responses = expected('openai-phase.1.chunks.txt', { afterChunks: 1 })
  expect([responses.chunks, responses.serviceTier, responses.usage]).toEqual([1, undefined, undefined])
})

test('only content makes a chunk content-bearing', () => {
  const f = (api: Parameters<typeof isContent>[0], event: unknown, isIt: boolean) =>
    expect([event, isContent(api, event)]).toEqual([event, isIt])
  const choice = (delta: object) => ({ choices: [{ index: 0, delta }] })
  f('chat', choice({ role: 'assistant', content: '' }), false)
  f('chat', choice({}), false)
  f('chat', { usage: {} }, false)
  f('chat', choice({ refusal: 'No' }), true)
  f('chat', choice({ reasoning_content: 'Hm' }), true)
  f('chat', choice({ audio: { id: 'a' } }), true)
  const block = (delta: object) => ({ type: 'content_block_delta', delta })
  f('messages', block({ type: 'signature_delta', signature: 'x' }), false)
  f('messages', block({ type: 'input_json_delta', partial_json: '' }), false)
  f('messages', block({ type: 'citations_delta', citation: { type: 'page_location' } }), true)
  f('messages', { type: 'content_block_start', content_block: { type: 'web_search_tool_result', content: [] } }, false)
  f('responses', { type: 'response.output_text.delta', delta: '' }, false)
  f('responses', { type: 'response.output_text.done', text: 'x' }, false)
  f('responses', { type: 'response.mcp_call_arguments.delta', delta: '{' }, true)
})

test('every recording that a model is mapped to is there', () => {
  const recordings = defaultRecordings()
  for (const models of Object.values(MODELS)) {
    for (const names of Object.values(models)) {
      for (const name of Object.values(names)) expect(recordings.has(name), name).toBe(true)
    }
  }
})

test('a model is found with and without its date', () => {
  const f = (model: string, name: string | undefined) =>
    expect(recordingByModel(defaultRecordings(), 'chat', model, true)?.name).toBe(name)
  f('gpt-4.1-nano', 'openai-text.chunks.txt')
  f('gpt-4.1-nano-2025-04-14', 'openai-text.chunks.txt')
  f('mistral-small-latest', 'mistral-text.chunks.txt')
  f('qwen/qwen3-32b', undefined)
  f('toString', undefined)
  f('openai-text', 'openai-text.chunks.txt')
})

test('a name that is not there is an error', () => {
  expect(() => expected('nothing')).toThrow(/no recording is named nothing/)
})

test.skipIf(!existsSync(shared))('the recordings of the repository are those of the shared folder', () => {
  expect(loadRecordings(folder('../../demo/recordings'))).toEqual(loadRecordings(shared))
})
