/** Starts the SDK for one test, and ends it with the test: one process has one SDK. */
import { metrics, trace } from '@opentelemetry/api'
import { afterEach } from 'vitest'
import type { Operation } from '../../src/operation.js'
import type { StartOptions } from '../../src/sdk/options.js'
import { start } from '../../src/sdk/start.js'
import type { Stats } from '../../src/sdk/stats.js'
import type { Tokmeter } from '../../src/sdk/tokmeter.js'

const running: Tokmeter[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((tokmeter) => tokmeter.shutdown()))
  metrics.disable()
  trace.disable()
})

/** A started SDK. Exports only to what the options name, and waits for no exporter at its end unless they say so. */
export function started(options: StartOptions = {}): Tokmeter {
  const tokmeter = start({ shutdownTimeoutMs: 1000, ...options })
  running.push(tokmeter)
  return tokmeter
}

/** A chat that costs 7,500,000 nano-dollars by the catalogue. */
export const chat: Operation = {
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  startTime: Date.UTC(2026, 8, 1),
  durationMs: 1500,
  usage: { inputTokens: 1000, outputTokens: 500 },
}

export const CHAT_NANO_DOLLARS = 7_500_000

/** recorded − measured − dropped − size: 0 while the ledger balances. */
export function imbalance({ recorded, measured, dropped, size }: Stats): number {
  return recorded - measured - size - Object.values(dropped).reduce((sum, count) => sum + count, 0)
}
