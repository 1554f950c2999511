/**
 * Operations as bytes, column by column: a batch has few models and services, so a text that repeats is written once, and numbers
 * stand side by side. Written out field by field, since a loop over names of fields takes three times as long.
 */
import { crc32 } from 'node:zlib'
import type { Operation } from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'
import { ColumnReader, ColumnWriter } from './columns.js'

// Each operation has two words of 32 bits that tell which fields are there. The bits and the order of the fields are the format
// of the data directory: a new field takes a bit of its own at the end of its function, in both directions, and nothing moves.
const ID_OF_SPAN = 1 << 31
const HAS_ID = 1 << 30
const HAS_USAGE = 1 << 8
const HAS_COST = 1 << 20
const HAS_ERROR = 1 << 25

type Writable<T> = { -readonly [field in keyof T]: T[field] }
type Usage = NonNullable<Operation['usage']>
type Cost = NonNullable<Operation['cost']>
type Failure = NonNullable<Operation['error']>

function writeOperation(columns: ColumnWriter, operation: IdentifiedOperation): void {
  const { id, traceId, spanId, usage, cost, error } = operation
  const at = columns.reserveBits()
  let bits = 0
  bits |= columns.word(operation.operation, 1 << 0)
  bits |= columns.word(operation.provider, 1 << 1)
  bits |= columns.word(operation.requestModel, 1 << 2)
  bits |= columns.word(operation.responseModel, 1 << 3)
  bits |= columns.number(operation.startTime, 1 << 4)
  bits |= columns.number(operation.durationMs, 1 << 5)
  bits |= columns.number(operation.timeToFirstChunkMs, 1 << 6)
  bits |= columns.number(operation.outputChunks, 1 << 7)
  bits |= columns.json(operation.outputChunkGaps, 1 << 8)
  bits |= columns.flag(operation.streamed, 1 << 9)
  bits |= columns.word(operation.finishReason, 1 << 10)
  bits |= columns.word(operation.toolName, 1 << 11)
  bits |= columns.word(operation.toolType, 1 << 12)
  bits |= columns.word(operation.agentName, 1 << 13)
  bits |= columns.word(operation.workflowName, 1 << 14)
  bits |= columns.number(operation.inferenceCalls, 1 << 15)
  bits |= columns.number(operation.toolCalls, 1 << 16)
  bits |= columns.word(operation.serverAddress, 1 << 17)
  bits |= columns.number(operation.serverPort, 1 << 18)
  bits |= columns.number(operation.retries, 1 << 19)
  bits |= columns.word(operation.serviceTier, 1 << 20)
  bits |= columns.text(operation.responseId, 1 << 21)
  bits |= columns.word(operation.service, 1 << 22)
  bits |= columns.word(operation.environment, 1 << 23)
  bits |= columns.word(operation.region, 1 << 24)
  // Most ids are those of the span, and not written again.
  const isIdOfSpan = spanId !== undefined && id === `${traceId}-${spanId}`
  if (!isIdOfSpan) bits |= columns.text(id, HAS_ID)
  let details = isIdOfSpan ? ID_OF_SPAN : 0
  details |= columns.text(operation.traceId, 1 << 0)
  details |= columns.text(operation.spanId, 1 << 1)
  details |= columns.flag(operation.sampled, 1 << 2)
  details |= columns.text(operation.conversationId, 1 << 3)
  details |= columns.text(operation.userId, 1 << 4)
  details |= columns.record(operation.tags, 1 << 5)
  if (usage !== undefined) details |= HAS_USAGE | writeUsage(columns, usage)
  if (cost !== undefined) details |= HAS_COST | writeCost(columns, cost)
  if (error !== undefined) details |= HAS_ERROR | writeError(columns, error)
  columns.setBits(at, bits, details)
}

function readOperation(columns: ColumnReader): IdentifiedOperation {
  const bits = columns.bits()
  const details = columns.bits()
  const operation = { id: '', operation: '', startTime: 0 } as Writable<IdentifiedOperation>
  readCall(columns, operation, bits)
  if (bits & HAS_ID) operation.id = columns.text()
  readContext(columns, operation, details)
  if (details & ID_OF_SPAN) operation.id = `${operation.traceId}-${operation.spanId}`
  if (details & HAS_USAGE) operation.usage = readUsage(columns, details)
  if (details & HAS_COST) operation.cost = readCost(columns, details)
  if (details & HAS_ERROR) operation.error = readError(columns, details)
  return operation
}

function readCall(columns: ColumnReader, operation: Writable<IdentifiedOperation>, bits: number): void {
  if (bits & (1 << 0)) operation.operation = columns.word()
  if (bits & (1 << 1)) operation.provider = columns.word()
  if (bits & (1 << 2)) operation.requestModel = columns.word()
  if (bits & (1 << 3)) operation.responseModel = columns.word()
  if (bits & (1 << 4)) operation.startTime = columns.number()
  if (bits & (1 << 5)) operation.durationMs = columns.number()
  if (bits & (1 << 6)) operation.timeToFirstChunkMs = columns.number()
  if (bits & (1 << 7)) operation.outputChunks = columns.number()
  if (bits & (1 << 8)) operation.outputChunkGaps = columns.json() as typeof operation.outputChunkGaps
  if (bits & (1 << 9)) operation.streamed = columns.flag()
  if (bits & (1 << 10)) operation.finishReason = columns.word()
  if (bits & (1 << 11)) operation.toolName = columns.word()
  if (bits & (1 << 12)) operation.toolType = columns.word()
  if (bits & (1 << 13)) operation.agentName = columns.word()
  if (bits & (1 << 14)) operation.workflowName = columns.word()
  if (bits & (1 << 15)) operation.inferenceCalls = columns.number()
  if (bits & (1 << 16)) operation.toolCalls = columns.number()
  if (bits & (1 << 17)) operation.serverAddress = columns.word()
  if (bits & (1 << 18)) operation.serverPort = columns.number()
  if (bits & (1 << 19)) operation.retries = columns.number()
  if (bits & (1 << 20)) operation.serviceTier = columns.word()
  if (bits & (1 << 21)) operation.responseId = columns.text()
  if (bits & (1 << 22)) operation.service = columns.word()
  if (bits & (1 << 23)) operation.environment = columns.word()
  if (bits & (1 << 24)) operation.region = columns.word()
}

function readContext(columns: ColumnReader, operation: Writable<IdentifiedOperation>, bits: number): void {
  if (bits & (1 << 0)) operation.traceId = columns.text()
  if (bits & (1 << 1)) operation.spanId = columns.text()
  if (bits & (1 << 2)) operation.sampled = columns.flag()
  if (bits & (1 << 3)) operation.conversationId = columns.text()
  if (bits & (1 << 4)) operation.userId = columns.text()
  if (bits & (1 << 5)) operation.tags = columns.record()
}

function writeUsage(columns: ColumnWriter, usage: Usage): number {
  let bits = 0
  bits |= columns.number(usage.inputTokens, 1 << 9)
  bits |= columns.number(usage.outputTokens, 1 << 10)
  bits |= columns.number(usage.cacheReadTokens, 1 << 11)
  bits |= columns.number(usage.cacheWriteTokens, 1 << 12)
  bits |= columns.number(usage.cacheWrite1hTokens, 1 << 13)
  bits |= columns.number(usage.reasoningTokens, 1 << 14)
  bits |= columns.json(usage.inputByModality, 1 << 15)
  bits |= columns.json(usage.outputByModality, 1 << 16)
  bits |= columns.json(usage.cacheReadByModality, 1 << 17)
  return bits
}

function readUsage(columns: ColumnReader, bits: number): Usage {
  const usage = {} as Writable<Usage>
  if (bits & (1 << 9)) usage.inputTokens = columns.number()
  if (bits & (1 << 10)) usage.outputTokens = columns.number()
  if (bits & (1 << 11)) usage.cacheReadTokens = columns.number()
  if (bits & (1 << 12)) usage.cacheWriteTokens = columns.number()
  if (bits & (1 << 13)) usage.cacheWrite1hTokens = columns.number()
  if (bits & (1 << 14)) usage.reasoningTokens = columns.number()
  if (bits & (1 << 15)) usage.inputByModality = columns.json() as typeof usage.inputByModality
  if (bits & (1 << 16)) usage.outputByModality = columns.json() as typeof usage.outputByModality
  if (bits & (1 << 17)) usage.cacheReadByModality = columns.json() as typeof usage.cacheReadByModality
  return usage
}

function writeCost(columns: ColumnWriter, cost: Cost): number {
  let bits = 0
  bits |= columns.number(cost.nanoDollars, 1 << 21)
  bits |= columns.word(cost.source, 1 << 22)
  bits |= columns.word(cost.version, 1 << 23)
  return bits
}

function readCost(columns: ColumnReader, bits: number): Cost {
  const cost = {} as Writable<Cost>
  if (bits & (1 << 21)) cost.nanoDollars = columns.number()
  if (bits & (1 << 22)) cost.source = columns.word() as typeof cost.source
  if (bits & (1 << 23)) cost.version = columns.word()
  return cost
}

function writeError(columns: ColumnWriter, error: Failure): number {
  let bits = 0
  bits |= columns.word(error.type, 1 << 26)
  bits |= columns.word(error.code, 1 << 27)
  bits |= columns.text(error.message, 1 << 28)
  return bits
}

function readError(columns: ColumnReader, bits: number): Failure {
  const error = {} as Writable<Failure>
  if (bits & (1 << 26)) error.type = columns.word()
  if (bits & (1 << 27)) error.code = columns.word()
  if (bits & (1 << 28)) error.message = columns.text()
  return error
}

/** Words of 32 bits before the columns: a checksum of all that follows, and how many operations there are. */
const HEADER_BYTES = 8

export function encodeOperations(operations: readonly IdentifiedOperation[]): Buffer {
  const columns = new ColumnWriter()
  for (const operation of operations) writeOperation(columns, operation)
  const bytes = columns.toBytes(HEADER_BYTES)
  bytes.writeUInt32LE(operations.length, 4)
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
  return bytes
}

/** The operations again; undefined when the bytes are not those that were written. */
export function decodeOperations(bytes: Buffer): IdentifiedOperation[] | undefined {
  if (bytes.length < HEADER_BYTES || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined
  const columns = new ColumnReader(bytes, HEADER_BYTES)
  return Array.from({ length: bytes.readUInt32LE(4) }, () => readOperation(columns))
}
