/** The columns of `operations`: how each is typed, and what an operation has for it. The table, the encoding and the export derive from this one list. */
import type { Modality, TokensByModality, Usage } from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'

export type Column = {
  readonly name: string
  readonly type: string
  readonly codec?: string
  /** What stands in a row of tab-separated text where the operation has nothing for it. */
  readonly absent: string
  /** The operation's value as tab-separated text; `undefined`: it has none. */
  readonly text: (operation: IdentifiedOperation) => string | undefined
}

// In tab-separated text these would end the cell or the row; the same escapes are read inside the quotes of a map.
const SPECIAL = /[\\\t\n\r\0\b\f']/
const SPECIALS = /[\\\t\n\r\0\b\f']/g
const ESCAPES: { readonly [character: string]: string } = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  "'": "\\'",
}

/** `text` with what the engine's text formats give a meaning escaped. */
export function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIALS, (character) => ESCAPES[character]!) : text
}

function textOf(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : escaped(value)
}

function countText(value: number | undefined): string | undefined {
  // One number the engine cannot read would keep a whole batch from being stored: what is no count is unknown.
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined
}

function millisecondsText(value: number | undefined): string | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? String(value) : undefined
}

function booleanText(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'true' : 'false'
}

function mapText(entries: readonly (readonly [string, string])[], isQuoted: boolean): string | undefined {
  if (entries.length === 0) return undefined
  const cells = entries.map(([key, value]) => `'${escaped(key)}':${isQuoted ? `'${escaped(value)}'` : value}`)
  return `{${cells.join(',')}}`
}

/** Seconds since 1970 with six decimals: what the engine reads as a time, whatever its length. */
function timeText(milliseconds: number): string {
  const microseconds = Math.round(Math.min(Math.max(milliseconds, 0), 9e12) * 1000) || 0
  const digits = String(microseconds).padStart(16, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`
}

function modalityEntries(prefix: string, tokens: TokensByModality | undefined): (readonly [string, string])[] {
  const entries: (readonly [string, string])[] = []
  for (const modality in tokens) {
    const count = countText(tokens[modality as Modality])
    if (count !== undefined) entries.push([`${prefix}.${modality}`, count])
  }
  return entries
}

function modalities({ inputByModality, outputByModality, cacheReadByModality }: Usage): string | undefined {
  if (inputByModality === undefined && outputByModality === undefined && cacheReadByModality === undefined)
    return undefined
  const entries = [
    ...modalityEntries('input', inputByModality),
    ...modalityEntries('output', outputByModality),
    ...modalityEntries('cache_read', cacheReadByModality),
  ]
  return mapText(entries, false)
}

/** The id where it is not the one its trace and span give it: those two are stored already, and random text is most of a row's bytes. */
function ownId({ id, traceId, spanId }: IdentifiedOperation): string | undefined {
  const isOfSpan =
    traceId &&
    spanId &&
    id.length === traceId.length + 1 + spanId.length &&
    id.startsWith(traceId) &&
    id.endsWith(spanId)
  return isOfSpan && id[traceId.length] === '-' ? undefined : textOf(id)
}

type Read<T> = (operation: IdentifiedOperation) => T | undefined
const ZSTD = 'ZSTD(1)'

function name(column: string, read: Read<string>): Column {
  return { name: column, type: 'LowCardinality(String)', absent: '', text: (operation) => textOf(read(operation)) }
}

function unique(column: string, read: Read<string>): Column {
  return { name: column, type: 'String', codec: ZSTD, absent: '', text: (operation) => textOf(read(operation)) }
}

function count(column: string, read: Read<number>, type = 'Nullable(UInt64)'): Column {
  return { name: column, type, codec: ZSTD, absent: '\\N', text: (operation) => countText(read(operation)) }
}

function milliseconds(column: string, read: Read<number>): Column {
  const text = (operation: IdentifiedOperation) => millisecondsText(read(operation))
  return { name: column, type: 'Nullable(Float64)', codec: ZSTD, absent: '\\N', text }
}

function claim(column: string, read: Read<boolean>): Column {
  return { name: column, type: 'Nullable(Bool)', absent: '\\N', text: (operation) => booleanText(read(operation)) }
}

/** In the order of the table. The empty string stands for a name or an id that is unknown, NULL for a number that is. */
export const COLUMNS: readonly Column[] = [
  {
    name: 'start_time',
    type: "DateTime64(6, 'UTC')",
    codec: `Delta, ${ZSTD}`,
    absent: '0',
    text: ({ startTime }) => timeText(startTime),
  },
  name('service', ({ service }) => service),
  name('environment', ({ environment }) => environment),
  name('region', ({ region }) => region),
  name('operation', ({ operation }) => operation),
  name('provider', ({ provider }) => provider),
  name('request_model', ({ requestModel }) => requestModel),
  name('response_model', ({ responseModel }) => responseModel),
  unique('trace_id', ({ traceId }) => traceId),
  unique('span_id', ({ spanId }) => spanId),
  { ...unique('own_id', ({ id }) => id), text: ownId },
  milliseconds('duration_ms', ({ durationMs }) => durationMs),
  milliseconds('time_to_first_chunk_ms', ({ timeToFirstChunkMs }) => timeToFirstChunkMs),
  count('output_chunks', ({ outputChunks }) => outputChunks),
  {
    name: 'output_chunk_gaps',
    type: 'Array(Float64)',
    codec: ZSTD,
    absent: '[]',
    text: ({ outputChunkGaps }) =>
      outputChunkGaps?.length ? `[${outputChunkGaps.filter(Number.isFinite).join(',')}]` : undefined,
  },
  claim('streamed', ({ streamed }) => streamed),
  count('input_tokens', ({ usage }) => usage?.inputTokens),
  count('output_tokens', ({ usage }) => usage?.outputTokens),
  count('cache_read_tokens', ({ usage }) => usage?.cacheReadTokens),
  count('cache_write_tokens', ({ usage }) => usage?.cacheWriteTokens),
  count('cache_write_1h_tokens', ({ usage }) => usage?.cacheWrite1hTokens),
  count('reasoning_tokens', ({ usage }) => usage?.reasoningTokens),
  {
    name: 'tokens_by_modality',
    type: 'Map(LowCardinality(String), UInt64)',
    absent: '{}',
    text: ({ usage }) => usage && modalities(usage),
  },
  count('cost_nano_dollars', ({ cost }) => cost?.nanoDollars, 'Nullable(Int64)'),
  // Provenance without a cost would be provenance of nothing.
  name('cost_source', ({ cost }) => cost && countText(cost.nanoDollars) && cost.source),
  name('cost_version', ({ cost }) => cost && countText(cost.nanoDollars) && cost.version),
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
  {
    name: 'tags',
    type: 'Map(LowCardinality(String), String)',
    codec: ZSTD,
    absent: '{}',
    text: ({ tags }) =>
      tags &&
      mapText(
        Object.entries(tags).map(([key, value]) => [key, String(value)]),
        true,
      ),
  },
  // Tags are asked for as text; what was none is named here, so that an export gives it back as it was.
  {
    name: 'tag_types',
    type: 'Map(LowCardinality(String), LowCardinality(String))',
    absent: '{}',
    text: ({ tags }) =>
      tags &&
      mapText(
        Object.entries(tags)
          .filter(([, value]) => typeof value !== 'string')
          .map(([key, value]) => [key, typeof value]),
        true,
      ),
  },
]

/** The `id` of an operation as SQL of the columns above. */
export const ID_SQL = "if(own_id = '', concat(trace_id, '-', span_id), own_id)"
