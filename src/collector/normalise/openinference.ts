/** OpenInference (Arize Phoenix): spans of a kind of their own naming, `llm.*` attributes. */
import { operationName } from 'tokmeter/core'
import type { Attributes, AttributeValue } from '../otlp/decoded.js'
import { firstText, numberOf, textOf } from './attribute-value.js'
import type { Dialect } from './dialect.js'
import { draftOf } from './draft.js'
import { failureOf } from './failure.js'
import { sentCost } from './money.js'
import { providerNamed } from './provider.js'
import { type SentUsage, sentUsage } from './usage.js'

const name = {
  kind: 'openinference.span.kind',
  model: 'llm.model_name',
  requestModel: 'llm.request.model_name',
  responseModel: 'llm.response.model_name',
  provider: 'llm.provider',
  system: 'llm.system',
  invocationParameters: 'llm.invocation_parameters',
  finishReason: 'llm.finish_reason',
  input: 'llm.token_count.prompt',
  output: 'llm.token_count.completion',
  cacheRead: 'llm.token_count.prompt_details.cache_read',
  cacheWrite: 'llm.token_count.prompt_details.cache_write',
  inputAudio: 'llm.token_count.prompt_details.audio',
  reasoning: 'llm.token_count.completion_details.reasoning',
  outputAudio: 'llm.token_count.completion_details.audio',
  cost: 'llm.cost.total',
  embeddingModel: 'embedding.model_name',
  rerankerModel: 'reranker.model_name',
  tool: 'tool.name',
  agent: 'agent.name',
  session: 'session.id',
  user: 'user.id',
  status: 'http.response.status_code',
} as const

/** Kinds that are operations. Chains, prompts, guardrails and evaluators are steps around them. */
const OPERATIONS: ReadonlyMap<AttributeValue | undefined, string> = new Map([
  ['LLM', operationName.chat],
  ['EMBEDDING', operationName.embeddings],
  ['TOOL', operationName.executeTool],
  ['AGENT', operationName.invokeAgent],
  ['RETRIEVER', 'retrieval'],
  ['RERANKER', 'rerank'],
])

export const openinference: Dialect = {
  name: 'openinference',
  markers: [name.kind],
  details: Object.values(name),

  span(span) {
    const { attributes } = span
    if (attributes[name.kind] === undefined) return undefined
    const operation = OPERATIONS.get(attributes[name.kind])
    if (operation === undefined) return 'ignored'
    const draft = draftOf(operation)
    draft.startTime = span.startTime
    draft.durationMs = span.durationMs
    draft.provider = providerNamed(textOf(attributes[name.provider]) ?? textOf(attributes[name.system]))
    draft.requestModel =
      textOf(attributes[name.requestModel]) ??
      textOf(attributes[name.model]) ??
      textOf(attributes[name.embeddingModel]) ??
      textOf(attributes[name.rerankerModel])
    draft.responseModel = textOf(attributes[name.responseModel])
    draft.finishReason = firstText(attributes[name.finishReason])
    draft.streamed = asksForStream(attributes[name.invocationParameters])
    draft.usage = usageOf(attributes)
    draft.cost = sentCost(attributes[name.cost], 'sender')
    draft.error = failureOf(span, undefined, attributes[name.status])
    if (operation === operationName.executeTool) draft.toolName = textOf(attributes[name.tool]) ?? span.name
    if (operation === operationName.invokeAgent) draft.agentName = textOf(attributes[name.agent]) ?? span.name
    draft.conversationId = textOf(attributes[name.session])
    draft.userId = textOf(attributes[name.user])
    return draft
  },
}

/** Whether the parameters of a call, written as JSON, ask for a stream. Nothing else of them is looked at. */
function asksForStream(parameters: AttributeValue | undefined): boolean {
  return typeof parameters === 'string' && /"stream"\s*:\s*true/.test(parameters)
}

function usageOf(attributes: Attributes): SentUsage | undefined {
  const usage = sentUsage(
    numberOf(attributes[name.input]),
    numberOf(attributes[name.output]),
    numberOf(attributes[name.cacheRead]),
    numberOf(attributes[name.cacheWrite]),
    numberOf(attributes[name.reasoning]),
  )
  const inputAudio = numberOf(attributes[name.inputAudio])
  const outputAudio = numberOf(attributes[name.outputAudio])
  if (usage === undefined || (inputAudio === undefined && outputAudio === undefined)) return usage
  return {
    ...usage,
    inputByModality: inputAudio === undefined ? undefined : { audio: inputAudio },
    outputByModality: outputAudio === undefined ? undefined : { audio: outputAudio },
  }
}
