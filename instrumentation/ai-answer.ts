/** How a model of the AI SDK tells what was done: its result, the parts of its stream, and usage in three generations of shapes. */
import type { OperationEnd } from '../src/index.js'
import type { Dialect, Seen } from './call.js'
import { type OpenAiUsage, reportedCost } from './openai-usage.js'
import { count, word } from './wire-value.js'

/** `{ total }` objects on a model's own result since version 4 of its specification, numbers before and on events. */
type ModelUsage = {
  readonly inputTokens?: unknown
  readonly outputTokens?: unknown
  readonly cachedInputTokens?: unknown
  readonly reasoningTokens?: unknown
  readonly inputTokenDetails?: { readonly cacheReadTokens?: unknown; readonly cacheWriteTokens?: unknown } | null
  readonly outputTokenDetails?: { readonly reasoningTokens?: unknown } | null
  /** Of embeddings. */
  readonly tokens?: unknown
  /** As the provider wrote it. */
  readonly raw?:
    | (OpenAiUsage & { readonly cache_creation?: { readonly ephemeral_1h_input_tokens?: unknown } | null })
    | null
}

type InputTokens = { readonly total?: unknown; readonly cacheRead?: unknown; readonly cacheWrite?: unknown }

type OutputTokens = { readonly total?: unknown; readonly reasoning?: unknown }

type Result = {
  readonly finishReason?: unknown
  readonly usage?: ModelUsage | null
  readonly response?: { readonly id?: unknown; readonly modelId?: unknown } | null
  readonly providerMetadata?: { readonly openai?: { readonly serviceTier?: unknown } | null } | null
}

type Part = Omit<Result, 'response'> & {
  readonly type?: unknown
  readonly delta?: unknown
  readonly error?: unknown
  readonly id?: unknown
  readonly modelId?: unknown
}

/** A model's `doGenerate` and `doStream`; also the end event of a step of `generateObject`, which tells the same. */
export const modelCalls: Dialect = {
  operation: 'chat',
  answer(result: Result, seen) {
    seen.responseId = word(result.response?.id)
    seen.responseModel = word(result.response?.modelId)
    readEnd(result, seen)
  },
  event(part: Part, seen) {
    switch (part.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'tool-input-delta':
        return word(part.delta) !== undefined
      case 'tool-call':
      case 'file':
        return 'whole'
      case 'response-metadata':
        seen.responseId = word(part.id) ?? seen.responseId
        seen.responseModel = word(part.modelId) ?? seen.responseModel
        return false
      case 'error':
        seen.failure = part.error ?? new Error('The model failed.')
        return false
      case 'finish':
        readEnd(part, seen)
        return false
      default:
        return false
    }
  },
  usage: readModelUsage,
}

export const embedCalls: Dialect = {
  operation: 'embeddings',
  answer(result: Result, seen) {
    seen.usage = result.usage ?? undefined
  },
  event: () => false,
  usage: readModelUsage,
}

function readEnd({ finishReason, usage, providerMetadata }: Omit<Result, 'response'>, seen: Seen): void {
  // The provider's own word, where it is handed through.
  const reason = finishReason as { readonly raw?: unknown; readonly unified?: unknown } | null | undefined
  seen.finishReason = word(finishReason) ?? word(reason?.raw) ?? word(reason?.unified)
  seen.serviceTier = word(providerMetadata?.openai?.serviceTier)
  seen.usage = usage ?? undefined
}

function readModelUsage(usage: ModelUsage): Pick<OperationEnd, 'usage' | 'cost'> {
  const input = usage.inputTokens as InputTokens | null | undefined
  const output = usage.outputTokens as OutputTokens | null | undefined
  const raw = usage.raw ?? undefined
  return {
    usage: {
      inputTokens: count(usage.inputTokens) ?? count(input?.total) ?? count(usage.tokens),
      outputTokens: count(usage.outputTokens) ?? count(output?.total),
      cacheReadTokens:
        count(input?.cacheRead) ?? count(usage.inputTokenDetails?.cacheReadTokens) ?? count(usage.cachedInputTokens),
      cacheWriteTokens: count(input?.cacheWrite) ?? count(usage.inputTokenDetails?.cacheWriteTokens),
      cacheWrite1hTokens: count(raw?.cache_creation?.ephemeral_1h_input_tokens),
      reasoningTokens:
        count(output?.reasoning) ?? count(usage.outputTokenDetails?.reasoningTokens) ?? count(usage.reasoningTokens),
    },
    cost: raw === undefined ? undefined : reportedCost(raw),
  }
}
