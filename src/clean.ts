/** Makes an operation from outside safe to count: numbers checked, names bounded, identities hashed, secrets removed. Throws nothing it can count. */
import { randomFillSync } from 'node:crypto'
import type { Cost, Modality, Operation, OperationError, TagValue, TokensByModality, Usage } from './operation.js'
import { isForbiddenKey, redact } from './privacy.js'
import { OTHER } from './semconv.js'

/** Longest name (model, provider, tool, …) kept, in characters. */
export const NAME_LIMIT = 256
/** Most tags kept on one operation, and the longest tag value, in characters. */
export const TAG_LIMIT = 32
export const TAG_VALUE_LIMIT = 1000
/** Largest token count believed: 1e12. What is beyond is a defect somewhere, and unknown. */
export const TOKEN_LIMIT = 1e12
/** Longest duration believed: 1e10 ms, 115 days. */
export const DURATION_LIMIT_MS = 1e10
/** Latest time believed: 9e12 ms, the year 2255. OTLP writes times as 64 bits of nanoseconds, and one that does not fit spoils its whole batch. */
export const TIME_LIMIT_MS = 9e12
/** Most groups of chunk gaps kept on one operation. */
const GAP_GROUP_LIMIT = 32

/** An operation whose every field may be relied on. */
export type CleanOperation = Operation & { readonly operation: string; readonly startTime: number }

/** One that may leave the process: it can be told from every other. */
export type IdentifiedOperation = CleanOperation & { readonly id: string }

export type CleanerOptions = {
  /** Turns an identity into what may leave the process. */
  readonly hashIdentity: (identity: string) => string
  /** Told the field each time a value had to be left out. */
  readonly onDiscard: (field: string) => void
}

// What would break a line of text, or is no character at all: control characters, line and paragraph separators, lone surrogates.
// Most text is neither long nor odd, which is quicker to see than to mend.
const PLAIN = new RegExp(`^[ -~]{1,${NAME_LIMIT}}$`)
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu

function cleanText(text: string, limit: number): string {
  if (PLAIN.test(text) && text.length <= limit) return text
  return (text.length > limit ? text.slice(0, limit) : text).replace(UNPRINTABLE, '\ufffd')
}

// Names of models and providers repeat: remembering what each became spares the pattern. Bounded, since names come from the wire.
const cleanNames = new Map<string, string>()

/** A name as it may leave the process; `undefined` for what is none. */
export function cleanName(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const known = cleanNames.get(value)
  if (known !== undefined) return known
  const clean = cleanText(value, NAME_LIMIT)
  if (value.length <= NAME_LIMIT) {
    if (cleanNames.size >= 5000) cleanNames.clear()
    cleanNames.set(value, clean)
  }
  return clean
}

/** A number between 0 and `limit`; `undefined` for anything else. */
export function cleanNumber(value: unknown, limit: number): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= limit ? value : undefined
}

/** A whole number between 0 and `limit`; `undefined` for anything else. */
export function cleanInteger(value: unknown, limit: number): number | undefined {
  return Number.isInteger(value) ? cleanNumber(value, limit) : undefined
}

/** What a span gives the operation it stands for. */
export type SpanIdentity = {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  /** Epoch milliseconds. */
  readonly startTime: number
}

/**
 * A function that cleans one operation; `undefined` when it is not an operation at all. `recordedAt`: epoch milliseconds.
 * `span`: the identity it has from its span.
 */
export function createCleaner({ hashIdentity, onDiscard }: CleanerOptions) {
  function name(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') {
      onDiscard(field)
      return undefined
    }
    return cleanName(value)
  }

  /** A name that does not come again: remembered, it would push out those that do. */
  function unique(value: unknown, field: string): string | undefined {
    return typeof value === 'string' && value !== '' ? cleanText(value, NAME_LIMIT) : name(value, field)
  }

  function atMost(value: unknown, limit: number, field: string): number | undefined {
    if (value === undefined || value === null) return undefined
    const number = cleanNumber(value, limit)
    if (number === undefined) onDiscard(field)
    return number
  }

  function count(value: unknown, field: string): number | undefined {
    const number = atMost(value, TOKEN_LIMIT, field)
    if (number === undefined || Number.isInteger(number)) return number
    onDiscard(field)
    return undefined
  }

  function byModality(value: unknown, field: string): TokensByModality | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    const tokens = value as TokensByModality
    const clean: { [modality in Modality]?: number | undefined } = {
      text: count(tokens.text, field),
      image: count(tokens.image, field),
      audio: count(tokens.audio, field),
    }
    return clean.text === undefined && clean.image === undefined && clean.audio === undefined ? undefined : clean
  }

  function usage(value: unknown): Usage | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'object') {
      onDiscard('usage')
      return undefined
    }
    const raw = value as Usage
    const clean = {
      inputTokens: count(raw.inputTokens, 'usage.inputTokens'),
      outputTokens: count(raw.outputTokens, 'usage.outputTokens'),
      cacheReadTokens: count(raw.cacheReadTokens, 'usage.cacheReadTokens'),
      cacheWriteTokens: count(raw.cacheWriteTokens, 'usage.cacheWriteTokens'),
      cacheWrite1hTokens: count(raw.cacheWrite1hTokens, 'usage.cacheWrite1hTokens'),
      reasoningTokens: count(raw.reasoningTokens, 'usage.reasoningTokens'),
      inputByModality: byModality(raw.inputByModality, 'usage.inputByModality'),
      outputByModality: byModality(raw.outputByModality, 'usage.outputByModality'),
      cacheReadByModality: byModality(raw.cacheReadByModality, 'usage.cacheReadByModality'),
    }
    return clean.inputTokens === undefined && clean.outputTokens === undefined ? undefined : clean
  }

  function cost(value: unknown): Cost | undefined {
    if (value === undefined || value === null) return undefined
    const { nanoDollars, source, version } = value as Cost
    if (!Number.isSafeInteger(nanoDollars) || nanoDollars < 0) {
      onDiscard('cost')
      return undefined
    }
    return {
      nanoDollars,
      source: source === 'catalogue' || source === 'override' ? source : 'provider',
      version: name(version, 'cost.version'),
    }
  }

  function error(value: unknown): OperationError | undefined {
    if (value === undefined || value === null) return undefined
    const raw = (typeof value === 'object' ? value : { type: value }) as OperationError
    const code: unknown = raw.code
    return {
      type: name(raw.type, 'error.type') ?? OTHER,
      code: typeof code === 'number' ? String(code) : name(code, 'error.code'),
      message: typeof raw.message === 'string' ? redact(cleanText(raw.message, 4000)) : undefined,
    }
  }

  function gaps(value: unknown): readonly number[] | undefined {
    if (!Array.isArray(value) || value.length === 0) return undefined
    const clean: number[] = []
    for (let index = 0; index < value.length && index < 2 * GAP_GROUP_LIMIT; index += 2) {
      const ms = cleanNumber(value[index], DURATION_LIMIT_MS)
      const times = cleanNumber(value[index + 1], TOKEN_LIMIT)
      if (ms !== undefined && times !== undefined && Number.isInteger(times)) clean.push(ms, times)
      else onDiscard('outputChunkGaps')
    }
    if (value.length > 2 * GAP_GROUP_LIMIT) onDiscard('outputChunkGaps')
    return clean
  }

  function tags(value: unknown): { readonly [key: string]: TagValue } | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    const clean: { [key: string]: TagValue } = Object.create(null)
    let kept = 0
    for (const key of Object.keys(value)) {
      const tag = (value as { [key: string]: unknown })[key]
      if (tag === undefined || tag === null) continue
      const scalar =
        typeof tag === 'string' || typeof tag === 'boolean' || (typeof tag === 'number' && Number.isFinite(tag))
      if (kept === TAG_LIMIT || !scalar || isForbiddenKey(key)) {
        onDiscard('tags')
        continue
      }
      clean[cleanText(key, NAME_LIMIT)] = typeof tag === 'string' ? redact(cleanText(tag, TAG_VALUE_LIMIT)) : tag
      kept++
    }
    return kept === 0 ? undefined : clean
  }

  function identity(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'string' || typeof value === 'number') return hashIdentity(String(value).slice(0, 4096))
    onDiscard(field)
    return undefined
  }

  function clean(operation: Operation, recordedAt: number, span: SpanIdentity | undefined): CleanOperation {
    const { traceId: rawTraceId, spanId: rawSpanId, sampled } = span ?? operation
    const traceId = hexId(rawTraceId, 32)
    const spanId = hexId(rawSpanId, 16)
    const durationMs = atMost(operation.durationMs, DURATION_LIMIT_MS, 'durationMs')
    const startTime =
      atMost(operation.startTime, TIME_LIMIT_MS, 'startTime') ?? span?.startTime ?? recordedAt - (durationMs ?? 0)
    return {
      id: unique(operation.id, 'id') ?? (traceId && spanId ? `${traceId}-${spanId}` : undefined),
      operation: name(operation.operation, 'operation') ?? OTHER,
      provider: name(operation.provider, 'provider'),
      requestModel: name(operation.requestModel, 'requestModel'),
      responseModel: name(operation.responseModel, 'responseModel'),
      startTime,
      durationMs,
      timeToFirstChunkMs: atMost(operation.timeToFirstChunkMs, DURATION_LIMIT_MS, 'timeToFirstChunkMs'),
      outputChunks: count(operation.outputChunks, 'outputChunks'),
      outputChunkGaps: gaps(operation.outputChunkGaps),
      streamed: operation.streamed === true,
      usage: usage(operation.usage),
      cost: cost(operation.cost),
      error: error(operation.error),
      finishReason: name(operation.finishReason, 'finishReason'),
      toolName: name(operation.toolName, 'toolName'),
      toolType: name(operation.toolType, 'toolType'),
      agentName: name(operation.agentName, 'agentName'),
      workflowName: name(operation.workflowName, 'workflowName'),
      inferenceCalls: count(operation.inferenceCalls, 'inferenceCalls'),
      toolCalls: count(operation.toolCalls, 'toolCalls'),
      serverAddress: name(operation.serverAddress, 'serverAddress'),
      serverPort: count(operation.serverPort, 'serverPort'),
      retries: count(operation.retries, 'retries'),
      serviceTier: name(operation.serviceTier, 'serviceTier'),
      responseId: unique(operation.responseId, 'responseId'),
      service: name(operation.service, 'service'),
      environment: name(operation.environment, 'environment'),
      region: name(operation.region, 'region'),
      traceId,
      spanId,
      sampled: sampled === true,
      conversationId: identity(operation.conversationId, 'conversationId'),
      userId: identity(operation.userId, 'userId'),
      tags: tags(operation.tags),
    }
  }

  return (operation: unknown, recordedAt: number, span?: SpanIdentity): CleanOperation | undefined => {
    if (typeof operation !== 'object' || operation === null) return undefined
    try {
      return clean(operation as Operation, recordedAt, span)
    } catch {
      // A getter or a proxy of the caller's that throws: it cannot be read, so it cannot be counted by its numbers.
      return undefined
    }
  }
}

/** `operation` with an id, made where it has none. */
export function identified(operation: CleanOperation): IdentifiedOperation {
  // It is the SDK's own object, of one shape with all others: set in place, that stays so.
  ;(operation as { id?: string | undefined }).id ??= uuidv7(operation.startTime)
  return operation as IdentifiedOperation
}

function hexId(value: unknown, length: number): string | undefined {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value) ? value : undefined
}

const randomPool = new Uint8Array(8192)
let randomUsed = randomPool.length

/** A UUID of version 7 (RFC 9562): ordered by `time` (epoch milliseconds), unique by 74 random bits. */
export function uuidv7(time: number): string {
  if (randomUsed === randomPool.length) {
    randomFillSync(randomPool)
    randomUsed = 0
  }
  const random = Buffer.from(randomPool.buffer, randomUsed, 16).toString('hex')
  randomUsed += 16
  const milliseconds = Math.floor(Math.min(time, 2 ** 48 - 1))
    .toString(16)
    .padStart(12, '0')
  const variant = '89ab'[randomPool[randomUsed - 1]! & 3]
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(3, 6)}-${random.slice(6, 18)}`
}
