/** The SDK that does nothing: what `start` returns where OTEL_SDK_DISABLED is `true`. */
import { NO_HANDLE } from './capture.js'
import { Outcomes } from './outcomes.js'
import type { Tokmeter } from './tokmeter.js'
import { RunningTotals } from './totals.js'

const totals = new RunningTotals().snapshot()
const outcomes = new Outcomes()

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
    totals: totals.all,
    byModel: totals.byModel,
    byProvider: totals.byProvider,
    exports: { metrics: outcomes.of('metrics'), events: outcomes.of('events') },
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
