/**
 * Gemini CLI, as its version 0.61 sends it: events of API responses, API errors and tool calls. Each response is told three times,
 * by an event of its own, by one of the conventions and by a span; the first says most, and is the one counted.
 */
import { OTHER, operationName } from 'tokmeter/core'
import type { Attributes, AttributeValue, LogRecord } from '../otlp/decoded.js'
import { firstText, isFalse, numberOf, textOf } from './attribute-value.js'
import type { Dialect, Origin } from './dialect.js'
import { type Draft, draftOf } from './draft.js'
import { type SentUsage, sentUsage } from './usage.js'

const name = {
  model: 'model',
  duration: 'duration_ms',
  input: 'input_token_count',
  output: 'output_token_count',
  cached: 'cached_content_token_count',
  thoughts: 'thoughts_token_count',
  tool: 'tool_token_count',
  status: 'status_code',
  error: 'error',
  errorMessage: 'error.message',
  errorType: 'error.type',
  olderErrorType: 'error_type',
  finishReasons: 'finish_reasons',
  auth: 'auth_type',
  role: 'role',
  function: 'function_name',
  toolType: 'tool_type',
  success: 'success',
  session: 'session.id',
  timestamp: 'event.timestamp',
} as const

const PREFIX = 'gemini_cli.'
const SCOPE = 'gemini-cli'

export const geminiCli: Dialect = {
  name: 'gemini_cli',
  markers: [],
  details: Object.values(name),

  span(_span, origin) {
    return isOwn(origin) ? 'ignored' : undefined
  },

  logRecord(record, origin) {
    const { eventName, attributes } = record
    if (!eventName.startsWith(PREFIX)) return isOwn(origin) ? 'ignored' : undefined
    const draft = operationOf(eventName.slice(PREFIX.length), attributes)
    if (draft === undefined) return 'ignored'
    draft.durationMs = numberOf(attributes[name.duration])
    draft.startTime = endOf(record) - (draft.durationMs ?? 0)
    draft.conversationId = textOf(attributes[name.session])
    draft.traceId = record.traceId
    return draft
  },
}

/** When what the event tells was over: the record's own time is when it was written, milliseconds later. */
function endOf({ time, attributes }: LogRecord): number {
  const end = Date.parse(textOf(attributes[name.timestamp]) ?? '')
  return Number.isNaN(end) ? time : end
}

function isOwn({ scope, service }: Origin): boolean {
  return scope.name === SCOPE || service === SCOPE
}

function operationOf(event: string, attributes: Attributes): Draft | undefined {
  switch (event) {
    case 'api_response': {
      const draft = modelCall(attributes)
      // The one that answered. Its event by the conventions says it was the one asked for, too.
      draft.responseModel = draft.requestModel
      draft.usage = usageOf(attributes)
      draft.finishReason = finishReasonOf(attributes[name.finishReasons])
      return draft
    }
    case 'api_error': {
      const draft = modelCall(attributes)
      draft.error = errorOf(attributes)
      return draft
    }
    case 'tool_call':
      return toolRun(attributes)
    default:
      return undefined
  }
}

function modelCall(attributes: Attributes): Draft {
  const draft = draftOf(operationName.generateContent)
  draft.provider = attributes[name.auth] === 'vertex-ai' ? 'gcp.vertex_ai' : 'gcp.gemini'
  draft.requestModel = textOf(attributes[name.model])
  const role = textOf(attributes[name.role])
  if (role !== undefined) draft.tags = { role }
  return draft
}

/** A reason for each chunk of the stream, `stop` for those that had none: where there is another, it is the answer's. */
function finishReasonOf(value: AttributeValue | undefined): string | undefined {
  if (!Array.isArray(value)) return firstText(value)
  return firstText(value.filter((reason) => reason !== 'stop')) ?? firstText(value)
}

/** Gemini's output leaves out thoughts, its input what tools put in. Where nothing was reported it sends zeros: that is unknown. */
function usageOf(attributes: Attributes): SentUsage | undefined {
  const input = numberOf(attributes[name.input])
  const output = numberOf(attributes[name.output])
  const thoughts = numberOf(attributes[name.thoughts])
  const tool = numberOf(attributes[name.tool])
  if (!input && !output && !thoughts) return undefined
  return sentUsage(
    input === undefined ? undefined : input + (tool ?? 0),
    output === undefined ? undefined : output + (thoughts ?? 0),
    numberOf(attributes[name.cached]),
    undefined,
    thoughts,
  )
}

function errorOf(attributes: Attributes): Draft['error'] {
  const status = numberOf(attributes[name.status])
  const code = status === undefined ? undefined : String(status)
  return {
    type: errorTypeOf(attributes) ?? code ?? OTHER,
    code,
    message: textOf(attributes[name.errorMessage]) ?? textOf(attributes[name.error]),
  }
}

function errorTypeOf(attributes: Attributes): string | undefined {
  return textOf(attributes[name.errorType]) ?? textOf(attributes[name.olderErrorType])
}

function toolRun(attributes: Attributes): Draft {
  const draft = draftOf(operationName.executeTool)
  draft.toolName = textOf(attributes[name.function])
  draft.toolType = attributes[name.toolType] === 'mcp' ? 'extension' : 'function'
  // The text of a tool's error has what it was given and what it gave out: content.
  if (isFalse(attributes[name.success])) {
    draft.error = { type: errorTypeOf(attributes) ?? OTHER, code: undefined, message: undefined }
  }
  return draft
}
