/** The one data type: a finished GenAI operation, in the words of the OpenTelemetry GenAI conventions. Imports nothing. */

/** How a modality is named in `gen_ai.token.modality`. What no modality accounts for is `unknown`. */
export type Modality = 'text' | 'image' | 'audio'

/** Token counts by modality: subsets of the total they break down. Absent means unknown. */
export type TokensByModality = { readonly [modality in Modality]?: number | undefined }

/**
 * Token counts as the provider reported them. **Absent means unknown, never 0.**
 * Every detail is a subset of its total and is never added to it.
 */
export type Usage = {
  /** All input tokens, cached ones included. */
  readonly inputTokens?: number | undefined
  /** All output tokens, reasoning ones included. */
  readonly outputTokens?: number | undefined
  /** Input tokens served from a prompt cache; part of `inputTokens`. */
  readonly cacheReadTokens?: number | undefined
  /** Input tokens written to a prompt cache; part of `inputTokens`. */
  readonly cacheWriteTokens?: number | undefined
  /** Cache writes kept for one hour instead of the default lifetime; part of `cacheWriteTokens`. Priced apart by Anthropic. */
  readonly cacheWrite1hTokens?: number | undefined
  /** Output tokens spent on reasoning; part of `outputTokens`. */
  readonly reasoningTokens?: number | undefined
  /** `inputTokens` by modality, where the provider tells. */
  readonly inputByModality?: TokensByModality | undefined
  /** `outputTokens` by modality, where the provider tells. */
  readonly outputByModality?: TokensByModality | undefined
  /** `cacheReadTokens` by modality, where the provider tells. */
  readonly cacheReadByModality?: TokensByModality | undefined
}

/** Where a cost comes from: told by the provider, computed from the price catalogue, or from a price of the user's own. */
export type CostSource = 'provider' | 'catalogue' | 'override'

/** What an operation cost. **Absent means unpriced, never $0.** */
export type Cost = {
  /** Integer nano-dollars: 1e-9 USD. */
  readonly nanoDollars: number
  readonly source: CostSource
  /** Version of the price list used, e.g. `genai-prices@0.1.8`. Absent for provider-reported cost. */
  readonly version?: string | undefined
}

/** Why an operation failed. */
export type OperationError = {
  /** Low cardinality, as `error.type`: the class of the error, or an error code of the provider. */
  readonly type: string
  /** HTTP status or provider's error code, as text. */
  readonly code?: string | undefined
  /** Cut at 1000 characters and redacted; never an attribute of a metric. */
  readonly message?: string | undefined
}

/** Values a tag may have. */
export type TagValue = string | number | boolean

/** One finished GenAI operation: a model call, an embedding, a tool execution, an agent or workflow run, or one of the user's own naming. */
export type Operation = {
  /** Unique: `traceId-spanId` where there is a span, else a UUIDv7; the key for de-duplication. Made when absent. */
  readonly id?: string | undefined
  /** `chat`, `generate_content`, `text_completion`, `embeddings`, `execute_tool`, `invoke_agent`, `invoke_workflow`, … or a custom name. */
  readonly operation: string
  /** Provider name as in the conventions: `openai`, `anthropic`, `aws.bedrock`, … */
  readonly provider?: string | undefined
  readonly requestModel?: string | undefined
  readonly responseModel?: string | undefined
  /** Epoch milliseconds, fractions allowed. Default: now minus the duration. */
  readonly startTime?: number | undefined
  /** Milliseconds from the call to the whole response, the error or the cancellation. */
  readonly durationMs?: number | undefined
  /** Milliseconds from the call to the first content-bearing chunk. Streaming only. */
  readonly timeToFirstChunkMs?: number | undefined
  /** Content-bearing chunks received. Streaming only. */
  readonly outputChunks?: number | undefined
  /**
   * Gaps between content-bearing chunks, grouped, as flat pairs: milliseconds, how many gaps of that length, milliseconds, …
   * The milliseconds are the mean of a group, so that sums stay exact. Flat, since thousands may wait in a buffer. Streaming only.
   */
  readonly outputChunkGaps?: readonly number[] | undefined
  readonly streamed?: boolean | undefined
  readonly usage?: Usage | undefined
  readonly cost?: Cost | undefined
  readonly error?: OperationError | undefined
  /** The provider's word for why generation stopped: `stop`, `length`, `tool_calls`, `end_turn`, …; `cancelled` when the consumer left a stream early. */
  readonly finishReason?: string | undefined
  readonly toolName?: string | undefined
  /** `function`, `extension` or `datastore`. */
  readonly toolType?: string | undefined
  readonly agentName?: string | undefined
  readonly workflowName?: string | undefined
  /** Model calls an agent made itself, failed ones included, without those of sub-agents. */
  readonly inferenceCalls?: number | undefined
  /** Client-side tool calls an agent made. */
  readonly toolCalls?: number | undefined
  readonly serverAddress?: string | undefined
  readonly serverPort?: number | undefined
  /** HTTP attempts the client made beyond the first one. */
  readonly retries?: number | undefined
  /** Service tier the provider says it used. */
  readonly serviceTier?: string | undefined
  readonly responseId?: string | undefined
  readonly service?: string | undefined
  readonly environment?: string | undefined
  readonly region?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  /** Whether the trace is sampled: an exemplar points only to a trace that will be there. */
  readonly sampled?: boolean | undefined
  /** Never invented: only what the program itself names a conversation. Hashed before it leaves the process. */
  readonly conversationId?: string | undefined
  /** Hashed before it leaves the process. Never an attribute of a metric. */
  readonly userId?: string | undefined
  /** For the store; an attribute of a metric only where a view asks for it. */
  readonly tags?: { readonly [key: string]: TagValue } | undefined
}

/** What a notice may be of. */
export type NoticeKind =
  | 'budget_threshold_reached'
  | 'alert_firing'
  | 'alert_resolved'
  | 'collector_started'
  | 'collector_stopped'

/** Something that happened to a program rather than in a call: its start and stop, a budget threshold reached, an alert. */
export type Notice = {
  /** The same thing noticed twice has one id, and is one notice. */
  readonly id: string
  readonly kind: NoticeKind
  /** Epoch milliseconds. */
  readonly time: number
  readonly budget?:
    | {
        readonly name: string
        /** What a budget with one limit for each value is by, and the value this is of. */
        readonly dimension?: string | undefined
        readonly value?: string | undefined
        /** Epoch milliseconds of the start of the period. */
        readonly periodStart: number
        /** The highest threshold that is reached. */
        readonly thresholdPercent: number
        readonly spentNanoDollars: number
        readonly limitNanoDollars: number
      }
    | undefined
  readonly alert?:
    | {
        readonly rule: string
        readonly severity: string
        readonly labels: { readonly [label: string]: string }
        /** What was compared; null where nothing is known. */
        readonly value: number | null
        readonly summary: string
      }
    | undefined
  /** Totals at the time of the notice. */
  readonly totals?: { readonly operations: number; readonly failed: number; readonly nanoDollars: number } | undefined
}
