/**
 * Codex (the CLI of OpenAI), as its source of autumn 2026 has it: events of completed responses, failed requests and tools. What its
 * spans say of tokens the events say too, and its spans have no id in common with them: only the events are counted.
 */
import { OTHER, operationName } from 'tokmeter/core'
import type { Attributes, LogRecord } from '../otlp/decoded.js'
import { isFalse, numberOf, textOf } from './attribute-value.js'
import type { Dialect } from './dialect.js'
import { type Draft, draftOf } from './draft.js'
import { sentUsage } from './usage.js'

const name = {
  kind: 'event.kind',
  model: 'model',
  input: 'input_token_count',
  output: 'output_token_count',
  cached: 'cached_token_count',
  cacheWrite: 'cache_write_token_count',
  reasoning: 'reasoning_token_count',
  timeToFirstToken: 'ttft_ms',
  duration: 'duration_ms',
  status: 'http.response.status_code',
  error: 'error.message',
  endpoint: 'endpoint',
  attempt: 'attempt',
  tool: 'tool_name',
  toolServer: 'mcp_server',
  success: 'success',
  conversation: 'conversation.id',
  account: 'user.account_id',
  totalTokens: 'codex.usage.total_tokens',
} as const

const PREFIX = 'codex.'
/** Twins of the events without what they say of persons, made for traces. */
const TWINS = 'codex_otel.trace_safe'

export const codex: Dialect = {
  name: 'codex',
  markers: [name.totalTokens],
  details: Object.values(name),

  span(span, { service, scope }) {
    const isOwn =
      span.attributes[name.totalTokens] !== undefined || service.startsWith('codex') || scope.name.startsWith('codex')
    return isOwn ? 'ignored' : undefined
  },

  logRecord(record, { scope }) {
    if (!record.eventName.startsWith(PREFIX)) return undefined
    if (scope.name.startsWith(TWINS)) return 'ignored'
    const draft = operationOf(record)
    if (draft === undefined) return 'ignored'
    const { attributes } = record
    draft.durationMs ??= numberOf(attributes[name.duration])
    draft.startTime = record.time - (draft.durationMs ?? 0)
    draft.conversationId = textOf(attributes[name.conversation])
    draft.userId = textOf(attributes[name.account])
    draft.traceId = record.traceId
    return draft
  },
}

function operationOf({ eventName, attributes }: LogRecord): Draft | undefined {
  switch (eventName) {
    case 'codex.sse_event':
      // Of the many events of a stream, the one that tells what became of it.
      return attributes[name.kind] === 'response.completed' ? completed(attributes) : undefined
    case 'codex.api_request':
      return isModelEndpoint(textOf(attributes[name.endpoint])) ? failed(attributes) : undefined
    case 'codex.websocket_request':
      return failed(attributes)
    case 'codex.tool_result':
      return toolRun(attributes)
    default:
      return undefined
  }
}

function modelCall(attributes: Attributes): Draft {
  const draft = draftOf(operationName.chat)
  draft.provider = 'openai'
  draft.requestModel = textOf(attributes[name.model])
  draft.streamed = true
  return draft
}

/** A response that came to its end, or broke off. A mere notice of the end, without counts, is there as well. */
function completed(attributes: Attributes): Draft | undefined {
  const usage = sentUsage(
    numberOf(attributes[name.input]),
    numberOf(attributes[name.output]),
    numberOf(attributes[name.cached]),
    numberOf(attributes[name.cacheWrite]),
    numberOf(attributes[name.reasoning]),
  )
  const message = textOf(attributes[name.error])
  if (usage === undefined && message === undefined) return undefined
  const draft = modelCall(attributes)
  draft.usage = usage
  draft.timeToFirstChunkMs = numberOf(attributes[name.timeToFirstToken])
  if (message !== undefined) draft.error = { type: OTHER, code: undefined, message }
  return draft
}

/** A request that failed before there was a response. Of one that did not, the completed response tells. */
function failed(attributes: Attributes): Draft | undefined {
  const status = numberOf(attributes[name.status])
  const message = textOf(attributes[name.error])
  if (message === undefined && (status === undefined || status < 400) && !isFalse(attributes[name.success])) {
    return undefined
  }
  const draft = modelCall(attributes)
  const code = status === undefined ? undefined : String(status)
  draft.error = { type: code ?? OTHER, code, message }
  return draft
}

/** Requests also go to lists of models and the like. */
function isModelEndpoint(endpoint: string | undefined): boolean {
  return endpoint === undefined || endpoint === 'unknown' || /\/(responses|completions)$/.test(endpoint)
}

function toolRun(attributes: Attributes): Draft {
  const draft = draftOf(operationName.executeTool)
  draft.toolName = textOf(attributes[name.tool])
  draft.toolType = textOf(attributes[name.toolServer]) === undefined ? 'function' : 'extension'
  // What the tool gave out is content, the error's text with it.
  if (isFalse(attributes[name.success])) draft.error = { type: OTHER, code: undefined, message: undefined }
  return draft
}
