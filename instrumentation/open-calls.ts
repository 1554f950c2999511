/**
 * What is under way and whose end will be told by an event that names it. The event may never come, so there is room for so many
 * only: the oldest is let go of, and its operation is counted as abandoned once it is collected.
 */
const CAPACITY = 1000

export class OpenCalls<T> {
  readonly #open = new Map<string, T>()

  get(id: string): T | undefined {
    return this.#open.get(id)
  }

  set(id: string, value: T): void {
    this.#open.set(id, value)
    if (this.#open.size <= CAPACITY) return
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest)
      return
    }
  }

  take(id: string): T | undefined {
    const value = this.#open.get(id)
    this.#open.delete(id)
    return value
  }
}
