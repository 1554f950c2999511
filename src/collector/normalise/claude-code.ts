/**
 * Claude Code, as documented in its monitoring page of November 2026: events of API requests and tools, and the same as spans where
 * its tracing is on. Both carry the id of the request, which makes them one operation.
 */
import { OTHER, operationName } from 'tokmeter/core'
import type { Attributes, LogRecord } from '../otlp/decoded.js'
import { firstText, isFalse, numberOf, textOf } from './attribute-value.js'
import type { Dialect } from './dialect.js'
import { type Draft, draftOf } from './draft.js'
import { sentCost } from './money.js'
import { providerNamed } from './provider.js'
import { sentUsage } from './usage.js'

const name = {
  model: 'model',
  cost: 'cost_usd',
  duration: 'duration_ms',
  input: 'input_tokens',
  output: 'output_tokens',
  cacheRead: 'cache_read_tokens',
  cacheCreation: 'cache_creation_tokens',
  timeToFirstToken: 'ttft_ms',
  request: 'request_id',
  attempt: 'attempt',
  error: 'error',
  errorType: 'error_type',
  status: 'status_code',
  success: 'success',
  stopReason: 'stop_reason',
  speed: 'speed',
  source: 'query_source',
  agent: 'agent.name',
  tool: 'tool_name',
  toolUse: 'tool_use_id',
  session: 'session.id',
  user: 'user.id',
  account: 'user.account_uuid',
  system: 'gen_ai.system',
  toolCall: 'gen_ai.tool.call.id',
} as const

const PREFIX = 'claude_code.'
const SERVICE = 'claude-code'

export const claudeCode: Dialect = {
  name: 'claude_code',
  markers: [name.system, name.toolCall],
  details: Object.values(name),

  span(span) {
    if (!span.name.startsWith(PREFIX)) return undefined
    const { attributes } = span
    const draft =
      span.name === 'claude_code.llm_request'
        ? request(attributes)
        : span.name === 'claude_code.tool'
          ? toolRun(attributes)
          : undefined
    // Without an id it could not be told from its event, which is sent by default when this span is not.
    if (draft?.id === undefined) return 'ignored'
    draft.startTime = span.startTime
    draft.durationMs = span.durationMs
    draft.traceId = span.traceId
    draft.spanId = span.spanId
    return draft
  },

  logRecord(record, { service }) {
    const event = eventOf(record, service)
    if (event === undefined) return undefined
    const { attributes } = record
    const draft =
      event === 'api_request' || event === 'api_error'
        ? request(attributes, event === 'api_error')
        : event === 'tool_result'
          ? toolRun(attributes)
          : undefined
    if (draft === undefined) return 'ignored'
    draft.durationMs = numberOf(attributes[name.duration])
    draft.startTime = record.time - (draft.durationMs ?? 0)
    // Of its trace, but not of its span: that is the one of the whole interaction.
    draft.traceId = record.traceId
    return draft
  },
}

/** The event's name without its prefix, which its attribute leaves out. */
function eventOf({ eventName }: LogRecord, service: string): string | undefined {
  if (eventName.startsWith(PREFIX)) return eventName.slice(PREFIX.length)
  return service === SERVICE ? eventName : undefined
}

function request(attributes: Attributes, isError = false): Draft {
  const draft = draftOf(operationName.chat)
  const id = textOf(attributes[name.request])
  const model = textOf(attributes[name.model])
  draft.id = id && `claude_code-${id}`
  draft.provider = providerNamed(textOf(attributes[name.system])) ?? 'anthropic'
  draft.requestModel = model
  // Its name for the model with a long context: claude-opus-5[1m].
  draft.responseModel = model?.replace(/\[[^\]]*\]$/, '')
  draft.responseId = id
  draft.finishReason = firstText(attributes[name.stopReason])
  draft.timeToFirstChunkMs = numberOf(attributes[name.timeToFirstToken])
  draft.streamed = draft.timeToFirstChunkMs !== undefined
  draft.serviceTier = attributes[name.speed] === 'fast' ? 'fast' : undefined
  draft.cost = sentCost(attributes[name.cost], 'claude_code')
  draft.usage = usageOf(attributes)
  const attempts = numberOf(attributes[name.attempt])
  draft.retries = attempts === undefined ? undefined : Math.max(0, attempts - 1)
  if (isError || isFalse(attributes[name.success])) {
    const status = numberOf(attributes[name.status])
    const code = status === undefined ? undefined : String(status)
    draft.error = { type: code ?? OTHER, code, message: textOf(attributes[name.error]) }
  }
  readSession(draft, attributes)
  const source = textOf(attributes[name.source])
  if (source !== undefined) draft.tags = { query_source: source }
  return draft
}

/** Its input leaves out what was cached, as Anthropic's own count does. */
function usageOf(attributes: Attributes): Draft['usage'] {
  const input = numberOf(attributes[name.input])
  const cacheRead = numberOf(attributes[name.cacheRead])
  const cacheWrite = numberOf(attributes[name.cacheCreation])
  const all = input === undefined ? undefined : input + (cacheRead ?? 0) + (cacheWrite ?? 0)
  return sentUsage(all, numberOf(attributes[name.output]), cacheRead, cacheWrite, undefined)
}

function toolRun(attributes: Attributes): Draft {
  const draft = draftOf(operationName.executeTool)
  const id = textOf(attributes[name.toolUse]) ?? textOf(attributes[name.toolCall])
  draft.id = id && `claude_code-${id}`
  draft.toolName = textOf(attributes[name.tool])
  // What a tool gave out is content, the text of its error with it, which is there when its details are to be logged.
  if (isFalse(attributes[name.success])) {
    draft.error = { type: textOf(attributes[name.errorType]) ?? OTHER, code: undefined, message: undefined }
  }
  readSession(draft, attributes)
  return draft
}

function readSession(draft: Draft, attributes: Attributes): void {
  draft.agentName = textOf(attributes[name.agent])
  draft.conversationId = textOf(attributes[name.session])
  draft.userId = textOf(attributes[name.account]) ?? textOf(attributes[name.user])
}
