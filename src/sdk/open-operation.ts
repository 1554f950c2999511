/** A unit of work between its begin and its end: what was seen of it so far, and the operation it becomes. */
import { GAP_BUCKETS, gapBucket } from '../instruments.js'
import type { Operation, OperationError } from '../operation.js'
import type { OperationEnd, OperationStart } from './capture.js'
import type { OperationSpan } from './tracing.js'

/** The state of an operation under way. Its handle refers to it, and it to its handle only while it is young. */
export class OpenOperation {
  readonly start: OperationStart & { readonly startTime: number }
  readonly startedAt = performance.now()
  readonly span: OperationSpan | undefined
  ended = false
  /** Those begun before and after it, among what is open. */
  older: OpenOperation | undefined = undefined
  newer: OpenOperation | undefined = undefined
  /** Its handle while it is young: afterwards the handle can be collected. */
  handle: object | undefined = undefined
  /** The collection of its handle will be told. */
  isWatched = false
  retries = 0
  chunks = 0
  firstChunkAt = 0
  /** When something was last heard of it, on the clock of `startedAt`; 0 when nothing was. */
  heardAt = 0
  /** Sum and count of the gaps of each bucket, in turn: a stream of any length takes the same room. */
  gaps: number[] | undefined

  constructor(start: OperationStart, beginSpan: (operation: Operation) => OperationSpan | undefined) {
    // A copy: what the caller's object does later, when it is read again, cannot fail the end. Field by field, since on
    // Node 20 a spread gives every object a shape of its own, and reading it later is many times slower.
    this.start = {
      operation: start.operation,
      provider: start.provider,
      requestModel: start.requestModel,
      startTime: Date.now(),
      streamed: start.streamed,
      toolName: start.toolName,
      toolType: start.toolType,
      agentName: start.agentName,
      workflowName: start.workflowName,
      serverAddress: start.serverAddress,
      serverPort: start.serverPort,
      conversationId: start.conversationId,
      userId: start.userId,
      tags: start.tags,
    }
    this.span = beginSpan(this.start)
  }

  firstChunk(): void {
    if (this.firstChunkAt === 0) this.heardAt = this.firstChunkAt = performance.now()
  }

  chunk(): void {
    const now = performance.now()
    if (this.firstChunkAt === 0) this.firstChunkAt = now
    else {
      // The first one was told by `firstChunk`, which alone says nothing of how many there are.
      if (this.chunks === 0) this.chunks = 1
      const gap = now - this.heardAt
      const bucket = 2 * gapBucket(gap)
      this.gaps ??= new Array(2 * GAP_BUCKETS).fill(0)
      this.gaps[bucket]! += gap
      this.gaps[bucket + 1]! += 1
    }
    this.chunks++
    this.heardAt = now
  }

  toOperation(
    fields: OperationEnd | undefined,
    error: OperationError | undefined,
    durationMs: number | undefined,
  ): Operation {
    const { start } = this
    const streamed = fields?.streamed ?? start.streamed
    const isSilent = streamed === true && this.firstChunkAt === 0
    // One shape for all that instrumentations record, whatever of it is known: shapes of their own would cost each of them
    // 200 bytes of the buffer and ten times the time, on Node 20 at least. What is rarely there is put in afterwards.
    const operation: Mutable<Operation> = {
      operation: fields?.operation ?? start.operation,
      provider: fields?.provider ?? start.provider,
      requestModel: fields?.requestModel ?? start.requestModel,
      responseModel: shared(fields?.responseModel),
      startTime: start.startTime,
      durationMs,
      timeToFirstChunkMs: this.firstChunkAt === 0 ? fields?.timeToFirstChunkMs : this.firstChunkAt - this.startedAt,
      outputChunks: fields?.outputChunks ?? (this.chunks > 0 || isSilent ? this.chunks : undefined),
      outputChunkGaps: this.gaps === undefined ? fields?.outputChunkGaps : meansOf(this.gaps),
      streamed,
      usage: fields?.usage,
      finishReason: shared(fields?.finishReason),
      serverAddress: fields?.serverAddress ?? start.serverAddress,
      serverPort: fields?.serverPort ?? start.serverPort,
      serviceTier: shared(fields?.serviceTier),
      responseId: fields?.responseId,
    }
    if (error !== undefined) operation.error = error
    if (hasRareStart(start) || (fields !== undefined && hasRareEnd(fields))) {
      for (const field of RARE_FIELDS) {
        const value = fields?.[field] ?? (start as OperationEnd)[field]
        if (value !== undefined) (operation as { [field: string]: unknown })[field] = value
      }
    }
    if (this.retries > 0) operation.retries = this.retries
    return operation
  }
}

// Written out: looking fields up by name, one after another, costs more than all the rest of `toOperation`.
function hasRareStart(start: OperationStart): boolean {
  const { toolName, toolType, agentName, workflowName, conversationId, userId, tags } = start
  return (toolName ?? toolType ?? agentName ?? workflowName ?? conversationId ?? userId ?? tags) !== undefined
}

function hasRareEnd(fields: OperationEnd): boolean {
  const { cost, retries, inferenceCalls, toolCalls, service, environment, region } = fields
  return (
    hasRareStart(fields as OperationStart) ||
    (cost ?? retries ?? inferenceCalls ?? toolCalls ?? service ?? environment ?? region) !== undefined
  )
}

const sharedTexts = new Map<string, string>()

/** One copy of a text for all operations that have it: every answer brings its own, and thousands of them may wait. */
function shared(text: string | undefined): string | undefined {
  if (typeof text !== 'string') return text
  const known = sharedTexts.get(text)
  if (known !== undefined) return known
  // From the wire, so bounded; what comes often is soon there again.
  if (sharedTexts.size >= 1000) sharedTexts.clear()
  sharedTexts.set(text, text)
  return text
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] }

/** Fields that few calls to a model have. */
const RARE_FIELDS = [
  'cost',
  'retries',
  'toolName',
  'toolType',
  'agentName',
  'workflowName',
  'inferenceCalls',
  'toolCalls',
  'service',
  'environment',
  'region',
  'conversationId',
  'userId',
  'tags',
] as const satisfies readonly (keyof OperationEnd)[]

/** Of the sums and counts of all buckets, the mean and the count of those that have any. */
function meansOf(gaps: readonly number[]): readonly number[] {
  let groups = 0
  for (let index = 1; index < gaps.length; index += 2) if (gaps[index] !== 0) groups++
  const means: number[] = new Array(2 * groups)
  let next = 0
  for (let index = 1; index < gaps.length; index += 2) {
    if (gaps[index] === 0) continue
    means[next++] = gaps[index - 1]! / gaps[index]!
    means[next++] = gaps[index]!
  }
  return means
}
