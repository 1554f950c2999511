/** What a metric of the collector about itself is: where it looks, and what it makes of what is there. The table of them all is in `self-metrics.ts`. */
import type { Attributes } from '@opentelemetry/api'
import type { AlertCounts } from './alert/alerting.js'
import type { Signal } from './batch.js'
import type { BudgetEvaluation } from './budget/budgets.js'
import type { Ledger } from './ledger.js'

export type Counts = { readonly [name: string]: number }

/** What is looked at when metrics are collected. Each is a plain look at what is counted already; one that is not there has no metrics. */
export type Sources = {
  readonly ledger: () => Ledger
  readonly queue: () => {
    readonly operationBytes: number
    readonly maxOperationBytes: number
    readonly seenIds: number
    readonly seenIdsExpiredEarly: number
  }
  /** By name of the target. */
  readonly targets: () => { readonly [target: string]: TargetSnapshot }
  /** Undefined until the store was asked for the first time. */
  readonly store: () =>
    | {
        readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[]
        /** Operations that came out of files. */
        readonly imported: number
      }
    | undefined
  readonly normalise: () => {
    readonly dialects: {
      readonly [dialect: string]: { readonly recognised: number; readonly ignored: number; readonly rejected: number }
    }
    readonly foreign: number
  }
  /** The budget of bodies in flight. */
  readonly memory: () => { readonly size: number; readonly capacity: number; readonly refused: number }
  /** Answers kept for who asks the same. */
  readonly answers: () => { readonly hits: number; readonly misses: number; readonly bytes: number }
  /** How much ingest lacks what questions take, from 0 to 1. */
  readonly pressure: () => number
  /** The stream of what is going on, and its readers. */
  readonly live: () => {
    readonly subscribers: number
    readonly sent: Counts
    readonly skipped: number
    readonly refused: number
  }
  /** Values of operations left out, by field. */
  readonly discarded: () => Counts
  /** Operations whose value of an attribute was beyond its limit, by attribute. */
  readonly overflowed: () => Counts
  readonly budgets: () => readonly BudgetEvaluation[]
  readonly alerts: () => AlertCounts
  readonly process: () => ProcessSnapshot
}

/** Counts since the start. */
export type TargetSnapshot = {
  readonly sent: { readonly [signal in Signal]: number }
  /** Items the target refused for good. */
  readonly rejected: { readonly [signal in Signal]: number }
  /** Attempts, by status or code of the failure. */
  readonly failedAttempts: Counts
  readonly requestsInFlight: number
  readonly waitingItems: number
  readonly waitingBytes: number
  readonly maxBytes: number
}

export type ProcessSnapshot = {
  /** Epoch seconds. */
  readonly startSeconds: number
  readonly uptimeSeconds: number
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
}

export type SourceName = keyof Sources
export type Snapshot<Name extends SourceName> = NonNullable<ReturnType<Sources[Name]>>
export type Observation = readonly [value: number, attributes?: Attributes]

/** A metric of the table: where it looks, and what it makes of what is there. */
export type SelfMetric = {
  readonly source: SourceName
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly read: (snapshot: never) => readonly Observation[]
}

export type Read<Name extends SourceName> = (snapshot: Snapshot<Name>) => readonly Observation[]

/** Rows of the table that look at one source. */
export function rowsOf<Name extends SourceName>(source: Name) {
  const row =
    (kind: SelfMetric['kind']) =>
    (name: string, unit: string, description: string, read: Read<Name>): SelfMetric => {
      return { source, kind, name: `tokmeter.${name}`, unit, description, read }
    }
  return { counter: row('counter'), gauge: row('gauge') }
}

/** One observation for each count, told apart by an attribute. */
export const by = (attribute: string, counts: Counts, others: Attributes = {}): Observation[] =>
  Object.entries(counts).map(([name, count]) => [count, { ...others, [attribute]: name }])
