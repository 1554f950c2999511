/** What usage means in OpenAI's format, as OpenAI and those who copied the format write it. */
import type { Cost, OperationEnd, TokensByModality, Usage } from '../src/index.js'
import { count, sum } from './wire-value.js'

type InputDetails = {
  readonly cached_tokens?: unknown
  readonly cache_write_tokens?: unknown
  readonly cached_tokens_details?: TokenDetails | null
} & TokenDetails

type OutputDetails = { readonly reasoning_tokens?: unknown } & TokenDetails

type TokenDetails = { readonly text_tokens?: unknown; readonly image_tokens?: unknown; readonly audio_tokens?: unknown }

/** `usage` of chat completions, completions, embeddings (`prompt_…`) and responses (`input_…`). */
export type OpenAiUsage = {
  readonly prompt_tokens?: unknown
  readonly input_tokens?: unknown
  readonly completion_tokens?: unknown
  readonly output_tokens?: unknown
  readonly total_tokens?: unknown
  readonly prompt_tokens_details?: InputDetails | null
  readonly input_tokens_details?: InputDetails | null
  readonly completion_tokens_details?: OutputDetails | null
  readonly output_tokens_details?: OutputDetails | null
  /** DeepSeek. */
  readonly prompt_cache_hit_tokens?: unknown
  /** Moonshot. */
  readonly cached_tokens?: unknown
  /** OpenRouter: USD. Perplexity: an object. */
  readonly cost?: unknown
  /** OpenRouter: the upstream provider billed the key's owner himself; `cost` is the fee alone. */
  readonly is_byok?: unknown
  readonly cost_details?: { readonly upstream_inference_cost?: unknown } | null
  /** xAI: 1e-10 USD. */
  readonly cost_in_usd_ticks?: unknown
}

export function readOpenAiUsage(usage: OpenAiUsage): Pick<OperationEnd, 'usage' | 'cost'> {
  const input = usage.prompt_tokens_details ?? usage.input_tokens_details
  const output = usage.completion_tokens_details ?? usage.output_tokens_details
  const inputTokens = count(usage.prompt_tokens) ?? count(usage.input_tokens)
  const reasoningTokens = count(output?.reasoning_tokens)
  const read: Usage = {
    inputTokens,
    outputTokens: outputTokens(usage, inputTokens, reasoningTokens),
    cacheReadTokens: count(input?.cached_tokens) ?? count(usage.prompt_cache_hit_tokens) ?? count(usage.cached_tokens),
    cacheWriteTokens: count(input?.cache_write_tokens),
    reasoningTokens,
    inputByModality: byModality(input),
    outputByModality: byModality(output),
    cacheReadByModality: byModality(input?.cached_tokens_details),
  }
  return { usage: read, cost: reportedCost(usage) }
}

// xAI counts reasoning beside the output, not in it, which only the total tells.
function outputTokens(
  usage: OpenAiUsage,
  input: number | undefined,
  reasoning: number | undefined,
): number | undefined {
  const output = count(usage.completion_tokens) ?? count(usage.output_tokens)
  const isBeside =
    reasoning !== undefined && reasoning > 0 && sum(input, output, reasoning) === count(usage.total_tokens)
  return isBeside ? sum(output, reasoning) : output
}

function byModality(details: TokenDetails | null | undefined): TokensByModality | undefined {
  const text = count(details?.text_tokens)
  const image = count(details?.image_tokens)
  const audio = count(details?.audio_tokens)
  return sum(text, image, audio) === undefined ? undefined : { text, image, audio }
}

/** What the call cost, where whoever answered told it. */
export function reportedCost(usage: OpenAiUsage): Cost | undefined {
  const ticks = count(usage.cost_in_usd_ticks)
  if (ticks !== undefined) return { nanoDollars: Math.round(ticks / 10), source: 'provider' }
  const { cost } = usage
  const total = typeof cost === 'object' && cost !== null ? (cost as { total_cost?: unknown }).total_cost : cost
  const upstream = usage.is_byok === true ? count(usage.cost_details?.upstream_inference_cost) : undefined
  const dollars = sum(count(total), upstream)
  return dollars === undefined ? undefined : { nanoDollars: Math.round(dollars * 1e9), source: 'provider' }
}
