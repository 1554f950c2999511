/** An operation as the attributes of its span and of its event: the same names and values on both. Never on a metric. */
import type { Attributes, AttributeValue } from '@opentelemetry/api'
import type { Operation, TokensByModality, Usage } from './operation.js'
import { attribute, modalityUsage } from './semconv.js'

/** What takes attributes: a span, or what gathers those of an event. */
type Target = { setAttribute(name: string, value: AttributeValue): unknown }

/** What of an operation is known at its begin and told to samplers, as the conventions list it. */
export type Begun = Pick<Operation, 'operation' | 'provider' | 'requestModel' | 'serverAddress' | 'serverPort'>

/** Nothing told yet: no operation is called like this. */
const NOTHING: Begun = { operation: '' }

class Gathered implements Target {
  readonly attributes: Attributes = {}

  setAttribute(name: string, value: AttributeValue): void {
    this.attributes[name] = value
  }
}

/** Everything known of an operation, in the conventions' names and tokmeter's own. No content: there is none. */
export function operationAttributes(operation: Operation): Attributes {
  const gathered = new Gathered()
  setAttributes(gathered, operation, NOTHING)
  set(gathered, attribute.durationMs, operation.durationMs)
  return gathered.attributes
}

/** The attributes a span begins with. */
export function begunAttributes(begun: Begun): Attributes {
  const gathered = new Gathered()
  setBegun(gathered, begun, NOTHING)
  return gathered.attributes
}

/**
 * Sets everything known of an operation on its span, but what `begun` told it: setting that again would cost as much as the first time.
 * How long it lasted a span says by itself.
 */
export function setAttributes(span: Target, operation: Operation, begun: Begun): void {
  const { usage, cost, error, provider, tags, finishReason, timeToFirstChunkMs, outputChunkGaps } = operation
  setBegun(span, operation, begun)
  if (operation.streamed) span.setAttribute(attribute.requestStream, true)
  set(span, attribute.responseModel, operation.responseModel)
  set(span, attribute.responseId, operation.responseId)
  if (finishReason !== undefined) span.setAttribute(attribute.finishReasons, [finishReason])
  if (timeToFirstChunkMs !== undefined) span.setAttribute(attribute.timeToFirstChunk, timeToFirstChunkMs / 1000)
  if (usage !== undefined) setUsage(span, usage)
  set(span, attribute.agentName, operation.agentName)
  set(span, attribute.toolName, operation.toolName)
  set(span, attribute.toolType, operation.toolType)
  set(span, attribute.workflowName, operation.workflowName)
  set(span, attribute.inferenceCalls, operation.inferenceCalls)
  set(span, attribute.toolCalls, operation.toolCalls)
  set(span, attribute.conversationId, operation.conversationId)
  set(span, attribute.userId, operation.userId)
  if (error !== undefined) {
    span.setAttribute(attribute.errorType, error.type)
    set(span, attribute.errorCode, error.code)
    set(span, attribute.errorMessage, error.message)
  }
  set(span, attribute.outputChunks, operation.outputChunks)
  if (outputChunkGaps?.length) span.setAttribute(attribute.outputChunkGaps, [...outputChunkGaps])
  set(span, attribute.retries, operation.retries)
  if (cost !== undefined) {
    span.setAttribute(attribute.costNanoDollars, cost.nanoDollars)
    span.setAttribute(attribute.costSource, cost.source)
    set(span, attribute.costVersion, cost.version)
  }
  if (provider === 'openai') set(span, attribute.openaiServiceTier, operation.serviceTier)
  if (tags !== undefined) {
    for (const [tag, value] of Object.entries(tags)) span.setAttribute(attribute.tagPrefix + tag, value)
  }
}

function setBegun(span: Target, operation: Begun, begun: Begun): void {
  const { operation: name, provider, requestModel, serverAddress, serverPort } = operation
  if (name !== begun.operation) span.setAttribute(attribute.operationName, name)
  if (provider !== begun.provider) set(span, attribute.providerName, provider)
  if (requestModel !== begun.requestModel) set(span, attribute.requestModel, requestModel)
  if (serverAddress !== begun.serverAddress) set(span, attribute.serverAddress, serverAddress)
  if (serverPort !== begun.serverPort) set(span, attribute.serverPort, serverPort)
}

function setUsage(span: Target, usage: Usage): void {
  set(span, attribute.inputTokens, usage.inputTokens)
  set(span, attribute.outputTokens, usage.outputTokens)
  set(span, attribute.cacheReadTokens, usage.cacheReadTokens)
  set(span, attribute.cacheWriteTokens, usage.cacheWriteTokens)
  set(span, attribute.cacheWrite1hTokens, usage.cacheWrite1hTokens)
  set(span, attribute.reasoningTokens, usage.reasoningTokens)
  setModalities(span, usage.inputByModality, 'input_tokens')
  setModalities(span, usage.outputByModality, 'output_tokens')
  setModalities(span, usage.cacheReadByModality, 'cache_read.input_tokens')
}

function setModalities(
  span: Target,
  tokens: TokensByModality | undefined,
  kind: Parameters<typeof modalityUsage>[1],
): void {
  if (tokens === undefined) return
  for (const modality of ['text', 'image', 'audio'] as const) set(span, modalityUsage(modality, kind), tokens[modality])
}

function set(span: Target, name: string, value: string | number | undefined): void {
  if (value !== undefined) span.setAttribute(name, value)
}
