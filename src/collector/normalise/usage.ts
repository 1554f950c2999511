/** Token counts as senders tell them, made one: all input with what was cached, all output with what was reasoned. */
import type { TokensByModality, Usage } from 'tokmeter/core'

/** A usage of one shape, whoever it is read from. */
export type SentUsage = {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly cacheReadTokens: number | undefined
  readonly cacheWriteTokens: number | undefined
  readonly cacheWrite1hTokens: number | undefined
  readonly reasoningTokens: number | undefined
  readonly inputByModality: TokensByModality | undefined
  readonly outputByModality: TokensByModality | undefined
  readonly cacheReadByModality: TokensByModality | undefined
}

/**
 * The usage an instrumentation sent; `undefined` when it sent no count. Where what was cached is more than all input, the sender's
 * input leaves it out, as Anthropic's own counts do: it is added.
 */
export function sentUsage(
  inputTokens: number | undefined,
  outputTokens: number | undefined,
  cacheReadTokens: number | undefined,
  cacheWriteTokens: number | undefined,
  reasoningTokens: number | undefined,
): SentUsage | undefined {
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0)
  return {
    inputTokens: inputTokens !== undefined && cached > inputTokens ? inputTokens + cached : inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: undefined,
    reasoningTokens,
    inputByModality: undefined,
    outputByModality: undefined,
    cacheReadByModality: undefined,
  } satisfies Usage
}
