/** An operation while a dialect fills it in. All drafts have one shape, which is what makes reading them quick. */
import type { Cost, OperationError, TagValue, Usage } from 'tokmeter/core'

export type Draft = {
  id: string | undefined
  operation: string
  provider: string | undefined
  requestModel: string | undefined
  responseModel: string | undefined
  startTime: number | undefined
  durationMs: number | undefined
  timeToFirstChunkMs: number | undefined
  outputChunks: number | undefined
  outputChunkGaps: readonly number[] | undefined
  streamed: boolean
  usage: Usage | undefined
  cost: Cost | undefined
  error: OperationError | undefined
  finishReason: string | undefined
  toolName: string | undefined
  toolType: string | undefined
  agentName: string | undefined
  workflowName: string | undefined
  inferenceCalls: number | undefined
  toolCalls: number | undefined
  serverAddress: string | undefined
  serverPort: number | undefined
  retries: number | undefined
  serviceTier: string | undefined
  responseId: string | undefined
  service: string | undefined
  environment: string | undefined
  region: string | undefined
  traceId: string | undefined
  spanId: string | undefined
  sampled: boolean
  conversationId: string | undefined
  userId: string | undefined
  tags: { [key: string]: TagValue } | undefined
}

export function draftOf(operation: string): Draft {
  return {
    id: undefined,
    operation,
    provider: undefined,
    requestModel: undefined,
    responseModel: undefined,
    startTime: undefined,
    durationMs: undefined,
    timeToFirstChunkMs: undefined,
    outputChunks: undefined,
    outputChunkGaps: undefined,
    streamed: false,
    usage: undefined,
    cost: undefined,
    error: undefined,
    finishReason: undefined,
    toolName: undefined,
    toolType: undefined,
    agentName: undefined,
    workflowName: undefined,
    inferenceCalls: undefined,
    toolCalls: undefined,
    serverAddress: undefined,
    serverPort: undefined,
    retries: undefined,
    serviceTier: undefined,
    responseId: undefined,
    service: undefined,
    environment: undefined,
    region: undefined,
    traceId: undefined,
    spanId: undefined,
    sampled: false,
    conversationId: undefined,
    userId: undefined,
    tags: undefined,
  }
}
