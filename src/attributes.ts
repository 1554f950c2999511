/** An operation as the attributes of its span and of its event: the same names and values on both. Never on a metric. */
import type { Attributes, AttributeValue } from '@opentelemetry/api'
import type { Operation, TokensByModality, Usage } from './operation.js'
import { attribute, modalityUsage } from './semconv.js'

/** Everything known of an operation, in the conventions' names and tokmeter's own. No content: there is none. */
export function operationAttributes(operation: Operation): Attributes {
  const attributes: Attributes = {}
  visitAttributes(operation, (name, value) => {
    attributes[name] = value
  })
  return attributes
}

/** Tells `visit` every attribute of an operation that has a value. */
export function visitAttributes(operation: Operation, visit: (name: string, value: AttributeValue) => void): void {
  const { usage, cost, error, provider, serviceTier, tags, finishReason, timeToFirstChunkMs } = operation
  const set = (name: string, value: string | number | boolean | undefined) => {
    if (value !== undefined) visit(name, value)
  }
  set(attribute.operationName, operation.operation)
  set(attribute.providerName, provider)
  set(attribute.requestModel, operation.requestModel)
  if (operation.streamed) visit(attribute.requestStream, true)
  set(attribute.responseModel, operation.responseModel)
  set(attribute.responseId, operation.responseId)
  if (finishReason !== undefined) visit(attribute.finishReasons, [finishReason])
  if (timeToFirstChunkMs !== undefined) visit(attribute.timeToFirstChunk, timeToFirstChunkMs / 1000)
  if (usage !== undefined) visitUsage(usage, set)
  set(attribute.agentName, operation.agentName)
  set(attribute.toolName, operation.toolName)
  set(attribute.toolType, operation.toolType)
  set(attribute.workflowName, operation.workflowName)
  set(attribute.inferenceCalls, operation.inferenceCalls)
  set(attribute.toolCalls, operation.toolCalls)
  set(attribute.conversationId, operation.conversationId)
  set(attribute.userId, operation.userId)
  set(attribute.serverAddress, operation.serverAddress)
  set(attribute.serverPort, operation.serverPort)
  set(attribute.errorType, error?.type)
  set(attribute.errorCode, error?.code)
  set(attribute.errorMessage, error?.message)
  set(attribute.outputChunks, operation.outputChunks)
  if (operation.outputChunkGaps?.length) visit(attribute.outputChunkGaps, [...operation.outputChunkGaps])
  set(attribute.retries, operation.retries)
  set(attribute.durationMs, operation.durationMs)
  set(attribute.costNanoDollars, cost?.nanoDollars)
  set(attribute.costSource, cost?.source)
  set(attribute.costVersion, cost?.version)
  if (provider === 'openai') set(attribute.openaiServiceTier, serviceTier)
  if (tags !== undefined) for (const [tag, value] of Object.entries(tags)) visit(attribute.tagPrefix + tag, value)
}

function visitUsage(usage: Usage, set: (name: string, value: number | undefined) => void): void {
  set(attribute.inputTokens, usage.inputTokens)
  set(attribute.outputTokens, usage.outputTokens)
  set(attribute.cacheReadTokens, usage.cacheReadTokens)
  set(attribute.cacheWriteTokens, usage.cacheWriteTokens)
  set(attribute.cacheWrite1hTokens, usage.cacheWrite1hTokens)
  set(attribute.reasoningTokens, usage.reasoningTokens)
  visitModalities(usage.inputByModality, 'input_tokens', set)
  visitModalities(usage.outputByModality, 'output_tokens', set)
  visitModalities(usage.cacheReadByModality, 'cache_read.input_tokens', set)
}

function visitModalities(
  tokens: TokensByModality | undefined,
  kind: Parameters<typeof modalityUsage>[1],
  set: (name: string, value: number | undefined) => void,
): void {
  if (tokens === undefined) return
  for (const modality of ['text', 'image', 'audio'] as const) set(modalityUsage(modality, kind), tokens[modality])
}
