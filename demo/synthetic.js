/**
 * Answers nobody recorded, for models without a recording: the same for the same request, with a usage that is known beforehand.
 * Every provider's usage says the same in its own words: 11 tokens in, 4 of them cached, 7 tokens out, 3 of them reasoning.
 */

/** @typedef {import('./expected.js').Api} Api */
/** @typedef {import('./expected.js').Json} Json */

/**
 * What the answer holds.
 * @typedef {object} Content
 * @property {number} [chunks] Content-bearing chunks of a stream. Default: 5.
 * @property {string} [text] What is answered, in as many chunks as it has characters for.
 * @property {{ name: string, arguments: string }} [toolCall] A tool call instead of text, until the conversation holds a tool's result.
 */

const CHUNKS = 5
const CREATED = 1_700_000_000

const OPENAI_USAGE = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
}

/** The usage in each synthetic answer, in the provider's words. */
export const SYNTHETIC_USAGE = /** @type {Readonly<Record<Api, Json>>} */ ({
  chat: OPENAI_USAGE,
  completions: OPENAI_USAGE,
  embeddings: { prompt_tokens: 11, total_tokens: 11 },
  responses: {
    input_tokens: 11,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 3 },
    total_tokens: 18,
  },
  messages: {
    input_tokens: 7,
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: 0,
    output_tokens: 7,
    output_tokens_details: { thinking_tokens: 3 },
    service_tier: 'standard',
  },
})

/**
 * Cuts `text` into pieces, none of them empty; without a text, each piece is a word.
 * @param {string | undefined} text
 * @param {number} chunks
 * @returns {Generator<string>}
 */
function* pieces(text, chunks) {
  const count = text === undefined ? chunks : Math.min(chunks, text.length)
  for (let index = 0; index < count; index++) {
    yield text === undefined
      ? 'word '
      : text.slice(Math.floor((index * text.length) / count), Math.floor(((index + 1) * text.length) / count))
  }
}

/**
 * Whether the conversation already holds the result of a tool.
 * @param {Json} request
 */
function hasToolResult(request) {
  const messages = [request.messages ?? [], request.input ?? []].flat()
  return messages.some(
    (/** @type {Json} */ message) =>
      message.role === 'tool' ||
      message.type === 'function_call_output' ||
      (Array.isArray(message.content) &&
        message.content.some((/** @type {Json} */ part) => part.type === 'tool_result')),
  )
}

/**
 * The content as it is to be sent.
 * @param {Json} request
 * @param {Content} content
 */
function contentOf(request, { chunks = CHUNKS, text, toolCall }) {
  const call = toolCall !== undefined && !hasToolResult(request) ? toolCall : undefined
  return { call, parts: () => pieces(call?.arguments ?? text, chunks) }
}

/**
 * @param {Api} api
 * @param {string} model
 * @param {Json} request The request's body.
 * @param {Content} content
 * @returns {Json}
 */
export function syntheticBody(api, model, request, content) {
  const { call, parts } = contentOf(request, content)
  const usage = SYNTHETIC_USAGE[api]
  if (api === 'embeddings') return embeddings(model, request, usage)
  const text = [...parts()].join('')
  if (api === 'responses') return response(model, call, text, usage)
  if (api === 'messages') {
    const block = call
      ? { type: 'tool_use', id: 'toolu_emulated', name: call.name, input: JSON.parse(text) }
      : { type: 'text', text }
    return { ...message(model), content: [block], stop_reason: call ? 'tool_use' : 'end_turn', usage }
  }
  if (api === 'completions') {
    const choice = { index: 0, text, logprobs: null, finish_reason: 'stop' }
    return { id: 'cmpl-emulated', object: 'text_completion', created: CREATED, model, choices: [choice], usage }
  }
  const answer = call
    ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCallOf(call.name, text)] }
    : { role: 'assistant', content: text, refusal: null }
  const choice = { index: 0, message: answer, logprobs: null, finish_reason: call ? 'tool_calls' : 'stop' }
  return { ...chatHead('chat.completion', model), choices: [choice], usage }
}

/**
 * @param {Api} api
 * @param {string} model
 * @param {Json} request The request's body.
 * @param {Content} content
 * @returns {Generator<Json>}
 */
export function* syntheticEvents(api, model, request, content) {
  const { call, parts } = contentOf(request, content)
  const usage = SYNTHETIC_USAGE[api]
  if (api === 'responses') yield* responseEvents(model, call, parts(), usage)
  else if (api === 'messages') yield* messageEvents(model, call, parts(), usage)
  else if (api === 'completions') {
    const head = { id: 'cmpl-emulated', object: 'text_completion', created: CREATED, model }
    for (const text of parts()) {
      yield { ...head, choices: [{ index: 0, text, logprobs: null, finish_reason: null }], usage: null }
    }
    yield { ...head, choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'stop' }], usage: null }
    yield { ...head, choices: [], usage }
  } else yield* chatEvents(model, call, parts(), usage)
}

/** @typedef {{ name: string, arguments: string } | undefined} Call */

/**
 * @param {string} object
 * @param {string} model
 */
const chatHead = (object, model) => ({
  id: 'chatcmpl-emulated',
  object,
  created: CREATED,
  model,
  service_tier: 'default',
  system_fingerprint: 'fp_emulated',
})

/**
 * @param {string | undefined} name
 * @param {string} text
 */
const toolCallOf = (name, text) => ({ id: 'call_emulated', type: 'function', function: { name, arguments: text } })

/**
 * @param {string} model
 * @param {Call} call
 * @param {Iterable<string>} parts
 * @param {Json} usage
 * @returns {Generator<Json>}
 */
function* chatEvents(model, call, parts, usage) {
  const head = chatHead('chat.completion.chunk', model)
  /**
   * @param {Json} delta
   * @param {string | null} reason
   */
  const chunk = (delta, reason) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    usage: null,
  })
  yield chunk({ role: 'assistant', content: call ? null : '', refusal: null }, null)
  let isFirst = true
  for (const text of parts) {
    const piece = isFirst ? toolCallOf(call?.name, text) : { function: { arguments: text } }
    yield chunk(call ? { tool_calls: [{ index: 0, ...piece }] } : { content: text }, null)
    isFirst = false
  }
  yield chunk({}, call ? 'tool_calls' : 'stop')
  yield { ...head, choices: [], usage }
}

/**
 * @param {string} model
 * @param {Call} call
 * @param {string} text
 * @param {Json} usage
 * @returns {Json}
 */
function response(model, call, text, usage) {
  const item = call
    ? {
        id: 'fc_emulated',
        type: 'function_call',
        status: 'completed',
        call_id: 'call_emulated',
        name: call.name,
        arguments: text,
      }
    : {
        id: 'msg_emulated',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
      }
  return { ...responseHead(model), status: 'completed', output: [item], service_tier: 'default', usage }
}

/** @param {string} model */
const responseHead = (model) => ({
  id: 'resp_emulated',
  object: 'response',
  created_at: CREATED,
  status: 'in_progress',
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model,
  output: /** @type {Json[]} */ ([]),
  parallel_tool_calls: true,
  service_tier: 'auto',
  temperature: 1,
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  usage: null,
})

/**
 * @param {string} model
 * @param {Call} call
 * @param {Iterable<string>} parts
 * @param {Json} usage
 * @returns {Generator<Json>}
 */
function* responseEvents(model, call, parts, usage) {
  let number = 0
  /**
   * @param {string} type
   * @param {Json} fields
   */
  const event = (type, fields) => ({ type, sequence_number: number++, ...fields })
  const place = { item_id: call ? 'fc_emulated' : 'msg_emulated', output_index: 0 }
  const spot = { ...place, content_index: 0 }
  yield event('response.created', { response: responseHead(model) })
  yield event('response.in_progress', { response: responseHead(model) })
  const [empty] = response(model, call, '', usage).output
  const added = { ...empty, status: 'in_progress', ...(call ? {} : { content: [] }) }
  yield event('response.output_item.added', { output_index: 0, item: added })
  if (!call) yield event('response.content_part.added', { ...spot, part: empty.content[0] })
  let text = ''
  for (const delta of parts) {
    text += delta
    yield call
      ? event('response.function_call_arguments.delta', { ...place, delta })
      : event('response.output_text.delta', { ...spot, delta, logprobs: [] })
  }
  const final = response(model, call, text, usage)
  const [item] = final.output
  if (call) yield event('response.function_call_arguments.done', { ...place, name: call.name, arguments: text })
  else {
    yield event('response.output_text.done', { ...spot, text, logprobs: [] })
    yield event('response.content_part.done', { ...spot, part: item.content[0] })
  }
  yield event('response.output_item.done', { output_index: 0, item })
  yield event('response.completed', { response: final })
}

/** @param {string} model */
const message = (model) => ({
  model,
  id: 'msg_emulated',
  type: 'message',
  role: 'assistant',
  content: [],
  stop_reason: null,
  stop_sequence: null,
})

/**
 * @param {string} model
 * @param {Call} call
 * @param {Iterable<string>} parts
 * @param {Json} usage
 * @returns {Generator<Json>}
 */
function* messageEvents(model, call, parts, usage) {
  const { output_tokens: _output, output_tokens_details: _details, ...input } = usage
  yield { type: 'message_start', message: { ...message(model), usage: { ...input, output_tokens: 1 } } }
  const block = call
    ? { type: 'tool_use', id: 'toolu_emulated', name: call.name, input: {} }
    : { type: 'text', text: '' }
  yield { type: 'content_block_start', index: 0, content_block: block }
  yield { type: 'ping' }
  for (const text of parts) {
    const delta = call ? { type: 'input_json_delta', partial_json: text } : { type: 'text_delta', text }
    yield { type: 'content_block_delta', index: 0, delta }
  }
  yield { type: 'content_block_stop', index: 0 }
  const { service_tier: _tier, ...cumulative } = usage
  const delta = { stop_reason: call ? 'tool_use' : 'end_turn', stop_sequence: null }
  yield { type: 'message_delta', delta, usage: cumulative }
  yield { type: 'message_stop' }
}

/**
 * @param {string} model
 * @param {Json} request
 * @param {Json} usage
 */
function embeddings(model, request, usage) {
  // An array of numbers is one input, made of token ids.
  const isList = Array.isArray(request.input) && typeof request.input[0] !== 'number'
  const count = isList ? request.input.length : 1
  const vector = Array.from({ length: request.dimensions ?? 8 }, (_, index) => (index + 1) / 16)
  const data = Array.from({ length: count }, (_, index) => ({ object: 'embedding', index, embedding: vector }))
  return { object: 'list', data, model, usage }
}
