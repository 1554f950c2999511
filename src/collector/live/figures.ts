/** The numbers of a window, in the words of the other answers. */

import * as z from 'zod'
import { RELATIVE_ERROR } from '../store/histogram.js'
import { type View, WINDOWS, type WindowName, type Windows } from './windows.js'

const count = z.int()
const known = z.number().nullable()

/** What every snapshot says of each of its windows. Unknown is null, never 0; so is a rate of nothing. */
const FIGURES = z.strictObject({
  seconds: count.describe('whole seconds that these numbers are of'),
  operation_count: count.describe('of every kind: calls of a model, tools, agents, workflows'),
  late_count: count.describe(
    'accepted in this window more than a minute after they had ended: they are not among these numbers, but counted in the windows they ended in, where these are still told',
  ),
  request_count: count.describe('calls of a model, as all of the following but tokens and cost'),
  error_count: count,
  error_rate: known,
  throughput_rps: known,
  avg_latency_ms: known,
  p50_latency_ms: known,
  p95_latency_ms: known,
  p99_latency_ms: known,
  p50_time_to_first_chunk_ms: known,
  p95_time_to_first_chunk_ms: known,
  input_tokens: known,
  output_tokens: known,
  total_tokens: known,
  tokens_per_second: known,
  total_cost: known.describe('US dollars'),
  cost_per_second: known,
  coverage: z
    .object({ calls: count, usage: known, cost: known })
    .describe('shares of the calls whose usage and cost are known'),
})
export type Figures = z.output<typeof FIGURES>

const NAMES = Object.keys(WINDOWS) as [WindowName, ...WindowName[]]
export const ALL_FIGURES = z.strictObject(
  Object.fromEntries(NAMES.map((name) => [name, FIGURES])) as Record<WindowName, typeof FIGURES>,
)
export type AllFigures = z.output<typeof ALL_FIGURES>

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
