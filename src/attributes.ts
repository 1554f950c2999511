/** An operation as the attributes of its span and of its event: the same names and values on both. Never on a metric. */
import type { Attributes } from '@opentelemetry/api'
import type { Operation, TokensByModality } from './operation.js'
import { attribute, modalityUsage } from './semconv.js'

/** Everything known of an operation, in the conventions' names and tokmeter's own. No content: there is none. */
export function operationAttributes(operation: Operation): Attributes {
  const { usage, cost, error } = operation
  const attributes: Attributes = {}
  const set = (name: string, value: string | number | boolean | undefined) => {
    if (value !== undefined) attributes[name] = value
  }
  set(attribute.operationName, operation.operation)
  set(attribute.providerName, operation.provider)
  set(attribute.requestModel, operation.requestModel)
  if (operation.streamed) attributes[attribute.requestStream] = true
  set(attribute.responseModel, operation.responseModel)
  set(attribute.responseId, operation.responseId)
  if (operation.finishReason !== undefined) attributes[attribute.finishReasons] = [operation.finishReason]
  if (operation.timeToFirstChunkMs !== undefined)
    attributes[attribute.timeToFirstChunk] = operation.timeToFirstChunkMs / 1000
  set(attribute.inputTokens, usage?.inputTokens)
  set(attribute.outputTokens, usage?.outputTokens)
  set(attribute.cacheReadTokens, usage?.cacheReadTokens)
  set(attribute.cacheWriteTokens, usage?.cacheWriteTokens)
  set(attribute.cacheWrite1hTokens, usage?.cacheWrite1hTokens)
  set(attribute.reasoningTokens, usage?.reasoningTokens)
  setModalities(attributes, usage?.inputByModality, 'input_tokens')
  setModalities(attributes, usage?.outputByModality, 'output_tokens')
  setModalities(attributes, usage?.cacheReadByModality, 'cache_read.input_tokens')
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
  set(attribute.retries, operation.retries)
  set(attribute.durationMs, operation.durationMs)
  set(attribute.costNanoDollars, cost?.nanoDollars)
  set(attribute.costSource, cost?.source)
  set(attribute.costVersion, cost?.version)
  if (operation.provider === 'openai') set(attribute.openaiServiceTier, operation.serviceTier)
  if (operation.tags !== undefined) {
    for (const [tag, value] of Object.entries(operation.tags)) attributes[attribute.tagPrefix + tag] = value
  }
  return attributes
}

function setModalities(
  attributes: Attributes,
  tokens: TokensByModality | undefined,
  kind: Parameters<typeof modalityUsage>[1],
): void {
  if (tokens === undefined) return
  for (const modality of ['text', 'image', 'audio'] as const) {
    const count = tokens[modality]
    if (count !== undefined) attributes[modalityUsage(modality, kind)] = count
  }
}
