/** The answer to a question recomputed over the operations themselves, without engine, rollups or SQL. */
import { operationKind, SPENDING_KINDS } from 'tokmeter/core'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import type { Aggregation } from '../../../src/collector/query/measures.js'
import type { Filter, Question } from '../../../src/collector/query/question.js'
import { type TimeRange, WINDOW_MS, windowStart } from '../../../src/collector/query/time-range.js'
import { bucketOf, middleOf } from '../../../src/collector/store/histogram.js'

type Operations = readonly IdentifiedOperation[]
type Read = (operation: IdentifiedOperation) => number | undefined

const DIMENSION: { readonly [name: string]: (operation: IdentifiedOperation) => string | undefined } = {
  model: ({ requestModel, responseModel }) => requestModel ?? responseModel,
  request_model: ({ requestModel }) => requestModel,
  response_model: ({ responseModel }) => responseModel,
  provider: ({ provider }) => provider,
  operation: ({ operation }) => operation,
  service: ({ service }) => service,
  environment: ({ environment }) => environment,
  region: ({ region }) => region,
  agent: ({ agentName }) => agentName,
  workflow: ({ workflowName }) => workflowName,
  tool: ({ toolName }) => toolName,
  error_type: ({ error }) => error?.type,
  user_id: ({ userId }) => userId,
  conversation_id: ({ conversationId }) => conversationId,
  finish_reason: ({ finishReason }) => finishReason,
  service_tier: ({ serviceTier }) => serviceTier,
  server_address: ({ serverAddress }) => serverAddress,
}

export function dimensionValue(operation: IdentifiedOperation, name: string): string {
  if (name.startsWith('tag:')) return String(operation.tags?.[name.slice(4)] ?? '')
  return DIMENSION[name]!(operation) ?? ''
}

const VALUE: { readonly [field: string]: Read } = {
  duration_ms: ({ durationMs }) => durationMs,
  time_to_first_chunk_ms: ({ timeToFirstChunkMs }) => timeToFirstChunkMs,
  cost_usd: ({ cost }) => cost?.nanoDollars,
  input_tokens: ({ usage }) => usage?.inputTokens,
  output_tokens: ({ usage }) => usage?.outputTokens,
  cache_read_tokens: ({ usage }) => usage?.cacheReadTokens,
  cache_write_tokens: ({ usage }) => usage?.cacheWriteTokens,
  reasoning_tokens: ({ usage }) => usage?.reasoningTokens,
  output_chunks: ({ outputChunks }) => outputChunks,
  retries: ({ retries }) => retries,
}
const TOKENS_OR_MONEY = /tokens$|cost/
const PERCENT: { readonly [aggregation: string]: number } = {
  p50: 0.5,
  p75: 0.75,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  p999: 0.999,
}

const isCall = ({ operation }: IdentifiedOperation) => ['inference', 'embeddings'].includes(operationKind(operation))
const spends = ({ operation }: IdentifiedOperation) => SPENDING_KINDS.includes(operationKind(operation))

export function measured(
  operations: Operations,
  field: string,
  aggregation: Aggregation,
  seconds: number,
  above = Number.NEGATIVE_INFINITY,
): number | null {
  const perSecond = (value: number | null) => (aggregation === 'rate' && value !== null ? value / seconds : value)
  if (aggregation === 'uniq')
    return new Set(operations.map((one) => dimensionValue(one, field)).filter((value) => value !== '')).size
  if (field === 'operations') return perSecond(operations.length)
  if (field === 'calls') return perSecond(operations.filter(isCall).length)
  const errors = operations.filter(({ error }) => error !== undefined).length
  if (field === 'errors') return perSecond(errors)
  if (field === 'error_rate') return operations.length === 0 ? null : errors / operations.length
  const counted = TOKENS_OR_MONEY.test(field) ? operations.filter(spends) : operations
  if (field === 'total_tokens') {
    const counts = counted
      .flatMap(({ usage }) => [usage?.inputTokens, usage?.outputTokens])
      .filter((count) => count !== undefined)
    return counts.length === 0 && counted.length > 0 ? null : perSecond(total(counts))
  }
  const values = counted.map(VALUE[field]!).filter((value) => value !== undefined)
  const divisor = field === 'cost_usd' ? 1e9 : 1
  if (aggregation === 'count') return values.filter((value) => middleOf(bucketOf(value)) > above * divisor).length
  if (values.length === 0) return ['sum', 'rate'].includes(aggregation) && counted.length === 0 ? 0 : null
  if (aggregation === 'sum' || aggregation === 'rate') return perSecond(total(values) / divisor)
  if (aggregation === 'avg') return total(values) / divisor / values.length
  const sorted = values.toSorted((one, other) => one - other)
  if (aggregation === 'min') return sorted[0]! / divisor
  if (aggregation === 'max') return sorted.at(-1)! / divisor
  const rank = Math.max(1, Math.ceil(PERCENT[aggregation]! * sorted.length))
  return middleOf(bucketOf(sorted[rank - 1]!)) / divisor
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function passes(operation: IdentifiedOperation, { dimension, operator, value }: Filter): boolean {
  const actual = dimensionValue(operation, dimension)
  switch (operator) {
    case 'eq':
      return actual === value
    case 'ne':
      return actual !== value
    case 'in':
      return value.includes(actual)
    case 'not_in':
      return !value.includes(actual)
    case 'prefix':
      return actual.startsWith(value as string)
  }
}

/** Rows by group and window, in the order of neither. `range`: what is answered. */
export function recomputed(
  operations: Operations,
  { interval, groupBy, filters, measures }: Question,
  range: TimeRange,
): Map<string, (number | null)[]> {
  const inRange = operations.filter(({ startTime }) => startTime >= range.start && startTime < range.end)
  const chosen = inRange.filter((operation) => filters.every((filter) => passes(operation, filter)))
  const keyOf = (operation: IdentifiedOperation) => groupBy.map((name) => dimensionValue(operation, name))
  const seconds = (interval === undefined ? range.end - range.start : WINDOW_MS[interval]) / 1000
  const row = (members: Operations) =>
    measures.map(({ field, aggregation, above }) => measured(members, field, aggregation, seconds, above))
  const groups = new Map<string, IdentifiedOperation[]>()
  if (groupBy.length === 0) groups.set('[]', [])
  for (const operation of chosen) {
    const key = JSON.stringify(keyOf(operation))
    groups.set(key, [...(groups.get(key) ?? []), operation])
  }
  const rows = new Map<string, (number | null)[]>()
  for (const [key, members] of groups) {
    if (interval === undefined) {
      rows.set(key, row(members))
      continue
    }
    for (let time = windowStart(range.start, interval); time < range.end; time += WINDOW_MS[interval]) {
      rows.set(
        JSON.stringify([new Date(time).toISOString(), ...JSON.parse(key)]),
        row(members.filter(({ startTime }) => windowStart(startTime, interval) === time)),
      )
    }
  }
  return rows
}
