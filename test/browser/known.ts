/** A collector with operations of which every number is known. */
import type { Collector } from '../../src/collector/collector.js'
import { collector, configOf, type ledgerOf, newDirectory, post } from '../collector/running.js'

export type { Collector }

const MINUTE = 60_000
const HOUR = 60 * MINUTE

type Event = { readonly [field: string]: unknown }

/** Two hours ago, in the middle of five minutes of their own. */
export const moment = Math.floor((Date.now() - 2 * HOUR) / (5 * MINUTE)) * 5 * MINUTE + 90_000

const of = (fields: Event): Event => ({
  event_type: 'llm_request_completed',
  timestamp_ms: moment,
  environment: 'production',
  ...fields,
})
const alpha: Event = {
  provider: 'openai',
  model: 'alpha',
  service: 'chat',
  input_tokens: 1000,
  output_tokens: 100,
  duration_ms: 1000,
  time_to_first_chunk_ms: 200,
  cost_micros: 10_000,
  finish_reason: 'stop',
}
const beta: Event = {
  provider: 'anthropic',
  model: 'beta',
  service: 'bot',
  agent_id: 'planner',
  user_id: 'somebody',
  input_tokens: 2000,
  output_tokens: 200,
  cache_read_tokens: 1500,
  reasoning_tokens: 50,
  duration_ms: 2000,
  cost_micros: 50_000,
  trace_id: 'ab'.repeat(16),
  span_id: 'cd'.repeat(8),
}

/**
 * Of the last day: 11 calls, of which 1 failed, 10 told their usage and 9 have a price; 0.21 dollars, 13,750 tokens. Of the day before:
 * 2 calls for 0.02 dollars.
 */
export const EVENTS: readonly Event[] = [
  ...[1, 2, 3, 4, 5, 6].map((number) => of({ ...alpha, event_id: `alpha-${number}` })),
  ...[1, 2, 3].map((number) => of({ ...beta, event_id: `beta-${number}` })),
  of({
    event_type: 'llm_request_failed',
    event_id: 'beta-failed',
    provider: 'anthropic',
    model: 'beta',
    service: 'bot',
    duration_ms: 500,
    error_code: 'RateLimitError',
    error_message: 'Too many requests',
  }),
  of({
    event_id: 'gamma-1',
    provider: 'acme',
    model: 'gamma-unpriced',
    service: 'chat',
    input_tokens: 500,
    output_tokens: 50,
    duration_ms: 1000,
  }),
  ...[1, 2].map((number) => of({ ...alpha, event_id: `before-${number}`, timestamp_ms: moment - 24 * HOUR })),
]

/** Sends events, and waits until they can be asked for. */
export async function store(
  running: Collector,
  events: readonly Event[],
  headers?: { [name: string]: string },
): Promise<void> {
  const before = await stored(running, headers)
  const json = { 'content-type': 'application/json', ...headers }
  const response = await post(`${running.url}/api/v1/analytics/events`, events, json)
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`)
  while ((await stored(running, headers)) < before + events.length);
}

async function stored(running: Collector, headers: { [name: string]: string } = {}): Promise<number> {
  const answer = await fetch(`${running.url}/api/v1/ledger`, { headers })
  return ((await answer.json()) as Awaited<ReturnType<typeof ledgerOf>>).stored
}

/** A collector that has them. */
export async function known(options: { readonly [option: string]: string } = {}): Promise<Collector> {
  const made = await collector(configOf(newDirectory(), options))
  await store(made, EVENTS)
  return made
}
