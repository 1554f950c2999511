/** What an event says, as an operation. */
import { type Operation, OTHER } from 'tokmeter/core'
import { type Event, isFailed } from './event-schema.js'

const NANO_DOLLARS_PER_MICRO = 1000

/** The operation of an event; still to be cleaned. */
export function operationOf(event: Event): Operation {
  const durationMs = event.duration_ms ?? undefined
  return {
    id: event.event_id,
    operation: event.operation ?? 'chat',
    // A sender that does not know the provider says so by this word.
    provider: event.provider === 'unknown' ? undefined : event.provider,
    requestModel: event.model,
    responseModel: event.response_model ?? undefined,
    responseId: event.response_id ?? undefined,
    // An event is written when its operation is over.
    startTime: Math.max(0, event.timestamp_ms - (durationMs ?? 0)),
    durationMs,
    timeToFirstChunkMs: event.time_to_first_chunk_ms ?? undefined,
    outputChunks: event.output_chunks ?? undefined,
    streamed: event.streamed ?? event.time_to_first_chunk_ms != null,
    usage: {
      inputTokens: event.input_tokens ?? undefined,
      outputTokens: event.output_tokens ?? undefined,
      cacheReadTokens: event.cache_read_tokens ?? undefined,
      cacheWriteTokens: event.cache_write_tokens ?? undefined,
      reasoningTokens: event.reasoning_tokens ?? undefined,
    },
    cost:
      event.cost_micros == null
        ? undefined
        : { nanoDollars: event.cost_micros * NANO_DOLLARS_PER_MICRO, source: 'provider' },
    error: errorOf(event),
    finishReason: event.finish_reason ?? undefined,
    toolName: event.tool_name ?? undefined,
    agentName: event.agent_id ?? undefined,
    workflowName: event.workflow_name ?? undefined,
    serverAddress: event.server_address ?? undefined,
    serverPort: event.server_port ?? undefined,
    retries: event.retries ?? undefined,
    service: event.service ?? undefined,
    environment: event.environment ?? undefined,
    region: event.region ?? undefined,
    traceId: event.trace_id ?? undefined,
    spanId: event.span_id ?? undefined,
    userId: event.user_id ?? undefined,
    conversationId: event.conversation_id ?? undefined,
    tags: { ...event.tags, ...(event.provider_id != null && { provider_id: event.provider_id }) },
  }
}

function errorOf(event: Event): Operation['error'] {
  if (!isFailed(event)) return undefined
  const code = event.error_code == null ? undefined : String(event.error_code)
  return { type: code ?? OTHER, code, message: event.error_message ?? undefined }
}
