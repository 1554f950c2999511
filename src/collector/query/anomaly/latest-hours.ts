/** What the latest hours have: as many of them as hold so much together. Of older ones nothing is kept. */
import { WINDOW_MS } from '../time-range.js'

const HOUR = WINDOW_MS['1h']

export class LatestHours<One> {
  /** Epoch milliseconds. */
  #start: number
  readonly #limit: number
  readonly #byTime = new Map<number, One[]>()
  #size = 0

  /** @param start of the first hour there is, in epoch milliseconds */
  constructor(start: number, limit: number) {
    this.#start = start
    this.#limit = limit
  }

  /** Whether what an hour has would be kept. */
  reaches(time: number): boolean {
    return time >= this.#start
  }

  add(time: number, one: One): void {
    if (!this.reaches(time)) return
    const others = this.#byTime.get(time)
    if (others === undefined) this.#byTime.set(time, [one])
    else others.push(one)
    this.#size++
    while (this.#size - (this.#byTime.get(this.#start)?.length ?? 0) >= this.#limit) {
      this.#size -= this.#byTime.get(this.#start)?.length ?? 0
      this.#byTime.delete(this.#start)
      this.#start += HOUR
    }
  }

  /** Of each hour that has some what it has, the latest first. */
  hours(): [time: number, its: One[]][] {
    return [...this.#byTime].sort(([one], [other]) => other - one)
  }
}
