/** Attributes of the conventions, of every edition since v1.27, and of those who write them with names of their own added. */
import { attribute, modalityUsage, type TokensByModality } from 'tokmeter/core'
import type { Attributes, AttributeValue } from '../otlp/decoded.js'
import { firstText, isFalse, isTrue, numberOf, secondsOf, textOf } from './attribute-value.js'
import type { Draft } from './draft.js'
import { sentCost } from './money.js'
import { providerNamed } from './provider.js'
import { type SentUsage, sentUsage } from './usage.js'

/** Names before v1.37 and before the rewrite of 2026, and those of instrumentations. */
const older = {
  system: 'gen_ai.system',
  promptTokens: 'gen_ai.usage.prompt_tokens',
  completionTokens: 'gen_ai.usage.completion_tokens',
  cacheCreation: 'gen_ai.usage.cache_creation.input_tokens',
  // OpenLLMetry
  cacheReadFlat: 'gen_ai.usage.cache_read_input_tokens',
  cacheCreationFlat: 'gen_ai.usage.cache_creation_input_tokens',
  reasoningFlat: 'gen_ai.usage.reasoning_tokens',
  firstFinishReason: 'gen_ai.completion.0.finish_reason',
  // LangSmith, Logfire
  cacheReadDetail: 'gen_ai.usage.input_token_details.cache_read',
  cacheReadDetails: 'gen_ai.usage.details.cache_read_tokens',
  reasoningDetail: 'gen_ai.usage.output_token_details.reasoning',
  reasoningDetails: 'gen_ai.usage.details.reasoning_tokens',
  // OpenLIT
  isStream: 'gen_ai.request.is_stream',
  timeToFirstToken: 'gen_ai.server.time_to_first_token',
  cost: 'gen_ai.usage.cost',
  // The AI SDK
  timeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  openaiServiceTier: 'gen_ai.openai.response.service_tier',
} as const

/** Proposed for the conventions (semantic-conventions-genai#443), and what others use until then. */
const cost = {
  amount: 'gen_ai.usage.cost.amount',
  currency: 'gen_ai.usage.cost.currency',
  source: 'gen_ai.usage.cost.source',
  litellm: 'gen_ai.cost.total_cost',
  logfire: 'operation.cost',
} as const

const status = 'http.response.status_code'
const session = 'session.id'
const endUser = 'enduser.id'

const inputByModality = modalities('input_tokens')
const outputByModality = modalities('output_tokens')
const cacheReadByModality = modalities('cache_read.input_tokens')

function modalities(kind: Parameters<typeof modalityUsage>[1]) {
  return { text: modalityUsage('text', kind), image: modalityUsage('image', kind), audio: modalityUsage('audio', kind) }
}

/** Those that only a span or an event of a GenAI operation has. */
export const conventionMarkers: readonly string[] = [
  attribute.operationName,
  attribute.providerName,
  attribute.requestModel,
  attribute.responseModel,
  attribute.inputTokens,
  attribute.outputTokens,
  older.system,
  older.promptTokens,
  older.completionTokens,
]

export const conventionDetails: readonly string[] = [
  attribute.requestStream,
  attribute.responseId,
  attribute.finishReasons,
  attribute.timeToFirstChunk,
  attribute.cacheReadTokens,
  attribute.cacheWriteTokens,
  attribute.reasoningTokens,
  attribute.agentName,
  attribute.toolName,
  attribute.toolType,
  attribute.workflowName,
  attribute.conversationId,
  attribute.openaiServiceTier,
  attribute.errorType,
  attribute.serverAddress,
  attribute.serverPort,
  attribute.userId,
  ...Object.values(older),
  ...Object.values(cost),
  ...Object.values(inputByModality),
  ...Object.values(outputByModality),
  ...Object.values(cacheReadByModality),
  status,
  session,
  endUser,
]

/** The provider that an item names, by the name of any edition. */
export function conventionProvider(attributes: Attributes): string | undefined {
  return providerNamed(textOf(attributes[attribute.providerName]) ?? textOf(attributes[older.system]))
}

/** The HTTP status of an item. */
export function conventionStatus(attributes: Attributes): AttributeValue | undefined {
  return attributes[status]
}

/** Whether an item has a count of tokens. */
export function hasUsage(attributes: Attributes): boolean {
  return (
    attributes[attribute.inputTokens] !== undefined ||
    attributes[attribute.outputTokens] !== undefined ||
    attributes[older.promptTokens] !== undefined ||
    attributes[older.completionTokens] !== undefined
  )
}

/** Fills in all that the attributes of the conventions say, but for the operation's name and its failure. */
export function readConventions(draft: Draft, attributes: Attributes): void {
  draft.provider = conventionProvider(attributes)
  draft.requestModel = textOf(attributes[attribute.requestModel])
  draft.responseModel = textOf(attributes[attribute.responseModel])
  draft.responseId = textOf(attributes[attribute.responseId])
  draft.finishReason = firstText(attributes[attribute.finishReasons]) ?? textOf(attributes[older.firstFinishReason])
  // OpenLIT sends a time to the first token for answers that came whole, too.
  const isWhole = isFalse(attributes[older.isStream])
  draft.timeToFirstChunkMs = isWhole
    ? undefined
    : secondsOf(
        attributes[attribute.timeToFirstChunk] ??
          attributes[older.timeToFirstChunk] ??
          attributes[older.timeToFirstToken],
      )
  draft.streamed =
    isTrue(attributes[attribute.requestStream]) ||
    isTrue(attributes[older.isStream]) ||
    draft.timeToFirstChunkMs !== undefined
  draft.usage = conventionUsage(attributes)
  draft.cost = conventionCost(attributes)
  draft.agentName = textOf(attributes[attribute.agentName])
  draft.toolName = textOf(attributes[attribute.toolName])
  draft.toolType = textOf(attributes[attribute.toolType])
  draft.workflowName = textOf(attributes[attribute.workflowName])
  draft.serverAddress = textOf(attributes[attribute.serverAddress])
  draft.serverPort = numberOf(attributes[attribute.serverPort])
  draft.serviceTier = textOf(attributes[attribute.openaiServiceTier]) ?? textOf(attributes[older.openaiServiceTier])
  draft.conversationId = textOf(attributes[attribute.conversationId]) ?? textOf(attributes[session])
  draft.userId = textOf(attributes[attribute.userId]) ?? textOf(attributes[endUser])
}

function conventionUsage(attributes: Attributes): SentUsage | undefined {
  const usage = sentUsage(
    numberOf(attributes[attribute.inputTokens] ?? attributes[older.promptTokens]),
    numberOf(attributes[attribute.outputTokens] ?? attributes[older.completionTokens]),
    numberOf(
      attributes[attribute.cacheReadTokens] ??
        attributes[older.cacheReadFlat] ??
        attributes[older.cacheReadDetail] ??
        attributes[older.cacheReadDetails],
    ),
    numberOf(
      attributes[attribute.cacheWriteTokens] ?? attributes[older.cacheCreation] ?? attributes[older.cacheCreationFlat],
    ),
    numberOf(
      attributes[attribute.reasoningTokens] ??
        attributes[older.reasoningFlat] ??
        attributes[older.reasoningDetail] ??
        attributes[older.reasoningDetails],
    ),
  )
  if (usage === undefined) return undefined
  const input = byModality(attributes, inputByModality)
  const output = byModality(attributes, outputByModality)
  const cacheRead = byModality(attributes, cacheReadByModality)
  if (input === undefined && output === undefined && cacheRead === undefined) return usage
  return { ...usage, inputByModality: input, outputByModality: output, cacheReadByModality: cacheRead }
}

function byModality(
  attributes: Attributes,
  names: { readonly text: string; readonly image: string; readonly audio: string },
): TokensByModality | undefined {
  const text = numberOf(attributes[names.text])
  const image = numberOf(attributes[names.image])
  const audio = numberOf(attributes[names.audio])
  return text === undefined && image === undefined && audio === undefined ? undefined : { text, image, audio }
}

function conventionCost(attributes: Attributes): Draft['cost'] {
  if (attributes[cost.amount] !== undefined) {
    const currency = textOf(attributes[cost.currency])
    if (currency !== undefined && currency !== 'USD') return undefined
    return sentCost(attributes[cost.amount], attributes[cost.source] === 'local' ? 'sender' : undefined)
  }
  return (
    sentCost(attributes[older.cost], 'sender') ??
    sentCost(attributes[cost.litellm], 'sender') ??
    sentCost(attributes[cost.logfire], 'sender')
  )
}
