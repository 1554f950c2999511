/** What `stats()` tells: the ledger, the totals and how exporting goes. */

import type { Ledger } from './buffer.js'
import type { EventLedger } from './events.js'
import type { ExportOutcomes, Signal } from './outcomes.js'
import type { Totals } from './totals.js'

/** A client library whose version is not a tested one, or which could not be instrumented. */
export type UntestedClient = { readonly client: string; readonly version: string | undefined }

/**
 * Counts since the start. `recorded = measured + dropped + size`, at any moment.
 * A snapshot: later operations do not change it.
 */
export type Stats = Ledger & {
  /** Operations the buffer can hold. */
  readonly capacity: number
  /** Operations begun and not yet ended. */
  readonly open: number
  /** Sums over **every** operation recorded, dropped ones too. */
  readonly totals: Totals
  /** The same by model: the one that answered, else the one asked for, else `unknown`. */
  readonly byModel: { readonly [model: string]: Totals }
  readonly byProvider: { readonly [provider: string]: Totals }
  readonly exports: { readonly [signal in Signal]: ExportOutcomes }
  /** Absent where operations are not sent as events. */
  readonly events: EventLedger | undefined
  /** Operations beyond a limit of cardinality, by attribute. */
  readonly overflowed: { readonly [attribute: string]: number }
  /** Values left out because they cannot be true or must not be kept, by field. */
  readonly discarded: { readonly [field: string]: number }
  /** Operations that subscribers were too slow for. */
  readonly lagged: number
  readonly untestedClients: readonly UntestedClient[]
}
