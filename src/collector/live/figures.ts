/** The numbers of a window, in the words of the other answers. */
import { RELATIVE_ERROR } from '../store/histogram.js'
import type { View, WindowName, Windows } from './windows.js'

/** What every snapshot says of its windows. Unknown is null, never 0; so is a rate of nothing. */
export type Figures = {
  /** Whole seconds that these numbers are of. */
  readonly seconds: number
  /** Of every kind: calls of a model, tools, agents, workflows. */
  readonly operation_count: number
  /** Of them, those that had ended more than a minute before they were accepted. */
  readonly late_count: number
  /** Calls of a model, as all of the following but tokens and cost, which tools may take too. */
  readonly request_count: number
  readonly error_count: number
  readonly error_rate: number | null
  readonly throughput_rps: number | null
  readonly avg_latency_ms: number | null
  readonly p50_latency_ms: number | null
  readonly p95_latency_ms: number | null
  readonly p99_latency_ms: number | null
  readonly p50_time_to_first_chunk_ms: number | null
  readonly p95_time_to_first_chunk_ms: number | null
  readonly input_tokens: number | null
  readonly output_tokens: number | null
  readonly total_tokens: number | null
  readonly tokens_per_second: number | null
  /** US dollars. */
  readonly total_cost: number | null
  readonly cost_per_second: number | null
  /** Shares of the calls whose usage and cost are known. */
  readonly coverage: { readonly calls: number; readonly usage: number | null; readonly cost: number | null }
}

export type AllFigures = { readonly [name in WindowName]: Figures }

/** Largest relative error of the percentiles. */
export const PERCENTILE_ERROR = RELATIVE_ERROR

export function figuresOf(views: ReturnType<Windows['at']>): AllFigures {
  const figures = Object.entries(views).map(([name, view]) => [name, figuresOfOne(view)])
  return Object.fromEntries(figures) as AllFigures
}

function figuresOfOne({ seconds, sums, durations, firstChunks }: View): Figures {
  const { calls, errors, timed, microseconds } = sums
  const share = (part: number) => (calls === 0 ? null : part / calls)
  const rate = (amount: number | null) => (amount === null || seconds === 0 ? null : amount / seconds)
  // Operations of which nothing is known make a sum that is unknown; no operations at all make none.
  const known = (sum: number, of: number) => (of === 0 && sums.spending > 0 ? null : sum)
  const tokens = known(sums.inputTokens + sums.outputTokens, sums.withTokens)
  const cost = known(sums.nanoDollars / 1e9, sums.priced)
  const [p50, p95, p99] = durations([0.5, 0.95, 0.99])
  const [firstChunkP50, firstChunkP95] = firstChunks([0.5, 0.95])
  return {
    seconds,
    operation_count: sums.operations,
    late_count: sums.late,
    request_count: calls,
    error_count: errors,
    error_rate: share(errors),
    throughput_rps: rate(calls),
    avg_latency_ms: timed === 0 ? null : microseconds / 1000 / timed,
    p50_latency_ms: p50!,
    p95_latency_ms: p95!,
    p99_latency_ms: p99!,
    p50_time_to_first_chunk_ms: firstChunkP50!,
    p95_time_to_first_chunk_ms: firstChunkP95!,
    input_tokens: known(sums.inputTokens, sums.withTokens),
    output_tokens: known(sums.outputTokens, sums.withTokens),
    total_tokens: tokens,
    tokens_per_second: rate(tokens),
    total_cost: cost,
    cost_per_second: rate(cost),
    coverage: { calls, usage: share(sums.withUsage), cost: share(sums.withCost) },
  }
}
