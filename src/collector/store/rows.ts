/** Operations as rows for the engine, and rows as operations again. Knows the columns, not the engine. */
import { setImmediate } from 'node:timers/promises'
import type { Cost, OperationError, TagValue, Usage } from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'
import { COLUMNS, type Column } from './columns.js'
import { lengthBytes } from './native-cells.js'

/** Most rows, and about the most bytes, of one insert. */
export const INSERT_ROWS = 50_000
export const INSERT_BYTES = 16 * 2 ** 20
/** Rows encoded at once, and for how many milliseconds before others get their turn on the event loop. */
const SLICE_ROWS = 500
const SLICE_MS = 5

export type EncodedRows = {
  readonly format: 'Native'
  readonly columns: readonly string[]
  /** Of the columns. */
  readonly types: readonly string[]
  readonly body: Buffer
  readonly rows: number
}

/** Operations to store: all of them, or some at a time. */
export type OperationSource = readonly IdentifiedOperation[] | AsyncIterable<readonly IdentifiedOperation[]>

/**
 * The operations in the engine's own format, in parts that are the same for the same operations coming in the same pieces, so that a batch
 * sent again is the same bytes again. Yields to the event loop as it goes.
 */
export async function* encode(source: OperationSource): AsyncGenerator<EncodedRows> {
  let part = createPart()
  let until = performance.now() + SLICE_MS
  for await (const operations of Symbol.asyncIterator in source ? source : [source])
    for (let start = 0; start < operations.length; start += SLICE_ROWS) {
      part.add(operations, start, Math.min(start + SLICE_ROWS, operations.length))
      if (part.isFull) {
        yield part.finish()
        part = createPart()
      }
      if (performance.now() < until) continue
      await setImmediate()
      until = performance.now() + SLICE_MS
    }
  if (!part.isEmpty) yield part.finish()
}

function createPart() {
  const columns = COLUMNS.map((column) => ({ column, values: column.collect() }))
  let rows = 0
  return {
    add(operations: readonly IdentifiedOperation[], start: number, end: number): void {
      for (const { values } of columns) values.add(operations, start, end)
      rows += end - start
    },
    get isEmpty(): boolean {
      return rows === 0
    },
    get isFull(): boolean {
      return rows >= INSERT_ROWS || columns.reduce((sum, { values }) => sum + values.bytes, 0) >= INSERT_BYTES
    },
    finish(): EncodedRows {
      // Columns that none of the rows has anything for are filled by the engine, which takes it a tenth of the time of reading them.
      const used: Column[] = []
      const parts: Buffer[] = []
      for (const { column, values } of columns) {
        const bytes = values.finish()
        if (bytes === undefined) continue
        used.push(column)
        for (const text of [column.name, column.type]) parts.push(lengthBytes(text.length), Buffer.from(text))
        parts.push(...bytes)
      }
      parts.unshift(lengthBytes(used.length), lengthBytes(rows))
      return {
        format: 'Native',
        columns: used.map(({ name }) => name),
        types: used.map(({ type }) => type),
        body: Buffer.concat(parts),
        rows,
      }
    },
  }
}

/** A row of `operations` as the engine answers it in JSON, with `id` and with `start_time` in microseconds. */
export type OperationRow = { readonly [column: string]: unknown }

/** What to select for rows that `toOperation` understands. */
export const ROW_SELECT = [
  'id',
  'toUnixTimestamp64Micro(start_time) AS start_microseconds',
  ...COLUMNS.slice(1)
    .map(({ name }) => name)
    .filter((name) => name !== 'own_id'),
].join(', ')

function text(value: unknown): string | undefined {
  return value === '' ? undefined : (value as string)
}

function number(value: unknown): number | undefined {
  return value === null ? undefined : Number(value)
}

/** `fields` without those that are undefined; `undefined` when none is left. */
function known<T extends object>(fields: T): T | undefined {
  const kept: { [key: string]: unknown } = {}
  let isEmpty = true
  for (const [key, value] of Object.entries(fields))
    if (value !== undefined) {
      kept[key] = value
      isEmpty = false
    }
  return isEmpty ? undefined : (kept as T)
}

function tokensByModality(row: OperationRow, prefix: string): { [modality: string]: number } | undefined {
  const tokens: { [modality: string]: number | undefined } = {}
  for (const [key, count] of Object.entries(row['tokens_by_modality'] as object))
    if (key.startsWith(`${prefix}.`)) tokens[key.slice(prefix.length + 1)] = Number(count)
  return known(tokens as { [modality: string]: number })
}

function usage(row: OperationRow): Usage | undefined {
  return known({
    inputTokens: number(row['input_tokens']),
    outputTokens: number(row['output_tokens']),
    cacheReadTokens: number(row['cache_read_tokens']),
    cacheWriteTokens: number(row['cache_write_tokens']),
    cacheWrite1hTokens: number(row['cache_write_1h_tokens']),
    reasoningTokens: number(row['reasoning_tokens']),
    inputByModality: tokensByModality(row, 'input'),
    outputByModality: tokensByModality(row, 'output'),
    cacheReadByModality: tokensByModality(row, 'cache_read'),
  })
}

function cost(row: OperationRow): Cost | undefined {
  const nanoDollars = number(row['cost_nano_dollars'])
  if (nanoDollars === undefined) return undefined
  return known({ nanoDollars, source: row['cost_source'] as Cost['source'], version: text(row['cost_version']) })
}

function error(row: OperationRow): OperationError | undefined {
  const type = text(row['error_type'])
  if (type === undefined) return undefined
  return known({ type, code: text(row['error_code']), message: text(row['error_message']) })
}

function tags(row: OperationRow): { readonly [key: string]: TagValue } | undefined {
  const types = row['tag_types'] as { readonly [key: string]: string }
  const tags: { [key: string]: TagValue } = Object.create(null)
  const entries = Object.entries(row['tags'] as { readonly [key: string]: string })
  for (const [key, value] of entries) {
    const type = Object.hasOwn(types, key) ? types[key] : undefined
    tags[key] = type === 'number' ? Number(value) : type === 'boolean' ? value === 'true' : value
  }
  return entries.length === 0 ? undefined : tags
}

function gaps(value: unknown): readonly number[] | undefined {
  const gaps = value as readonly number[]
  return gaps.length === 0 ? undefined : gaps
}

/** The operation that was stored as this row. */
export function toOperation(row: OperationRow): IdentifiedOperation {
  return known<IdentifiedOperation>({
    id: row['id'] as string,
    operation: row['operation'] as string,
    provider: text(row['provider']),
    requestModel: text(row['request_model']),
    responseModel: text(row['response_model']),
    startTime: Number(row['start_microseconds']) / 1000,
    durationMs: number(row['duration_ms']),
    timeToFirstChunkMs: number(row['time_to_first_chunk_ms']),
    outputChunks: number(row['output_chunks']),
    outputChunkGaps: gaps(row['output_chunk_gaps']),
    streamed: (row['streamed'] as boolean | null) ?? undefined,
    usage: usage(row),
    cost: cost(row),
    error: error(row),
    finishReason: text(row['finish_reason']),
    toolName: text(row['tool_name']),
    toolType: text(row['tool_type']),
    agentName: text(row['agent_name']),
    workflowName: text(row['workflow_name']),
    inferenceCalls: number(row['inference_calls']),
    toolCalls: number(row['tool_calls']),
    serverAddress: text(row['server_address']),
    serverPort: number(row['server_port']),
    retries: number(row['retries']),
    serviceTier: text(row['service_tier']),
    responseId: text(row['response_id']),
    service: text(row['service']),
    environment: text(row['environment']),
    region: text(row['region']),
    traceId: text(row['trace_id']),
    spanId: text(row['span_id']),
    sampled: (row['sampled'] as boolean | null) ?? undefined,
    conversationId: text(row['conversation_id']),
    userId: text(row['user_id']),
    tags: tags(row),
  }) as IdentifiedOperation
}
