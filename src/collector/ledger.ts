/**
 * The ledger of the collector: what became of everything received since the data directory was made. It balances at any moment:
 * received = rejected + refused + accepted, accepted = stored + duplicate + dropped + in queue, and for each target of forwarding
 * accepted = sent + rejected + dropped + in queue. Kept by the queue, in the transactions that move what is counted.
 */
import type { Signal } from './batch.js'

/** Why an accepted operation was lost on its way to the store. */
export type OperationDropReason =
  /** What was read back from the disk is not what was written. */
  | 'damaged'
  /** The store says it can never take it. */
  | 'not_storable'

/** Why accepted items were not sent to a target. */
export type ForwardDropReason =
  /** What waited for the target reached its limit of bytes: the oldest goes. */
  | 'queue_full'
  /** What was read back from the disk is not what was written. */
  | 'damaged'
  /** The target, or a signal of it, was taken out of the configuration while items waited. */
  | 'removed'

type Writable<T> = { -readonly [field in keyof T]: T[field] }

/** What came in, in operations or in items of a signal. */
export type Reception = {
  readonly received: number
  /** Invalid: to send it again is pointless. */
  readonly rejected: number
  /** Not taken: the sender may send it again. */
  readonly refused: number
  /** Taken, and on disk. */
  readonly accepted: number
}

/** Counts of one target, in items: spans, data points or log records. */
export type TargetLedger = {
  readonly accepted: number
  readonly sent: number
  /** The target says it can never take them. */
  readonly rejected: number
  readonly dropped: { readonly [reason in ForwardDropReason]: number }
  readonly inQueue: number
}

/** Counts in operations, unless said otherwise. */
export type Ledger = Reception & {
  /** Epoch milliseconds: when the data directory was made, and all counts were 0. */
  readonly since: number
  readonly stored: number
  /** Operations that had been accepted before, recognised by their id. */
  readonly duplicate: number
  readonly dropped: { readonly [reason in OperationDropReason]: number }
  /** Operations that wait for the store. */
  readonly inQueue: number
  /** The same by name of the target. One that was taken out of the configuration keeps its counts. */
  readonly forward: { readonly [target: string]: TargetLedger }
  /** In items of each signal: spans, data points, log records, events. Those of metrics and traces of other things are here too. */
  readonly signals: { readonly [signal in Signal]: Reception }
}

/** The ledger, and beside it what is in the store and was never received. */
export type WholeLedger = Ledger & {
  /**
   * Operations that `tokmeter import` read out of files, as the store knows of them. No part of the equations: nobody was promised
   * anything. What was ever written to the store is `stored` and these. Null while the store was not asked yet.
   */
  readonly imported: number | null
}

/** The counts as they are moved and written down. */
export type Counts = Writable<
  Pick<Ledger, 'rejected' | 'refused' | 'accepted' | 'received' | 'stored' | 'duplicate'>
> & {
  readonly dropped: { [reason in OperationDropReason]: number }
  readonly signals: { readonly [signal in Signal]: Writable<Reception> }
  readonly forward: { [target: string]: TargetCounts }
}

export type TargetCounts = Writable<Pick<TargetLedger, 'accepted' | 'sent' | 'rejected'>> & {
  readonly dropped: { [reason in ForwardDropReason]: number }
}

export const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs', 'events']

const noReception = () => ({ received: 0, rejected: 0, refused: 0, accepted: 0 })

export const noTargetCounts = (): TargetCounts => ({
  accepted: 0,
  sent: 0,
  rejected: 0,
  dropped: { queue_full: 0, damaged: 0, removed: 0 },
})

export const noCounts = (): Counts => ({
  ...noReception(),
  stored: 0,
  duplicate: 0,
  dropped: { damaged: 0, not_storable: 0 },
  signals: { traces: noReception(), metrics: noReception(), logs: noReception(), events: noReception() },
  forward: {},
})

/** What came in of one signal: operations found in it, and items of the signal itself. */
export type Arrival = { readonly signal: Signal; readonly operations: number; readonly items: number }

/** Counts an arrival by what became of it. */
export function countArrival(counts: Counts, outcome: 'rejected' | 'refused' | 'accepted', arrival: Arrival): void {
  counts.received += arrival.operations
  counts[outcome] += arrival.operations
  const signal = counts.signals[arrival.signal]
  signal.received += arrival.items
  signal[outcome] += arrival.items
}

/** Copies the counts, with what waits, into a ledger. */
export function ledgerOf(
  counts: Counts,
  since: number,
  inQueue: number,
  itemsInQueue: (target: string) => number,
): Ledger {
  const { signals, forward, ...operations } = structuredClone(counts)
  return {
    since,
    ...operations,
    inQueue,
    signals,
    forward: Object.fromEntries(
      Object.entries(forward).map(([target, targetCounts]) => [
        target,
        { ...targetCounts, inQueue: itemsInQueue(target) },
      ]),
    ),
  }
}

const sum = (dropped: { readonly [reason: string]: number }) =>
  Object.values(dropped).reduce((all, one) => all + one, 0)

/** The equations that do not hold, in words; none in a ledger that balances. */
export function imbalances(ledger: Ledger): string[] {
  const wrong: string[] = []
  const check = (what: string, left: number, right: number) => {
    if (left !== right) wrong.push(`${what}: ${left} on one side, ${right} on the other`)
  }
  const checkReception = (what: string, { received, rejected, refused, accepted }: Reception) =>
    check(`${what} received = rejected + refused + accepted`, received, rejected + refused + accepted)
  checkReception('operations', ledger)
  for (const signal of SIGNALS) checkReception(signal, ledger.signals[signal])
  const { accepted, stored, duplicate, dropped, inQueue } = ledger
  check(
    'operations accepted = stored + duplicate + dropped + in queue',
    accepted,
    stored + duplicate + sum(dropped) + inQueue,
  )
  for (const [name, target] of Object.entries(ledger.forward)) {
    check(
      `${name} accepted = sent + rejected + dropped + in queue`,
      target.accepted,
      target.sent + target.rejected + sum(target.dropped) + target.inQueue,
    )
  }
  return wrong
}
