/**
 * The catalogue: one row a metric, saying what it is and how its value is read from an Operation.
 * Instruments, the table in the README, dashboards and rules are derived from it. Knows nothing of any SDK.
 */
import type { Modality, Operation, TokensByModality } from './operation.js'
import { attribute, boundaries, INFERENCE_OPERATIONS, metric, operationName, unit } from './semconv.js'

/** What sort of work an operation is: decides which metrics it has. */
export type OperationKind = 'inference' | 'embeddings' | 'tool' | 'agent' | 'workflow' | 'other'

/** The sort of an operation by its name; a custom name is `other`. */
export function operationKind(operation: string): OperationKind {
  if (INFERENCE_OPERATIONS.has(operation)) return 'inference'
  if (operation === operationName.embeddings) return 'embeddings'
  if (operation === operationName.executeTool) return 'tool'
  if (operation === operationName.invokeAgent) return 'agent'
  if (operation === operationName.invokeWorkflow) return 'workflow'
  return 'other'
}

/** The sorts whose usage and cost are their own. What an agent or a workflow run reports is that of the calls inside it, and would count twice. */
export const SPENDING_KINDS: readonly OperationKind[] = ['inference', 'embeddings', 'tool', 'other']

/** The sorts that are billed by tokens: for them, unknown usage or cost is a gap worth counting. */
export const BILLABLE_KINDS: readonly OperationKind[] = ['inference', 'embeddings']

/** Which edition of the conventions' names are recorded. */
export type SemconvEdition = 'current' | 'v1.41' | 'both'

/** A token count by modality; what the provider did not break down is `unknown`, never guessed to be text. */
export type ModalityCount = { readonly modality: Modality | 'unknown'; readonly tokens: number }

/** Attributes that tell one series of a metric from another. */
export type AttributeSet =
  | 'call' // operation, provider, models, server
  | 'call+error'
  | 'tool'
  | 'agent'
  | 'agent+error'
  | 'workflow'

/** How a metric reads an Operation. `undefined`: this operation says nothing about it. */
export type MetricValue =
  | { readonly kind: 'counter'; readonly read: (operation: Operation) => number | undefined }
  | {
      readonly kind: 'counter-by-modality'
      readonly read: (operation: Operation) => readonly ModalityCount[] | undefined
    }
  | { readonly kind: 'histogram'; readonly read: (operation: Operation) => number | undefined }
  /** One measurement a gap between chunks, in seconds. */
  | { readonly kind: 'histogram-of-gaps' }
  /** Two measurements, told apart by `gen_ai.token.type`. */
  | { readonly kind: 'histogram-by-token-type' }

/** One metric made from operations. */
export type MetricDefinition = {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly value: MetricValue
  readonly attributes: AttributeSet
  /** The sorts of operation it is recorded for. */
  readonly kinds: readonly OperationKind[]
  /** The editions that have it; tokmeter's own metrics are in all. */
  readonly editions: readonly ('current' | 'v1.41')[]
  /** Explicit bucket boundaries, in its unit. */
  readonly boundaries?: readonly number[]
  /** Carries the service tier when the provider is OpenAI, as the conventions refine it. */
  readonly serviceTier?: boolean
  /** Attributes beyond those of its set. */
  readonly extraAttributes?: readonly string[]
}

const seconds = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : milliseconds / 1000)

/** Splits `total` by modality. Nothing known at all: `undefined`; a breakdown that exceeds its total is not believed. */
export function splitByModality(
  total: number | undefined,
  parts: TokensByModality | undefined,
): readonly ModalityCount[] | undefined {
  if (total === undefined) return undefined
  if (parts === undefined) return [{ modality: 'unknown', tokens: total }]
  const split: ModalityCount[] = []
  let rest = total
  for (const modality of ['text', 'image', 'audio'] as const) {
    const tokens = parts[modality]
    if (tokens === undefined || tokens === 0) continue
    split.push({ modality, tokens })
    rest -= tokens
  }
  if (rest < 0) return [{ modality: 'unknown', tokens: total }]
  if (rest > 0 || split.length === 0) split.push({ modality: 'unknown', tokens: rest })
  return split
}

const NO_USAGE: readonly ModalityCount[] = [{ modality: 'unknown', tokens: 0 }]

const inference = ['inference'] as const
const allCalls = ['inference', 'embeddings', 'other'] as const
const current = ['current'] as const
const older = ['v1.41'] as const
const both = ['current', 'v1.41'] as const
const everyKind = ['inference', 'embeddings', 'tool', 'agent', 'workflow', 'other'] as const

/** Every metric made from operations. */
export const CATALOGUE: readonly MetricDefinition[] = [
  {
    name: metric.inferenceDuration,
    unit: unit.seconds,
    description: 'Duration of a model inference, from the call to the whole response, the error or the cancellation.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'call+error',
    kinds: inference,
    editions: current,
    boundaries: boundaries.duration,
    serviceTier: true,
  },
  {
    name: metric.inferenceTimeToFirstChunk,
    unit: unit.seconds,
    description: 'Time from the call to the first content-bearing chunk of a streamed inference.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.timeToFirstChunkMs) },
    attributes: 'call',
    kinds: inference,
    editions: current,
    boundaries: boundaries.duration,
  },
  {
    name: metric.inferenceTimePerOutputChunk,
    unit: unit.seconds,
    description:
      'Time between content-bearing chunks of a streamed inference, one measurement for each chunk after the first.',
    value: { kind: 'histogram-of-gaps' },
    attributes: 'call',
    kinds: inference,
    editions: current,
    boundaries: boundaries.duration,
  },
  {
    name: metric.inferenceUsageInput,
    unit: unit.tokens,
    description: 'Input tokens used, cached ones included.',
    value: {
      kind: 'counter-by-modality',
      // The conventions have both totals record 0 when no usage was received, so that the series exists.
      read: ({ usage }) => splitByModality(usage?.inputTokens, usage?.inputByModality) ?? NO_USAGE,
    },
    attributes: 'call',
    kinds: inference,
    editions: current,
    serviceTier: true,
  },
  {
    name: metric.inferenceUsageOutput,
    unit: unit.tokens,
    description: 'Output tokens used, reasoning ones included.',
    value: {
      kind: 'counter-by-modality',
      read: ({ usage }) => splitByModality(usage?.outputTokens, usage?.outputByModality) ?? NO_USAGE,
    },
    attributes: 'call',
    kinds: inference,
    editions: current,
    serviceTier: true,
  },
  {
    name: metric.inferenceUsageCacheRead,
    unit: unit.tokens,
    description: 'Input tokens read from a prompt cache: a part of the input tokens, not to be added to them.',
    value: {
      kind: 'counter-by-modality',
      read: ({ usage }) => splitByModality(usage?.cacheReadTokens, usage?.cacheReadByModality),
    },
    attributes: 'call',
    kinds: inference,
    editions: current,
    serviceTier: true,
  },
  {
    name: metric.inferenceUsageCacheWrite,
    unit: unit.tokens,
    description: 'Input tokens written to a prompt cache: a part of the input tokens, not to be added to them.',
    value: { kind: 'counter-by-modality', read: ({ usage }) => splitByModality(usage?.cacheWriteTokens, undefined) },
    attributes: 'call',
    kinds: inference,
    editions: current,
    serviceTier: true,
  },
  {
    name: metric.inferenceUsageReasoning,
    unit: unit.tokens,
    description: 'Output tokens spent on reasoning: a part of the output tokens, not to be added to them.',
    value: { kind: 'counter-by-modality', read: ({ usage }) => splitByModality(usage?.reasoningTokens, undefined) },
    attributes: 'call',
    kinds: inference,
    editions: current,
    serviceTier: true,
  },
  {
    name: metric.inferenceOperationInput,
    unit: unit.tokens,
    description: 'Input tokens of one inference: for the distribution; totals are in the usage counters.',
    value: { kind: 'histogram', read: ({ usage }) => usage?.inputTokens },
    attributes: 'call+error',
    kinds: inference,
    editions: current,
    boundaries: boundaries.tokens,
    serviceTier: true,
  },
  {
    name: metric.inferenceOperationOutput,
    unit: unit.tokens,
    description: 'Output tokens of one inference: for the distribution; totals are in the usage counters.',
    value: { kind: 'histogram', read: ({ usage }) => usage?.outputTokens },
    attributes: 'call+error',
    kinds: inference,
    editions: current,
    boundaries: boundaries.tokens,
    serviceTier: true,
  },
  {
    name: metric.embeddingsDuration,
    unit: unit.seconds,
    description: 'Duration of an embeddings call.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'call+error',
    kinds: ['embeddings'],
    editions: current,
    boundaries: boundaries.duration,
  },
  {
    name: metric.embeddingsOperationInput,
    unit: unit.tokens,
    description: 'Input tokens of one embeddings call.',
    value: { kind: 'histogram', read: ({ usage }) => usage?.inputTokens },
    attributes: 'call+error',
    kinds: ['embeddings'],
    editions: current,
    boundaries: boundaries.tokens,
  },
  {
    name: metric.operationDuration,
    unit: unit.seconds,
    description: 'Duration of a GenAI client operation that is neither inference nor embeddings, custom ones included.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'call+error',
    kinds: ['other'],
    editions: current,
    boundaries: boundaries.duration,
  },
  {
    name: metric.operationDuration,
    unit: unit.seconds,
    description: 'Duration of a GenAI client operation (name of v1.41, for inference and embeddings too).',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'call+error',
    kinds: allCalls,
    editions: older,
    boundaries: boundaries.duration,
    serviceTier: true,
  },
  {
    name: metric.tokenUsage,
    unit: unit.tokens,
    description: 'Tokens of one operation by type (name of v1.41).',
    value: { kind: 'histogram-by-token-type' },
    attributes: 'call+error',
    kinds: BILLABLE_KINDS,
    editions: older,
    boundaries: boundaries.tokens,
    serviceTier: true,
    extraAttributes: [attribute.tokenType],
  },
  {
    name: metric.operationTimeToFirstChunk,
    unit: unit.seconds,
    description: 'Time to the first chunk of a streamed operation (name of v1.41).',
    value: { kind: 'histogram', read: (operation) => seconds(operation.timeToFirstChunkMs) },
    attributes: 'call',
    kinds: inference,
    editions: older,
    boundaries: boundaries.duration,
  },
  {
    name: metric.operationTimePerOutputChunk,
    unit: unit.seconds,
    description: 'Time between chunks of a streamed operation (name of v1.41).',
    value: { kind: 'histogram-of-gaps' },
    attributes: 'call',
    kinds: inference,
    editions: older,
    boundaries: boundaries.duration,
  },
  {
    name: metric.executeToolDuration,
    unit: unit.seconds,
    description: 'Duration of a tool execution.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'tool',
    kinds: ['tool'],
    editions: both,
    boundaries: boundaries.duration,
  },
  {
    name: metric.invokeAgentDuration,
    unit: unit.seconds,
    description: 'Duration of an agent run in this process.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'agent+error',
    kinds: ['agent'],
    editions: both,
    boundaries: boundaries.agent,
  },
  {
    name: metric.invokeAgentInferenceCalls,
    unit: unit.inferenceCalls,
    description: 'Model calls an agent run made itself, failed ones included, without those of its sub-agents.',
    value: { kind: 'histogram', read: (operation) => operation.inferenceCalls },
    attributes: 'agent',
    kinds: ['agent'],
    editions: both,
    boundaries: boundaries.calls,
  },
  {
    name: metric.invokeAgentToolCalls,
    unit: unit.toolCalls,
    description: 'Client-side tool calls an agent run made.',
    value: { kind: 'histogram', read: (operation) => operation.toolCalls },
    attributes: 'agent',
    kinds: ['agent'],
    editions: both,
    boundaries: boundaries.calls,
  },
  {
    name: metric.invokeWorkflowDuration,
    unit: unit.seconds,
    description: 'Duration of a workflow run.',
    value: { kind: 'histogram', read: (operation) => seconds(operation.durationMs) },
    attributes: 'workflow',
    kinds: ['workflow'],
    editions: both,
    boundaries: boundaries.workflow,
  },
  {
    name: metric.cost,
    unit: unit.dollars,
    description:
      'What an operation cost. Operations without a known price are not in it: see tokmeter.operation.unpriced.',
    value: {
      kind: 'histogram',
      read: ({ cost }) => (cost === undefined ? undefined : cost.nanoDollars / 1e9),
    },
    attributes: 'call',
    kinds: SPENDING_KINDS,
    editions: both,
    boundaries: boundaries.cost,
    extraAttributes: [attribute.costSource],
  },
  {
    name: metric.usageMissing,
    unit: unit.operations,
    description: 'Inference and embeddings operations whose token usage is not known.',
    value: { kind: 'counter', read: (operation) => (operation.usage === undefined ? 1 : undefined) },
    attributes: 'call+error',
    kinds: BILLABLE_KINDS,
    editions: both,
  },
  {
    name: metric.unpriced,
    unit: unit.operations,
    description: 'Inference and embeddings operations whose cost is not known, because usage or price is not.',
    value: { kind: 'counter', read: (operation) => (operation.cost === undefined ? 1 : undefined) },
    attributes: 'call+error',
    kinds: BILLABLE_KINDS,
    editions: both,
  },
  {
    name: metric.retries,
    unit: unit.retries,
    description: 'HTTP requests the client repeated by itself.',
    value: { kind: 'counter', read: (operation) => operation.retries || undefined },
    attributes: 'call',
    kinds: everyKind,
    editions: both,
  },
]

/** The rows of the catalogue that are recorded for an edition. The older `gen_ai.client.operation.duration` covers what the current one does. */
export function catalogueOf(edition: SemconvEdition): readonly MetricDefinition[] {
  if (edition !== 'both') return CATALOGUE.filter((row) => row.editions.includes(edition))
  return CATALOGUE.filter((row) => row.name !== metric.operationDuration || row.editions.includes('v1.41'))
}

/** Whether a row's values are summed (a counter) or distributed (a histogram). */
export function instrumentKind(row: MetricDefinition): 'counter' | 'histogram' {
  return row.value.kind.startsWith('counter') ? 'counter' : 'histogram'
}

const callAttributes = [
  attribute.operationName,
  attribute.providerName,
  attribute.requestModel,
  attribute.responseModel,
  attribute.serverAddress,
  attribute.serverPort,
]

const ATTRIBUTES: { readonly [set in AttributeSet]: readonly string[] } = {
  call: callAttributes,
  'call+error': [...callAttributes, attribute.errorType],
  tool: [attribute.toolName, attribute.toolType, attribute.agentName, attribute.errorType],
  agent: [attribute.agentName],
  'agent+error': [attribute.agentName, attribute.requestModel, attribute.errorType],
  workflow: [attribute.workflowName, attribute.errorType],
}

/** The names of all attributes a metric may carry. */
export function attributesOf(row: MetricDefinition): readonly string[] {
  const names = [...ATTRIBUTES[row.attributes]]
  if (row.value.kind === 'counter-by-modality') names.push(attribute.tokenModality)
  if (row.serviceTier) names.push(attribute.openaiServiceTier)
  return names.concat(row.extraAttributes ?? [])
}
