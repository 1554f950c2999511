/** How exports went: counted here by each exporter, read by `stats()` and the self-metrics. */

export type Signal = 'metrics' | 'events'

/** The latest export of a signal. */
export type LastExport = {
  /** Epoch milliseconds. */
  readonly time: number
  readonly outcome: 'success' | 'failure'
  /** Class of the error, and its code where there is one. Never a message: it may hold an address or a secret. */
  readonly error?: string
}

export type ExportOutcomes = {
  readonly succeeded: number
  readonly failed: number
  readonly last: LastExport | undefined
}

export class Outcomes {
  readonly #outcomes = {
    metrics: { succeeded: 0, failed: 0, last: undefined as LastExport | undefined },
    events: { succeeded: 0, failed: 0, last: undefined as LastExport | undefined },
  }

  /** Counts one export. `error`: what it failed with. */
  count(signal: Signal, error?: unknown): void {
    const outcomes = this.#outcomes[signal]
    if (error === undefined) {
      outcomes.succeeded++
      outcomes.last = { time: Date.now(), outcome: 'success' }
      return
    }
    const { name, code } = (typeof error === 'object' && error !== null ? error : {}) as { [key: string]: unknown }
    outcomes.failed++
    outcomes.last = {
      time: Date.now(),
      outcome: 'failure',
      error: [name ?? 'Error', code].filter((part) => typeof part === 'string' || typeof part === 'number').join(' '),
    }
  }

  /** Whether an export has ever succeeded, of whichever signal. */
  get everSucceeded(): boolean {
    return this.#outcomes.metrics.succeeded + this.#outcomes.events.succeeded > 0
  }

  of(signal: Signal): ExportOutcomes {
    return { ...this.#outcomes[signal] }
  }
}
