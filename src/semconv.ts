/**
 * Every standard name, unit and bucket list that tokmeter uses, and its own names beside them.
 *
 * Source: OpenTelemetry GenAI semantic conventions, open-telemetry/semantic-conventions-genai, main as of November 2026
 * (manifest gen-ai-dev/1.42.0-dev); the older names: semantic-conventions v1.41.0. The npm package
 * `@opentelemetry/semantic-conventions` carries only the older ones, which is why they are written out here.
 */

/** Schema URL of the conventions whose names are used by default. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev'

/** Attribute names. */
export const attribute = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  responseId: 'gen_ai.response.id',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  tokenModality: 'gen_ai.token.modality',
  tokenType: 'gen_ai.token.type',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_write.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  agentName: 'gen_ai.agent.name',
  toolName: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
  workflowName: 'gen_ai.workflow.name',
  conversationId: 'gen_ai.conversation.id',
  openaiServiceTier: 'openai.response.service_tier',
  errorType: 'error.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  userId: 'user.id',
  // tokmeter's own
  operationId: 'tokmeter.operation.id',
  durationMs: 'tokmeter.operation.duration_ms',
  outputChunks: 'tokmeter.operation.output_chunks',
  /** Gaps between chunks, grouped: milliseconds, how many, milliseconds, … */
  outputChunkGaps: 'tokmeter.operation.output_chunk_gaps',
  retries: 'tokmeter.operation.retries',
  inferenceCalls: 'tokmeter.operation.inference_calls',
  toolCalls: 'tokmeter.operation.tool_calls',
  costNanoDollars: 'tokmeter.cost.nano_dollars',
  costSource: 'tokmeter.cost.source',
  costVersion: 'tokmeter.cost.version',
  errorCode: 'tokmeter.error.code',
  errorMessage: 'tokmeter.error.message',
  cacheWrite1hTokens: 'tokmeter.usage.cache_write_1h.input_tokens',
  /** Before a tag's own name, where a view makes it an attribute, and on events. */
  tagPrefix: 'tokmeter.tag.',
  reason: 'tokmeter.reason',
  signal: 'tokmeter.signal',
  outcome: 'tokmeter.outcome',
  attributeKey: 'tokmeter.attribute',
  field: 'tokmeter.field',
  client: 'tokmeter.client',
  clientVersion: 'tokmeter.client.version',
} as const

/** Usage attributes by modality, as they stand on spans and events: `gen_ai.usage.audio.input_tokens`. */
export const modalityUsage = (modality: string, kind: 'input_tokens' | 'output_tokens' | 'cache_read.input_tokens') =>
  `gen_ai.usage.${modality}.${kind}`

/** Metric names. */
export const metric = {
  inferenceDuration: 'gen_ai.client.inference.duration',
  inferenceTimeToFirstChunk: 'gen_ai.client.inference.time_to_first_chunk',
  inferenceTimePerOutputChunk: 'gen_ai.client.inference.time_per_output_chunk',
  inferenceUsageInput: 'gen_ai.client.inference.usage.input_tokens',
  inferenceUsageOutput: 'gen_ai.client.inference.usage.output_tokens',
  inferenceUsageCacheRead: 'gen_ai.client.inference.usage.cache_read.input_tokens',
  inferenceUsageCacheWrite: 'gen_ai.client.inference.usage.cache_write.input_tokens',
  inferenceUsageReasoning: 'gen_ai.client.inference.usage.reasoning.output_tokens',
  inferenceOperationInput: 'gen_ai.client.inference.operation.input_tokens',
  inferenceOperationOutput: 'gen_ai.client.inference.operation.output_tokens',
  embeddingsDuration: 'gen_ai.client.embeddings.duration',
  embeddingsOperationInput: 'gen_ai.client.embeddings.operation.input_tokens',
  operationDuration: 'gen_ai.client.operation.duration',
  executeToolDuration: 'gen_ai.execute_tool.duration',
  invokeAgentDuration: 'gen_ai.invoke_agent.duration',
  invokeAgentInferenceCalls: 'gen_ai.invoke_agent.inference_calls',
  invokeAgentToolCalls: 'gen_ai.invoke_agent.tool_calls',
  invokeWorkflowDuration: 'gen_ai.invoke_workflow.duration',
  // v1.41
  tokenUsage: 'gen_ai.client.token.usage',
  operationTimeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  operationTimePerOutputChunk: 'gen_ai.client.operation.time_per_output_chunk',
  // tokmeter's own
  cost: 'tokmeter.operation.cost',
  usageMissing: 'tokmeter.operation.usage_missing',
  unpriced: 'tokmeter.operation.unpriced',
  retries: 'tokmeter.operation.retries',
  sdkRecorded: 'tokmeter.sdk.operations.recorded',
  sdkMeasured: 'tokmeter.sdk.operations.measured',
  sdkDropped: 'tokmeter.sdk.operations.dropped',
  sdkBufferSize: 'tokmeter.sdk.buffer.size',
  sdkBufferCapacity: 'tokmeter.sdk.buffer.capacity',
  sdkOpen: 'tokmeter.sdk.operations.open',
  sdkExports: 'tokmeter.sdk.exports',
  sdkEventsExported: 'tokmeter.sdk.events.exported',
  sdkEventsDropped: 'tokmeter.sdk.events.dropped',
  sdkAttributeOverflow: 'tokmeter.sdk.attribute.overflow',
  sdkDiscarded: 'tokmeter.sdk.values.discarded',
  sdkUntestedClients: 'tokmeter.sdk.clients.untested',
  sdkSubscriberLag: 'tokmeter.sdk.subscribers.lag',
} as const

/** Names of log events. */
export const event = {
  inference: 'gen_ai.client.inference.operation.details',
  /** Everything that is not an inference has no event name of the conventions yet. */
  operation: 'tokmeter.operation.details',
} as const

/** Units, in UCUM. */
export const unit = {
  seconds: 's',
  tokens: '{token}',
  dollars: 'USD',
  operations: '{operation}',
  inferenceCalls: '{inference_call}',
  toolCalls: '{tool_call}',
  retries: '{retry}',
  exports: '{export}',
  events: '{event}',
  values: '{value}',
  clients: '{client}',
} as const

/** Explicit bucket boundaries. */
export const boundaries = {
  duration: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  tokens: [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  agent: [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6],
  workflow: [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200],
  calls: [1, 2, 4, 8, 16, 32, 64, 128],
  /** USD. No standard yet: from a hundredth of a cent, the price of a short call to a small model, to ten dollars. */
  cost: [0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
} as const

/** Operation names of the conventions that are model inference. */
export const INFERENCE_OPERATIONS: ReadonlySet<string> = new Set(['chat', 'generate_content', 'text_completion'])

/** What stands for a value that is not named: the conventions' fallback for `error.type`, and an attribute value beyond the limit. */
export const OTHER = '_OTHER'

/** OpenTelemetry's own mark of a series that gathers what is beyond a cardinality limit. */
export const OVERFLOW_ATTRIBUTE = 'otel.metric.overflow'

/** Operation names of the conventions that tokmeter itself treats apart. */
export const operationName = {
  chat: 'chat',
  textCompletion: 'text_completion',
  generateContent: 'generate_content',
  embeddings: 'embeddings',
  executeTool: 'execute_tool',
  invokeAgent: 'invoke_agent',
  invokeWorkflow: 'invoke_workflow',
} as const
