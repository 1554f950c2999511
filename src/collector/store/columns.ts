/** The columns of `operations`: how each is typed, and what an operation has for it. The table, the encoding and the export derive from this one list. */
import type { Modality, TokensByModality } from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'
import {
  type Cells,
  doubleLists,
  integers,
  maps,
  nullableBytes,
  nullableDoubles,
  nullableIntegers,
  texts,
  words,
} from './native-cells.js'

export type Column = {
  readonly name: string
  readonly type: string
  readonly codec?: string
  /** Makes a collector of the column's values. */
  readonly collect: () => Collector
}

/** Takes what operations have for a column. */
export type Collector = {
  /** Those from `start` to before `end`, in order. */
  add(operations: readonly IdentifiedOperation[], start: number, end: number): void
  /** About the bytes so far. */
  readonly bytes: number
  /** The values of all rows; undefined when none had one. */
  finish(): Buffer[] | undefined
}

type Read<T> = (operation: IdentifiedOperation) => T | undefined

function column<T>({ name, type, codec }: Omit<Column, 'collect'>, createCells: () => Cells<T>, read: Read<T>): Column {
  return {
    name,
    type,
    ...(codec !== undefined && { codec }),
    collect() {
      // Most operations have nothing for half of the columns: those cost nothing until one has.
      let cells: Cells<T> | undefined
      let absent = 0
      return {
        add(operations, start, end) {
          for (let index = start; index < end; index++) {
            const value = read(operations[index]!)
            if (cells !== undefined) cells.add(value)
            else if (value === undefined) absent++
            else {
              cells = createCells()
              for (; absent > 0; absent--) cells.add(undefined)
              cells.add(value)
            }
          }
        },
        get bytes() {
          return cells?.bytes ?? 0
        },
        finish: () => cells && [...(cells.prefix ? [cells.prefix] : []), ...cells.finish()],
      }
    },
  }
}

// What is no count, no duration or no time would be another one in the engine's bits: it is unknown.
function counted(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function measured(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** The engine's count of microseconds. */
function microseconds(milliseconds: number): number {
  return Math.round(Math.min(Math.max(milliseconds, 0), 9e12) * 1000) || 0
}

type Entries<Value> = readonly (readonly [string, Value])[]

function modalities({ usage }: IdentifiedOperation): Entries<number> | undefined {
  if (usage === undefined) return undefined
  const { inputByModality, outputByModality, cacheReadByModality } = usage
  if (inputByModality === undefined && outputByModality === undefined && cacheReadByModality === undefined)
    return undefined
  return [
    ...modalityEntries('input', inputByModality),
    ...modalityEntries('output', outputByModality),
    ...modalityEntries('cache_read', cacheReadByModality),
  ]
}

function modalityEntries(prefix: string, tokens: TokensByModality | undefined): Entries<number> {
  const entries: (readonly [string, number])[] = []
  for (const modality in tokens) {
    const count = counted(tokens[modality as Modality])
    if (count !== undefined) entries.push([`${prefix}.${modality}`, count])
  }
  return entries
}

/** The id where it is not the one its trace and span give it: those two are stored already, and random text is most of a row's bytes. */
function ownId({ id, traceId, spanId }: IdentifiedOperation): string | undefined {
  const isOfSpan =
    traceId &&
    spanId &&
    id.length === traceId.length + 1 + spanId.length &&
    id.startsWith(traceId) &&
    id.endsWith(spanId)
  return isOfSpan && id[traceId.length] === '-' ? undefined : id
}

const ZSTD = 'ZSTD(1)'

function name(of_column: string, read: Read<string>): Column {
  return column({ name: of_column, type: 'LowCardinality(String)' }, words, (operation) => read(operation) || undefined)
}

function unique(of_column: string, read: Read<string>): Column {
  return column({ name: of_column, type: 'String', codec: ZSTD }, texts, (operation) => read(operation) || undefined)
}

function count(of_column: string, read: Read<number>, type = 'Nullable(UInt64)'): Column {
  return column({ name: of_column, type, codec: ZSTD }, nullableIntegers, (operation) => counted(read(operation)))
}

function milliseconds(of_column: string, read: Read<number>): Column {
  const of = { name: of_column, type: 'Nullable(Float64)', codec: ZSTD }
  return column(of, nullableDoubles, (operation) => measured(read(operation)))
}

function claim(of_column: string, read: Read<boolean>): Column {
  return column({ name: of_column, type: 'Nullable(Bool)' }, nullableBytes, (operation) => {
    const value = read(operation)
    return value === undefined ? undefined : value ? 1 : 0
  })
}

/** In the order of the table. The empty string stands for a name or an id that is unknown, NULL for a number that is. */
export const COLUMNS: readonly Column[] = [
  column({ name: 'start_time', type: "DateTime64(6, 'UTC')", codec: `Delta, ${ZSTD}` }, integers, ({ startTime }) =>
    microseconds(startTime),
  ),
  name('service', ({ service }) => service),
  name('environment', ({ environment }) => environment),
  name('region', ({ region }) => region),
  name('operation', ({ operation }) => operation),
  name('provider', ({ provider }) => provider),
  name('request_model', ({ requestModel }) => requestModel),
  name('response_model', ({ responseModel }) => responseModel),
  unique('trace_id', ({ traceId }) => traceId),
  unique('span_id', ({ spanId }) => spanId),
  unique('own_id', ownId),
  milliseconds('duration_ms', ({ durationMs }) => durationMs),
  milliseconds('time_to_first_chunk_ms', ({ timeToFirstChunkMs }) => timeToFirstChunkMs),
  count('output_chunks', ({ outputChunks }) => outputChunks),
  column({ name: 'output_chunk_gaps', type: 'Array(Float64)', codec: ZSTD }, doubleLists, ({ outputChunkGaps }) =>
    outputChunkGaps?.length ? outputChunkGaps.filter(Number.isFinite) : undefined,
  ),
  claim('streamed', ({ streamed }) => streamed),
  count('input_tokens', ({ usage }) => usage?.inputTokens),
  count('output_tokens', ({ usage }) => usage?.outputTokens),
  count('cache_read_tokens', ({ usage }) => usage?.cacheReadTokens),
  count('cache_write_tokens', ({ usage }) => usage?.cacheWriteTokens),
  count('cache_write_1h_tokens', ({ usage }) => usage?.cacheWrite1hTokens),
  count('reasoning_tokens', ({ usage }) => usage?.reasoningTokens),
  column({ name: 'tokens_by_modality', type: 'Map(LowCardinality(String), UInt64)' }, () => maps(integers), modalities),
  count('cost_nano_dollars', ({ cost }) => cost?.nanoDollars, 'Nullable(Int64)'),
  // Provenance without a cost would be provenance of nothing.
  name('cost_source', ({ cost }) => (counted(cost?.nanoDollars) === undefined ? undefined : cost?.source)),
  name('cost_version', ({ cost }) => (counted(cost?.nanoDollars) === undefined ? undefined : cost?.version)),
  name('error_type', ({ error }) => error?.type),
  name('error_code', ({ error }) => error?.code),
  unique('error_message', ({ error }) => error?.message),
  name('finish_reason', ({ finishReason }) => finishReason),
  name('tool_name', ({ toolName }) => toolName),
  name('tool_type', ({ toolType }) => toolType),
  name('agent_name', ({ agentName }) => agentName),
  name('workflow_name', ({ workflowName }) => workflowName),
  count('inference_calls', ({ inferenceCalls }) => inferenceCalls),
  count('tool_calls', ({ toolCalls }) => toolCalls),
  name('server_address', ({ serverAddress }) => serverAddress),
  count('server_port', ({ serverPort }) => serverPort),
  count('retries', ({ retries }) => retries),
  name('service_tier', ({ serviceTier }) => serviceTier),
  unique('response_id', ({ responseId }) => responseId),
  claim('sampled', ({ sampled }) => sampled),
  unique('conversation_id', ({ conversationId }) => conversationId),
  unique('user_id', ({ userId }) => userId),
  column(
    { name: 'tags', type: 'Map(LowCardinality(String), String)', codec: ZSTD },
    () => maps(texts),
    ({ tags }) => tags && Object.entries(tags).map(([key, value]) => [key, String(value)] as const),
  ),
  // Tags are asked for as text; what was none is named here, so that an export gives it back as it was.
  column(
    { name: 'tag_types', type: 'Map(LowCardinality(String), LowCardinality(String))' },
    () => maps(words),
    ({ tags }) =>
      tags &&
      Object.entries(tags)
        .filter(([, value]) => typeof value !== 'string')
        .map(([key, value]) => [key, typeof value] as const),
  ),
]

/** The `id` of an operation as SQL of the columns above. */
export const ID_SQL = "if(own_id = '', concat(trace_id, '-', span_id), own_id)"
