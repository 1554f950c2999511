/** Langfuse's SDKs: spans that are observations of a type, with their usage and cost written as JSON. What has the conventions' attributes as well is read by those. */
import { attribute, OTHER, operationName } from 'tokmeter/core'
import type { AttributeValue, Span } from '../otlp/decoded.js'
import { numberOf, textOf } from './attribute-value.js'
import type { Dialect } from './dialect.js'
import { type Draft, draftOf } from './draft.js'
import { failureOf } from './failure.js'
import { sentCost } from './money.js'
import { type SentUsage, sentUsage } from './usage.js'

const name = {
  type: 'langfuse.observation.type',
  model: 'langfuse.observation.model.name',
  parameters: 'langfuse.observation.model.parameters',
  usage: 'langfuse.observation.usage_details',
  cost: 'langfuse.observation.cost_details',
  level: 'langfuse.observation.level',
  message: 'langfuse.observation.status_message',
  firstChunk: 'langfuse.observation.completion_start_time',
  session: 'session.id',
  user: 'user.id',
} as const

/** Types that are operations. Spans, events, chains, evaluators and guardrails are steps around them. */
const OPERATIONS: ReadonlyMap<AttributeValue | undefined, string> = new Map([
  ['generation', operationName.chat],
  ['embedding', operationName.embeddings],
  ['tool', operationName.executeTool],
  ['agent', operationName.invokeAgent],
  ['retriever', 'retrieval'],
])

/** How its wrapper of the `openai` client names what it observes, unless it is told another name: by the client's class. */
const WRAPPED = /^(Azure)?OpenAI\.(\w+)/

export const langfuse: Dialect = {
  name: 'langfuse',
  markers: [name.type],
  details: Object.values(name),

  span(span) {
    const { attributes } = span
    if (attributes[name.type] === undefined || attributes[attribute.operationName] !== undefined) return undefined
    const operation = OPERATIONS.get(attributes[name.type])
    if (operation === undefined) return 'ignored'
    const [wrapped, isAzure, method] = WRAPPED.exec(span.name) ?? []
    // The wrapper calls everything a generation.
    const draft = draftOf(method === 'embeddings' ? operationName.embeddings : operation)
    draft.startTime = span.startTime
    draft.durationMs = span.durationMs
    if (wrapped !== undefined) draft.provider = isAzure === undefined ? 'openai' : 'azure.ai.openai'
    // The model asked for, until the answer names another.
    draft.requestModel = textOf(attributes[name.model])
    draft.streamed = asksForStream(attributes[name.parameters])
    draft.timeToFirstChunkMs = timeToFirstChunkOf(span)
    draft.usage = usageOf(numbersOf(attributes[name.usage]))
    draft.cost = sentCost(numbersOf(attributes[name.cost])['total'], 'sender')
    draft.error = errorOf(span)
    if (operation === operationName.executeTool) draft.toolName = span.name
    if (operation === operationName.invokeAgent) draft.agentName = span.name
    draft.conversationId = textOf(attributes[name.session])
    draft.userId = textOf(attributes[name.user])
    return draft
  },
}

/** Whether the parameters of a call, written as JSON, ask for a stream. Nothing else of them is looked at. */
function asksForStream(parameters: AttributeValue | undefined): boolean {
  return typeof parameters === 'string' && /"stream"\s*:\s*true/.test(parameters)
}

/** From a time that is written as JSON, and as whole milliseconds: it can be before the start by a fraction of one. */
function timeToFirstChunkOf({ attributes, startTime }: Span): number | undefined {
  const time = Date.parse(textOf(attributes[name.firstChunk])?.replaceAll('"', '') ?? '')
  return Number.isNaN(time) ? undefined : Math.max(0, time - startTime)
}

function errorOf(span: Span): Draft['error'] {
  const failure = failureOf(span)
  if (failure !== undefined || span.attributes[name.level] !== 'ERROR') return failure
  return { type: OTHER, message: textOf(span.attributes[name.message]) }
}

type Numbers = { readonly [key: string]: number | undefined }

/** The numbers of a map that is written as JSON. What was cut on its way, or is none, has none. */
function numbersOf(json: AttributeValue | undefined): Numbers {
  const numbers: { [key: string]: number } = Object.create(null)
  if (typeof json !== 'string' || !json.startsWith('{')) return numbers
  let read: object
  try {
    read = JSON.parse(json)
  } catch {
    return numbers
  }
  for (const [key, value] of Object.entries(read)) {
    const number = numberOf(value)
    if (number !== undefined) numbers[key] = number
  }
  return numbers
}

/**
 * Its counts are of parts, each under a name that tells whether it is input or output, and add up; `input` and `output` are what is
 * left beside the parts. Parts of input can overlap (what was cached is text, too): where all is told, input is what is not output.
 */
function usageOf(told: Numbers): SentUsage | undefined {
  const output = sumOf(told, /output/) ?? told['completion_tokens']
  const all = told['total'] ?? told['total_tokens']
  const parts = sumOf(told, /input/) ?? told['prompt_tokens']
  const input = parts !== undefined && all !== undefined && all >= (output ?? 0) ? all - (output ?? 0) : parts
  return sentUsage(
    input,
    output,
    told['input_cached_tokens'] ?? told['cache_read_input_tokens'] ?? told['input_cache_read'],
    told['cache_creation_input_tokens'] ?? told['input_cache_creation'],
    told['output_reasoning_tokens'] ?? told['output_reasoning'],
  )
}

function sumOf(told: Numbers, key: RegExp): number | undefined {
  let sum: number | undefined
  for (const one in told) if (key.test(one)) sum = (sum ?? 0) + told[one]!
  return sum
}
