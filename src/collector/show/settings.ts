/** What the dashboard has to know before it asks anything. */
import type { Config } from '../config.js'
import { SINGLE_CALLS } from '../query/measures.js'

export function dashboardSettings(version: string, { dashboard, store, tokens }: Config) {
  return {
    version,
    /** Epoch milliseconds: by the clock of the collector, which is the one that ranges are told by. */
    now: Date.now(),
    /** Where a trace is looked at, with `{traceId}` and `{spanId}` in it. */
    trace_url: dashboard.traceUrl ?? null,
    /** The operations that are one call of a model: what is meant by latency and failures where no operation is named. */
    call_operations: SINGLE_CALLS,
    /** Milliseconds. */
    retention: store.retention,
    max_bytes: store.maxBytes ?? null,
    has_tokens: tokens.length > 0,
  }
}

export type DashboardSettings = ReturnType<typeof dashboardSettings>
