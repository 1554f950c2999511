/** A model for the AI SDK that calls with the `openai` client, as some providers of others do: its spans are inside the AI SDK's. */

/**
 * @param {any} client
 * @param {string} modelId
 * @returns {any} A `LanguageModelV4`.
 */
export function createClientModel(client, modelId) {
  const messages = [{ role: 'user', content: 'SECRET question' }]
  /** @param {any} options */
  const headersOf = (options) => ({ headers: options.headers })
  return {
    specificationVersion: 'v4',
    provider: 'openai.chat',
    modelId,
    supportedUrls: {},

    /** @param {any} options */
    async doGenerate(options) {
      const answer = await client.chat.completions.create({ model: modelId, messages }, headersOf(options))
      const { content } = answer.choices[0].message
      return {
        content: [{ type: 'text', text: content ?? '' }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: usageOf(answer.usage),
        response: { id: answer.id, modelId: answer.model },
        warnings: [],
      }
    },

    /** @param {any} options */
    async doStream(options) {
      const body = { model: modelId, messages, stream: true, stream_options: { include_usage: true } }
      const chunks = await client.chat.completions.create(body, headersOf(options))
      return { stream: ReadableStream.from(parts(chunks)) }
    },
  }
}

/** @param {AsyncIterable<any>} chunks */
async function* parts(chunks) {
  yield { type: 'stream-start', warnings: [] }
  let usage
  let isFirst = true
  for await (const chunk of chunks) {
    if (isFirst) {
      yield { type: 'response-metadata', id: chunk.id, modelId: chunk.model }
      yield { type: 'text-start', id: '0' }
    }
    isFirst = false
    const delta = chunk.choices[0]?.delta.content
    if (delta) yield { type: 'text-delta', id: '0', delta }
    usage = chunk.usage ?? usage
  }
  yield { type: 'text-end', id: '0' }
  yield { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage: usageOf(usage) }
}

/** @param {any} usage In the words of Chat Completions. */
function usageOf({ prompt_tokens: input, completion_tokens: output, ...details }) {
  const cached = details.prompt_tokens_details.cached_tokens
  const reasoning = details.completion_tokens_details.reasoning_tokens
  return {
    inputTokens: { total: input, noCache: input - cached, cacheRead: cached, cacheWrite: undefined },
    outputTokens: { total: output, text: output - reasoning, reasoning },
  }
}
