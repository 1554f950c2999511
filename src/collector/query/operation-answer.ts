/** An operation as it is answered: the schema of what the SDK and the collector call one. What is absent is unknown. */
import * as z from 'zod'

const text = (description?: string) =>
  description === undefined ? z.string().optional() : z.string().optional().describe(description)
const whole = (description: string) => z.int().optional().describe(description)
const milliseconds = (description: string) => z.number().optional().describe(`${description}, in milliseconds`)
const byModality = (of: string) => z.record(z.string(), z.int().optional()).optional().describe(`${of}, by modality`)

const USAGE = z.strictObject({
  inputTokens: whole('all of them, cached ones among them'),
  outputTokens: whole('all of them, reasoning ones among them'),
  cacheReadTokens: whole('input tokens read from a cache'),
  cacheWriteTokens: whole('input tokens written to a cache'),
  cacheWrite1hTokens: whole('of those written, the ones kept for an hour'),
  reasoningTokens: whole('output tokens of reasoning'),
  inputByModality: byModality('input tokens'),
  outputByModality: byModality('output tokens'),
  cacheReadByModality: byModality('tokens read from a cache'),
})

export const OPERATION = z
  .strictObject({
    id: z.string().describe('traceId-spanId where there is a span'),
    operation: z.string().describe('chat, embeddings, execute_tool, invoke_agent, … or a name of the sender'),
    provider: text(),
    requestModel: text('the model that was asked for'),
    responseModel: text('the model that answered'),
    startTime: z.number().describe('milliseconds since 1970, with fractions'),
    durationMs: milliseconds('until the whole response, the error or the cancellation'),
    timeToFirstChunkMs: milliseconds('until the first chunk with content'),
    outputChunks: whole('chunks with content'),
    outputChunkGaps: z
      .array(z.number())
      .optional()
      .describe('gaps between chunks in pairs: milliseconds, and how many of about that length'),
    streamed: z.boolean().optional(),
    usage: USAGE.optional(),
    cost: z
      .strictObject({
        nanoDollars: z.int().describe('1e-9 US dollars'),
        source: z.enum(['provider', 'catalogue', 'override']).describe('who says so'),
        version: text('of the list of prices'),
      })
      .optional(),
    error: z
      .strictObject({
        type: z.string().describe('error.type'),
        code: text('the HTTP status, or the code of the provider'),
        message: text(),
      })
      .optional()
      .describe('why it failed; absent where it did not'),
    finishReason: text('why the model stopped'),
    toolName: text(),
    toolType: text(),
    agentName: text(),
    workflowName: text(),
    inferenceCalls: whole('calls of a model that an agent made itself'),
    toolCalls: whole('calls of tools that an agent made'),
    serverAddress: text(),
    serverPort: whole('of the server'),
    retries: whole('HTTP attempts beyond the first'),
    serviceTier: text('the tier the provider says it answered by'),
    responseId: text(),
    service: text('service.name of the resource'),
    environment: text('deployment.environment.name of the resource'),
    region: text('cloud.region of the resource'),
    traceId: text(),
    spanId: text(),
    sampled: z.boolean().optional().describe('whether its trace is'),
    conversationId: text('hashed as stored'),
    userId: text('hashed as stored'),
    tags: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'Operation', description: 'one finished operation; what is absent is not known' })
