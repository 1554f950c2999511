/** The events of `POST /api/v1/analytics/events`: which fields there are, and what is said of a wrong one. */
import { DURATION_LIMIT_MS, NAME_LIMIT, redact, TIME_LIMIT_MS, TOKEN_LIMIT } from 'tokmeter/core'
import * as z from 'zod'

/** Largest cost of one event believed, in millionths of a dollar: as nano-dollars it is still a safe integer. */
const COST_LIMIT_MICROS = 9e12
/** Characters of a text that is cut later rather than refused. */
const TEXT_LIMIT = 10_000

const name = z.string().min(1).max(NAME_LIMIT)
const count = z.int().min(0).max(TOKEN_LIMIT)
const milliseconds = z.number().min(0).max(DURATION_LIMIT_MS)
const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`))

// Many serialisers write what is absent as null.
const common = {
  event_id: name,
  timestamp_ms: z.number().min(0).max(TIME_LIMIT_MS),
  provider: name,
  model: name,
  provider_id: name.nullish(),
  agent_id: name.nullish(),
  // Of the senders' own bookkeeping: taken, and not kept.
  ic_token: z.string().max(TEXT_LIMIT).nullish(),
  synced: z.boolean().nullish(),

  operation: name.nullish(),
  response_model: name.nullish(),
  response_id: name.nullish(),
  duration_ms: milliseconds.nullish(),
  time_to_first_chunk_ms: milliseconds.nullish(),
  output_chunks: count.nullish(),
  streamed: z.boolean().nullish(),
  finish_reason: name.nullish(),
  cache_read_tokens: count.nullish(),
  cache_write_tokens: count.nullish(),
  reasoning_tokens: count.nullish(),
  cost_micros: z.int().min(0).max(COST_LIMIT_MICROS).nullish(),
  tool_name: name.nullish(),
  workflow_name: name.nullish(),
  server_address: name.nullish(),
  server_port: z.int().min(0).max(65_535).nullish(),
  retries: count.nullish(),
  service: name.nullish(),
  environment: name.nullish(),
  region: name.nullish(),
  trace_id: hex(32).nullish(),
  span_id: hex(16).nullish(),
  user_id: name.nullish(),
  conversation_id: name.nullish(),
  tags: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
}

// On the wire, and as the library that these events come from writes them to its own disk.
const COMPLETED = ['llm_request_completed', 'LlmRequestCompleted'] as const
const FAILED = ['llm_request_failed', 'LlmRequestFailed'] as const
export const EVENT_TYPES: readonly string[] = [COMPLETED[0], FAILED[0]]

const completed = z.strictObject({
  ...common,
  event_type: z.enum(COMPLETED),
  input_tokens: count,
  output_tokens: count,
})

const failed = z.strictObject({
  ...common,
  event_type: z.enum(FAILED),
  input_tokens: count.nullish(),
  output_tokens: count.nullish(),
  error_code: z.union([name, z.int()]).nullish(),
  error_message: z.string().max(TEXT_LIMIT).nullish(),
})

const eventSchema = z.discriminatedUnion('event_type', [completed, failed])

export type FailedEvent = z.infer<typeof failed>
export type Event = z.infer<typeof completed> | FailedEvent

/** What is wrong with one field of one event. */
export type Complaint = {
  /** Of the event in its request, from 0. */
  readonly index: number
  /** Empty when it is the event itself. */
  readonly field: string
  readonly got: string
  readonly allowed: string
}

/** The event, or what is wrong with it. */
export function checkEvent(value: unknown, index: number): { event: Event } | { complaints: Complaint[] } {
  const result = eventSchema.safeParse(value, { reportInput: true })
  if (result.success) return { event: result.data }
  return { complaints: result.error.issues.flatMap((issue) => complaintsOf(issue, value, index)) }
}

function complaintsOf(issue: z.core.$ZodIssue, event: unknown, index: number): Complaint[] {
  if (issue.code === 'unrecognized_keys') {
    const allowed = `one of ${Object.keys((isFailed(event) ? failed : completed).shape).join(', ')}`
    return issue.keys.map((key) => ({ index, field: shortened(key), got: 'an unknown field', allowed }))
  }
  // The two kinds of events are told apart by their type: what is wrong with it is told as of any other field.
  const isType =
    issue.path.length === 0 && issue.code === 'invalid_union' && typeof event === 'object' && event !== null
  const path = isType ? ['event_type'] : issue.path.map(String)
  const field = path.join('.')
  return [{ index, field: shortened(field), got: shown(at(event, path)), allowed: allowedBy(issue, field) }]
}

export function isFailed(event: unknown): event is FailedEvent {
  return (FAILED as readonly unknown[]).includes((event as { event_type?: unknown }).event_type)
}

function at(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return at((value as { [key: string]: unknown })[key], rest)
}

function allowedBy(issue: z.core.$ZodIssue, field: string): string {
  if (field === 'event_type') return `one of ${EVENT_TYPES.join(', ')}`
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'a whole number'
        : `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
    case 'too_big':
      return issue.origin === 'string' ? `at most ${issue.maximum} characters` : `at most ${issue.maximum}`
    case 'too_small':
      return issue.origin === 'string' ? `at least ${issue.minimum} character` : `at least ${issue.minimum}`
    case 'invalid_format':
      return `a text that matches ${issue.pattern ?? issue.format}`
    case 'invalid_union':
      return field.startsWith('tags') ? 'a string, a number or a boolean' : 'a string or a whole number'
    default:
      return issue.message
  }
}

// A complaint repeats numbers, flags and short texts, of these nothing that looks like a secret or a person.
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value !== 'string') return `the ${typeof value} ${value}`
  return value.length > 60 ? `a text of ${value.length} characters` : JSON.stringify(redact(value))
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
