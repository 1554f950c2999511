/**
 * Which of several collectors on one store evaluates: one at a time, so that nobody is told twice. Whoever finds nobody else at it claims it,
 * and does it from the next look on if the claim still stands; whoever sees no sign of the other for some looks claims it as well.
 */
import { randomUUID } from 'node:crypto'
import type { AlertStore } from './evaluator.js'

const KIND = 'alert_evaluator'
const NAME = 'evaluator'
/** Three looks without a sign. */
export const LEASE_MS = 45_000

type Claim = { readonly holder: string; readonly beat: number }

export class Lease {
  readonly #id: string
  /** Milliseconds of a clock that only goes on: those of different machines are not compared. */
  readonly #clock: () => number
  #seen: { readonly claim: Claim; readonly since: number } | undefined

  constructor(clock: () => number = () => performance.now(), id: string = randomUUID()) {
    this.#clock = clock
    this.#id = id
  }

  /** Whether it is this one's turn, which is to be asked at every look. */
  async isHeld({ states }: Pick<AlertStore, 'states'>): Promise<boolean> {
    const found = (await states.read(KIND)).get(NAME) as Claim | undefined
    if (found?.holder === this.#id) {
      await this.#write(states, found.beat + 1)
      return true
    }
    const now = this.#clock()
    const isSame =
      found !== undefined && this.#seen?.claim.holder === found.holder && this.#seen.claim.beat === found.beat
    if (found !== undefined && !isSame) this.#seen = { claim: found, since: now }
    const isGone = found === undefined || (isSame && now - this.#seen!.since >= LEASE_MS)
    if (isGone) await this.#write(states, 0)
    return false
  }

  /** Leaves it to others. */
  async release({ states }: Pick<AlertStore, 'states'>): Promise<void> {
    const found = (await states.read(KIND)).get(NAME) as Claim | undefined
    if (found?.holder === this.#id) await states.write(KIND, [[NAME, undefined]])
  }

  #write(states: AlertStore['states'], beat: number): Promise<void> {
    return states.write(KIND, [[NAME, { holder: this.#id, beat }]])
  }
}
