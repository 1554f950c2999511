/**
 * What a meter must count from a provider's answer, read straight from the answer's JSON.
 * The oracle of the demo and of its tests: shares no code with the SDK it judges.
 */

/** @typedef {import('../src/operation.js').Usage} Usage */

/**
 * A wire format: OpenAI Chat, OpenAI Responses, OpenAI text completions, OpenAI embeddings, Anthropic Messages.
 * @typedef {'chat' | 'responses' | 'completions' | 'embeddings' | 'messages'} Api
 */

/**
 * JSON as a provider sends it; its shape is not ours to state.
 * @typedef {any} Json
 */

/**
 * An answer: a whole body, or the events of a stream.
 * @typedef {{ api: Api, provider: string, status: number, body?: Json, events?: readonly Json[] }} Answer
 */

/**
 * Absent means that the answer does not tell.
 * @typedef {object} Expected
 * @property {string} operation
 * @property {string} provider
 * @property {string} [responseModel]
 * @property {string} [responseId]
 * @property {string} [serviceTier] As the answer says.
 * @property {Usage} [usage]
 * @property {string} [finishReason] The provider's word; of a Responses answer its `incomplete_details.reason`, else its `status`.
 * @property {number} [chunks] Content-bearing chunks; streams only.
 * @property {{ status?: number, type?: string, code?: string, message?: string }} [error] As the provider states it; `status` only where it is not 200.
 */

const OPERATIONS = /** @type {const} */ ({
  chat: 'chat',
  responses: 'chat',
  messages: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
})

const RESPONSES_CONTENT = new Set([
  'response.output_text.delta',
  'response.refusal.delta',
  'response.reasoning_summary_text.delta',
  'response.reasoning_text.delta',
  'response.function_call_arguments.delta',
  'response.custom_tool_call_input.delta',
  'response.mcp_call_arguments.delta',
  'response.code_interpreter_call_code.delta',
  'response.audio.delta',
  'response.audio.transcript.delta',
])

/** What each kind of Anthropic delta carries its content in. `signature_delta` is no content. */
const MESSAGES_CONTENT = /** @type {Readonly<Record<string, string>>} */ ({
  text_delta: 'text',
  thinking_delta: 'thinking',
  input_json_delta: 'partial_json',
  citations_delta: 'citation',
  compaction_delta: 'content',
})

/** @param {unknown} value */
const isFilled = (value) =>
  typeof value === 'string' || Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null

/**
 * Whether a stream's event carries text, reasoning, a refusal or the content of a tool call.
 * @param {Api} api
 * @param {Json} event
 * @returns {boolean}
 */
export function isContent(api, event) {
  if (api === 'responses') return RESPONSES_CONTENT.has(event.type) && isFilled(event.delta)
  if (api === 'messages') {
    const field = MESSAGES_CONTENT[event.delta?.type]
    return event.type === 'content_block_delta' && field !== undefined && isFilled(event.delta[field])
  }
  if (api === 'completions') return (event.choices ?? []).some((/** @type {Json} */ choice) => isFilled(choice.text))
  return (event.choices ?? []).some(
    (/** @type {Json} */ { delta }) =>
      isFilled(delta?.content) ||
      isFilled(delta?.refusal) ||
      isFilled(delta?.reasoning) ||
      isFilled(delta?.reasoning_content) ||
      isFilled(delta?.tool_calls) ||
      isFilled(delta?.function_call) ||
      isFilled(delta?.audio),
  )
}

/**
 * The same object without the fields that are absent or null; `undefined` when nothing is left.
 * @template {object} T
 * @param {T} fields
 * @returns {Json}
 */
function told(fields) {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** @param {Json} details */
const modalities = (details) =>
  told({ text: details?.text_tokens, image: details?.image_tokens, audio: details?.audio_tokens })

/**
 * A provider's usage object in our words.
 * @param {Api} api
 * @param {Json} usage
 * @returns {Usage | undefined}
 */
export function readUsage(api, usage) {
  if (usage === undefined || usage === null) return undefined
  if (api === 'messages') {
    const { input_tokens: uncached, cache_read_input_tokens: read, cache_creation_input_tokens: written } = usage
    return told({
      inputTokens: typeof uncached === 'number' ? uncached + (read ?? 0) + (written ?? 0) : undefined,
      outputTokens: usage.output_tokens,
      cacheReadTokens: read,
      cacheWriteTokens: written,
      cacheWrite1hTokens: usage.cache_creation?.ephemeral_1h_input_tokens,
      reasoningTokens: usage.output_tokens_details?.thinking_tokens,
    })
  }
  const [input, output] =
    api === 'responses'
      ? [usage.input_tokens_details, usage.output_tokens_details]
      : [usage.prompt_tokens_details, usage.completion_tokens_details]
  return told({
    inputTokens: api === 'responses' ? usage.input_tokens : usage.prompt_tokens,
    outputTokens: api === 'responses' ? usage.output_tokens : usage.completion_tokens,
    cacheReadTokens: input?.cached_tokens,
    cacheWriteTokens: input?.cache_write_tokens,
    reasoningTokens: output?.reasoning_tokens,
    inputByModality: modalities(input),
    outputByModality: modalities(output),
  })
}

/** @param {Json} error */
const readError = (error) => told({ type: error.type, code: error.code, message: error.message })

/**
 * The last value that is neither absent, null nor empty.
 * @param {readonly Json[]} values
 */
const last = (values) => values.findLast((value) => value !== undefined && value !== null && value !== '')

/**
 * @param {Api} api
 * @param {readonly Json[]} events
 */
function readEvents(api, events) {
  const failure = events.find((event) => event.type === 'error' || event.error)?.error
  const error = failure === undefined ? undefined : readError(failure)
  if (api === 'responses') {
    const response = last(events.map((event) => event.response))
    const isOver = response !== undefined && response.status !== 'in_progress' && response.status !== 'failed'
    return {
      responseModel: response?.model,
      responseId: response?.id,
      // Before the end it is the tier asked for, not the one used.
      serviceTier: isOver ? response.service_tier : undefined,
      usage: readUsage(api, response?.usage),
      finishReason: isOver ? (response.incomplete_details?.reason ?? response.status) : undefined,
      error: error ?? (response?.error ? readError(response.error) : undefined),
    }
  }
  if (api === 'messages') {
    const message = events.find((event) => event.type === 'message_start')?.message
    // Cumulative: what a later event tells replaces what an earlier one told, field by field.
    const usage = told(Object.assign({}, ...events.map((event) => told(event.message?.usage ?? event.usage ?? {}))))
    return {
      responseModel: message?.model,
      responseId: message?.id,
      serviceTier: usage?.service_tier,
      usage: readUsage(api, usage),
      finishReason: last(events.map((event) => event.delta?.stop_reason)),
      error,
    }
  }
  return {
    responseModel: last(events.map((event) => event.model)),
    responseId: last(events.map((event) => event.id)),
    serviceTier: last(events.map((event) => event.service_tier)),
    usage: readUsage(api, last(events.map((event) => event.usage ?? event.x_groq?.usage))),
    finishReason: last(events.map((event) => event.choices?.[0]?.finish_reason)),
    error,
  }
}

/**
 * @param {Api} api
 * @param {Json} body
 */
function readBody(api, body) {
  const finishReasons = {
    chat: () => body.choices[0]?.finish_reason,
    completions: () => body.choices[0]?.finish_reason,
    responses: () => body.incomplete_details?.reason ?? body.status,
    embeddings: () => undefined,
    messages: () => body.stop_reason,
  }
  return {
    responseModel: body.model,
    responseId: body.id,
    serviceTier: api === 'messages' ? body.usage?.service_tier : body.service_tier,
    usage: readUsage(api, body.usage),
    finishReason: finishReasons[api](),
  }
}

/**
 * What a meter must count from `answer`.
 * @param {Answer} answer
 * @param {{ includeUsage?: boolean, afterChunks?: number }} [options] `includeUsage: false`: an OpenAI chat stream whose usage
 *   was not asked for. `afterChunks`: only the events up to this many content-bearing ones arrived.
 * @returns {Expected}
 */
export function count(answer, { includeUsage = true, afterChunks } = {}) {
  const { api, provider, status, body } = answer
  const start = { operation: OPERATIONS[api], provider }
  if (status >= 400) return told({ ...start, error: { status, ...readError(body.error) } })
  if (answer.events === undefined) return told({ ...start, ...readBody(api, body) })
  const events = afterChunks === undefined ? answer.events : upTo(api, answer.events, afterChunks)
  const arrived = includeUsage || !asksForUsage(api) ? events : events.filter((event) => !isUsageChunk(event))
  const chunks = arrived.filter((event) => isContent(api, event)).length
  return told({ ...start, ...readEvents(api, arrived), chunks })
}

/**
 * The events up to the n-th content-bearing one; with 0, those before the first.
 * @param {Api} api
 * @param {readonly Json[]} events
 * @param {number} chunks
 */
function upTo(api, events, chunks) {
  let seen = 0
  const end = events.findIndex((event) => {
    if (!isContent(api, event)) return false
    seen++
    return chunks === 0 || seen === chunks
  })
  return end === -1 ? events : events.slice(0, chunks === 0 ? end : end + 1)
}

/**
 * Whether streams of this API tell usage only when `stream_options.include_usage` asks for it.
 * @param {Api} api
 */
export const asksForUsage = (api) => api === 'chat' || api === 'completions'

/**
 * The chunk without choices that OpenAI adds at the end when asked for usage.
 * @param {Json} event
 */
export const isUsageChunk = (event) => event.choices?.length === 0 && isFilled(event.usage)
