/**
 * The AI SDK (`ai`): spans named `ai.*`, in pairs. The outer one is the function that was called, the inner one (`.doGenerate`) the
 * call of the model: only that is counted. What `@ai-sdk/otel` writes by the conventions is read as such.
 */
import { attribute, operationName, type TagValue } from 'tokmeter/core'
import type { Attributes } from '../otlp/decoded.js'
import { firstText, numberOf, tagsUnder, textOf } from './attribute-value.js'
import { conventionDetails, conventionProvider, conventionStatus, readConventions } from './conventions.js'
import type { Dialect } from './dialect.js'
import { type Draft, draftOf } from './draft.js'
import { failureOf } from './failure.js'
import { providerNamed } from './provider.js'
import { sentUsage } from './usage.js'

const name = {
  operation: 'ai.operationId',
  function: 'ai.telemetry.functionId',
  provider: 'ai.model.provider',
  model: 'ai.model.id',
  responseModel: 'ai.response.model',
  responseId: 'ai.response.id',
  finishReason: 'ai.response.finishReason',
  timeToFirstChunk: 'ai.response.msToFirstChunk',
  // Since version 5, before it, of embeddings.
  input: 'ai.usage.inputTokens',
  output: 'ai.usage.outputTokens',
  prompt: 'ai.usage.promptTokens',
  completion: 'ai.usage.completionTokens',
  tokens: 'ai.usage.tokens',
  cached: 'ai.usage.cachedInputTokens',
  cacheRead: 'ai.usage.inputTokenDetails.cacheReadTokens',
  cacheWrite: 'ai.usage.inputTokenDetails.cacheWriteTokens',
  reasoning: 'ai.usage.reasoningTokens',
  reasoningDetail: 'ai.usage.outputTokenDetails.reasoningTokens',
  tool: 'ai.toolCall.name',
} as const

const METADATA = 'ai.telemetry.metadata.'

/** Spans that are one whole operation without an inner one. */
const WHOLE: ReadonlyMap<string, string> = new Map([
  ['ai.toolCall', operationName.executeTool],
  ['ai.generateImage', 'generate_image'],
  ['ai.generateSpeech', 'generate_speech'],
  ['ai.generateVideo', 'generate_video'],
  ['ai.transcribe', 'transcribe'],
])

export const vercelAi: Dialect = {
  name: 'vercel_ai',
  markers: [name.operation],
  details: [...Object.values(name), ...conventionDetails],
  prefixes: [METADATA],

  span(span) {
    const id = textOf(span.attributes[name.operation])
    if (id === undefined) return undefined
    const operation = operationOf(id)
    if (operation === undefined) return 'ignored'
    const draft = draftOf(operation)
    readConventions(draft, span.attributes)
    readOwn(draft, span.attributes)
    draft.streamed = id.endsWith('.doStream')
    draft.startTime = span.startTime
    draft.durationMs = span.durationMs
    draft.error = failureOf(span, span.attributes[attribute.errorType], conventionStatus(span.attributes))
    return draft
  },
}

function operationOf(id: string): string | undefined {
  switch (id.slice(id.lastIndexOf('.') + 1)) {
    case 'doGenerate':
    case 'doStream':
      return operationName.chat
    case 'doEmbed':
      return operationName.embeddings
    case 'doRerank':
      return 'rerank'
    default:
      return WHOLE.get(id)
  }
}

function readOwn(draft: Draft, attributes: Attributes): void {
  draft.provider = providerNamed(textOf(attributes[name.provider])) ?? conventionProvider(attributes)
  draft.requestModel ??= textOf(attributes[name.model])
  draft.responseModel ??= textOf(attributes[name.responseModel])
  draft.responseId ??= textOf(attributes[name.responseId])
  draft.finishReason ??= firstText(attributes[name.finishReason])
  draft.timeToFirstChunkMs = numberOf(attributes[name.timeToFirstChunk])
  draft.toolName ??= textOf(attributes[name.tool])
  const usage = sentUsage(
    numberOf(attributes[name.input] ?? attributes[name.prompt] ?? attributes[name.tokens]),
    numberOf(attributes[name.output] ?? attributes[name.completion]),
    numberOf(attributes[name.cacheRead] ?? attributes[name.cached]),
    numberOf(attributes[name.cacheWrite]),
    numberOf(attributes[name.reasoningDetail] ?? attributes[name.reasoning]),
  )
  draft.usage = usage ?? draft.usage
  readMetadata(draft, attributes)
}

/** What the program says of the call: who it is for, and whatever else it chose, which become tags. */
function readMetadata(draft: Draft, attributes: Attributes): void {
  const tags: { [key: string]: TagValue } = tagsUnder(attributes, METADATA) ?? {}
  draft.userId ??= identity(tags, 'userId')
  draft.conversationId ??= identity(tags, 'sessionId') ?? identity(tags, 'conversationId')
  const functionId = textOf(attributes[name.function])
  if (functionId !== undefined) tags['functionId'] = functionId
  for (const _ in tags) {
    draft.tags = tags
    break
  }
}

/** Takes an identity out of the tags: it is hashed, tags are not. */
function identity(tags: { [key: string]: TagValue }, key: string): string | undefined {
  const value = tags[key]
  delete tags[key]
  return value === undefined ? undefined : String(value)
}
