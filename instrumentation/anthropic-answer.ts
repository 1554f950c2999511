/** How Anthropic's messages tell what was done, whole or as a stream. */
import type { OperationEnd } from '../src/index.js'
import type { Dialect, Seen } from './call.js'
import { count, sum, word } from './wire-value.js'

type MessageUsage = {
  readonly input_tokens?: unknown
  readonly output_tokens?: unknown
  readonly cache_read_input_tokens?: unknown
  readonly cache_creation_input_tokens?: unknown
  readonly cache_creation?: { readonly ephemeral_1h_input_tokens?: unknown } | null
  readonly output_tokens_details?: { readonly thinking_tokens?: unknown } | null
  readonly service_tier?: unknown
}

type Message = {
  readonly id?: unknown
  readonly model?: unknown
  readonly stop_reason?: unknown
  readonly usage?: MessageUsage | null
}

type ContentDelta = {
  readonly type?: unknown
  readonly text?: unknown
  readonly thinking?: unknown
  readonly partial_json?: unknown
  readonly citation?: unknown
  readonly content?: unknown
  readonly stop_reason?: unknown
}

type MessageEvent = {
  readonly type?: unknown
  readonly message?: Message | null
  readonly delta?: ContentDelta | null
  readonly usage?: MessageUsage | null
  readonly error?: { readonly type?: unknown; readonly message?: unknown } | null
}

export const messages: Dialect = {
  operation: 'chat',
  answer: readMessage,
  event(event: MessageEvent, seen) {
    switch (event.type) {
      case 'content_block_delta':
        return hasContent(event.delta)
      case 'message_start':
        if (event.message != null) readMessage(event.message, seen)
        // What it says of the output is a placeholder; only later counts are real.
        if (seen.usage != null) seen.usage = { ...seen.usage, output_tokens: undefined }
        return false
      case 'message_delta':
        seen.finishReason = word(event.delta?.stop_reason) ?? seen.finishReason
        if (event.usage != null) seen.usage = later(seen.usage as MessageUsage | undefined, event.usage)
        return false
      case 'message_stop':
        seen.isComplete = true
        return false
      case 'error':
        seen.failure = failureOf(event.error)
        seen.isComplete = true
        return false
      default:
        return false
    }
  },
  usage: readUsage,
}

function readMessage(message: Message, seen: Seen): void {
  seen.responseId = word(message.id)
  seen.responseModel = word(message.model)
  seen.finishReason = word(message.stop_reason)
  seen.serviceTier = word(message.usage?.service_tier)
  seen.usage = message.usage ?? undefined
}

// Counts are of the message so far, not of the event: what is told later stands, and what is not told again stays.
function later(before: MessageUsage | undefined, after: MessageUsage): MessageUsage {
  return {
    input_tokens: after.input_tokens ?? before?.input_tokens,
    output_tokens: after.output_tokens ?? before?.output_tokens,
    cache_read_input_tokens: after.cache_read_input_tokens ?? before?.cache_read_input_tokens,
    cache_creation_input_tokens: after.cache_creation_input_tokens ?? before?.cache_creation_input_tokens,
    cache_creation: after.cache_creation ?? before?.cache_creation ?? null,
    output_tokens_details: after.output_tokens_details ?? before?.output_tokens_details ?? null,
  }
}

// Anthropic counts cached input beside the input, the conventions in it.
function readUsage(usage: MessageUsage): Pick<OperationEnd, 'usage'> {
  const cacheReadTokens = count(usage.cache_read_input_tokens)
  const cacheWriteTokens = count(usage.cache_creation_input_tokens)
  const input = count(usage.input_tokens)
  return {
    usage: {
      inputTokens: input === undefined ? undefined : sum(input, cacheReadTokens, cacheWriteTokens),
      outputTokens: count(usage.output_tokens),
      cacheReadTokens,
      cacheWriteTokens,
      cacheWrite1hTokens: count(usage.cache_creation?.ephemeral_1h_input_tokens),
      reasoningTokens: count(usage.output_tokens_details?.thinking_tokens),
    },
  }
}

function hasContent(delta: ContentDelta | null | undefined): boolean {
  switch (delta?.type) {
    case 'text_delta':
      return isFilled(delta.text)
    case 'thinking_delta':
      return isFilled(delta.thinking)
    case 'input_json_delta':
      return isFilled(delta.partial_json)
    case 'citations_delta':
      return delta.citation != null
    case 'compaction_delta':
      return isFilled(delta.content)
    default:
      // `signature_delta` proves where thinking came from; it is no content.
      return false
  }
}

function isFilled(text: unknown): boolean {
  return typeof text === 'string' && text !== ''
}

function failureOf(error: MessageEvent['error']): Error {
  const failure = new Error(word(error?.message) ?? 'The message failed.')
  failure.name = word(error?.type) ?? 'error'
  return failure
}

/** The completions of old, which tell no usage. */
export const completions: Dialect = {
  operation: 'text_completion',
  answer: readMessage,
  event(event: Message & { readonly completion?: unknown }, seen) {
    readMessage(event, seen)
    return isFilled(event.completion)
  },
  usage: readUsage,
}
