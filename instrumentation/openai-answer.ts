/** How the endpoints of OpenAI's API tell what was done: the answers and stream events of each. */
import type { Dialect, Seen } from './call.js'
import { type OpenAiUsage, readOpenAiUsage } from './openai-usage.js'
import { word } from './wire-value.js'

type Choice = {
  readonly finish_reason?: unknown
  readonly text?: unknown
  readonly delta?: {
    readonly content?: unknown
    readonly refusal?: unknown
    readonly reasoning?: unknown
    readonly reasoning_content?: unknown
    readonly tool_calls?: unknown
    readonly function_call?: unknown
    readonly audio?: unknown
  } | null
}

/** A chat or text completion, or a chunk of one. */
type Completion = {
  readonly id?: unknown
  readonly model?: unknown
  readonly service_tier?: unknown
  readonly choices?: readonly Choice[] | null
  readonly usage?: OpenAiUsage | null
  readonly x_groq?: { readonly usage?: OpenAiUsage | null } | null
}

export const chatCompletions: Dialect = {
  operation: 'chat',
  answer: readCompletion,
  event: readChunk,
  usage: readOpenAiUsage,
}

export const textCompletions: Dialect = { ...chatCompletions, operation: 'text_completion' }

function readCompletion(completion: Completion, seen: Seen): void {
  seen.responseId = word(completion.id) ?? seen.responseId
  seen.responseModel = word(completion.model) ?? seen.responseModel
  seen.serviceTier = tierUsed(completion.service_tier) ?? seen.serviceTier
  // Some send it once, with the last chunk, others a growing one with every chunk.
  seen.usage = completion.usage ?? completion.x_groq?.usage ?? seen.usage
  const { choices } = completion
  if (choices == null) return
  for (const choice of choices) {
    if (choice.finish_reason != null) seen.finishReason ??= word(choice.finish_reason)
  }
}

// `auto` is what was asked for; an answer that has not ended repeats it.
function tierUsed(value: unknown): string | undefined {
  const tier = word(value)
  return tier === 'auto' ? undefined : tier
}

function readChunk(chunk: Completion, seen: Seen): boolean {
  readCompletion(chunk, seen)
  const { choices } = chunk
  if (choices != null) for (const choice of choices) if (hasContent(choice)) return true
  return false
}

function hasContent({ delta, text }: Choice): boolean {
  if (delta == null) return isFilled(text)
  return (
    isFilled(delta.content) ||
    isFilled(delta.tool_calls) ||
    isFilled(delta.reasoning_content) ||
    isFilled(delta.reasoning) ||
    isFilled(delta.refusal) ||
    delta.function_call != null ||
    delta.audio != null
  )
}

/** Text, or a list of tool calls or content parts, with something in it. */
function isFilled(value: unknown): boolean {
  return (typeof value === 'string' || Array.isArray(value)) && value.length > 0
}

type Response = {
  readonly id?: unknown
  readonly model?: unknown
  readonly service_tier?: unknown
  readonly status?: unknown
  readonly error?: ResponseError | null
  readonly incomplete_details?: { readonly reason?: unknown } | null
  readonly usage?: OpenAiUsage | null
}

type ResponseError = { readonly code?: unknown; readonly type?: unknown; readonly message?: unknown }

type ResponseEvent = {
  readonly type?: unknown
  readonly delta?: unknown
  readonly response?: Response | null
  readonly error?: ResponseError | null
} & ResponseError

const CONTENT_EVENTS: ReadonlySet<unknown> = new Set([
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

const FINAL_EVENTS: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

export const responses: Dialect = {
  operation: 'chat',
  answer: readResponse,
  event(event: ResponseEvent, seen) {
    const { type } = event
    if (CONTENT_EVENTS.has(type)) return isFilled(event.delta)
    if (event.response != null) {
      readResponse(event.response, seen)
      seen.isComplete = FINAL_EVENTS.has(type)
    } else if (type === 'error') {
      seen.failure = failureOf(event.error ?? { code: event.code, message: event.message })
      seen.isComplete = true
    }
    return false
  },
  usage: readOpenAiUsage,
}

function readResponse(response: Response, seen: Seen): void {
  seen.responseId = word(response.id) ?? seen.responseId
  seen.responseModel = word(response.model) ?? seen.responseModel
  seen.usage = response.usage ?? seen.usage
  const { status } = response
  if (status === 'failed') seen.failure = failureOf(response.error)
  else if (status === 'incomplete') seen.finishReason = word(response.incomplete_details?.reason) ?? 'incomplete'
  else if (status === 'completed' || status === 'cancelled') seen.finishReason = status
  // `queued` and `in_progress`: it goes on, or was asked for in the background, and tells the tier asked for, not the one used.
  else return
  seen.serviceTier = word(response.service_tier)
}

function failureOf(error: ResponseError | null | undefined): Error {
  const failure = new Error(word(error?.message) ?? 'The response failed.')
  failure.name = word(error?.code) ?? word(error?.type) ?? 'response_failed'
  return failure
}

export const embeddings: Dialect = {
  operation: 'embeddings',
  answer(answer: Completion, seen) {
    seen.responseModel = word(answer.model)
    seen.usage = answer.usage
  },
  event: () => false,
  usage: readOpenAiUsage,
}
