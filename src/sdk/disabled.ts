/** The SDK that does nothing: what `start` returns where OTEL_SDK_DISABLED is `true`. */
import { NO_HANDLE } from './capture.js'
import type { Tokmeter } from './tokmeter.js'

const NONE = { operations: 0, failed: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
const NO_TOTALS = { ...NONE, reasoningTokens: 0, costNanoDollars: 0, usageUnknown: 0, costUnknown: 0, retries: 0 }
const NO_EXPORTS = { succeeded: 0, failed: 0, last: undefined }

export const DISABLED: Tokmeter = {
  record() {},
  begin: () => NO_HANDLE,
  measure: (_start, fn) => fn(NO_HANDLE),
  stats: () => ({
    recorded: 0,
    measured: 0,
    dropped: { buffer_full: 0, invalid: 0, shutdown: 0, deadline: 0, error: 0 },
    size: 0,
    capacity: 0,
    open: 0,
    totals: NO_TOTALS,
    byModel: {},
    byProvider: {},
    exports: { metrics: NO_EXPORTS, events: NO_EXPORTS },
    events: undefined,
    overflowed: {},
    discarded: {},
    lagged: 0,
    untestedClients: [],
  }),
  subscribe: () => ({ lagged: 0, size: 0, unsubscribe() {} }),
  forceFlush: async () => {},
  shutdown: async () => {},
  [Symbol.asyncDispose]: async () => {},
  reloadPrices: () => true,
  meterProvider: undefined,
  prometheus: undefined,
}
