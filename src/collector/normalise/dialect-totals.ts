/** Adds up what the normaliser tells of each request. */
import type { DialectCounts, Normalised } from './normalise.js'

/** What was recognised since the start, by dialect. */
export class DialectTotals {
  readonly #dialects: { [dialect: string]: DialectCounts } = {}
  #foreign = 0

  add({ dialects, foreign }: Normalised): void {
    this.#foreign += foreign
    for (const [name, { recognised, ignored, rejected }] of Object.entries(dialects)) {
      const total = this.#dialects[name] ?? { recognised: 0, ignored: 0, rejected: 0 }
      this.#dialects[name] = total
      total.recognised += recognised
      total.ignored += ignored
      total.rejected += rejected
    }
  }

  snapshot() {
    return { dialects: this.#dialects, foreign: this.#foreign }
  }
}
