/** Answers about long windows, asked again only now and then: fifteen seconds change nothing of an hour that anybody would be told. */
import type { Asker } from '../query/asker.js'
import type { Rows } from './readings.js'

/** Shorter windows are asked at every look. */
const LEAST_WINDOW_MS = 3_600_000
/** A sixtieth of the window, and five minutes at most. */
const SHARE = 60
const LONGEST_MS = 5 * 60_000

type Kept = { readonly answer: ReturnType<Rows>; readonly until: number; readonly asked: number }

export class KeptRows {
  #kept = new Map<string, Kept>()
  readonly #random: () => number

  /** `random`: from 0 to 1, so that what was asked together is not asked together again. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** How rows are asked at one look. What is not asked for at a look is forgotten. */
  at(asker: Pick<Asker, 'rows' | 'now'>): Rows {
    const before = this.#kept
    const kept = new Map<string, Kept>()
    this.#kept = kept
    return (question) => {
      const { range, ...rest } = question
      const windowMs = range.end - range.start
      if (windowMs < LEAST_WINDOW_MS) return asker.rows(question)
      const key = JSON.stringify([windowMs, rest])
      const old = before.get(key)
      // A clock that was put back does not keep anything for longer.
      if (old !== undefined && asker.now < old.until && asker.now >= old.asked) {
        kept.set(key, old)
        return old.answer
      }
      const answer = asker.rows(question)
      const lifetime = Math.min(windowMs / SHARE, LONGEST_MS) * (0.5 + this.#random() / 2)
      kept.set(key, { answer, until: asker.now + lifetime, asked: asker.now })
      // What failed is asked again at the next look.
      answer.catch(() => kept.delete(key))
      return answer
    }
  }
}
