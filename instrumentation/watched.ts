/** Sees how a promise settles without adding one to the chain: where contexts are kept, each promise costs microseconds. */

/** Sees how a promise settles. None of its methods may throw. */
export type Watcher<T> = {
  fulfilled(value: T): void
  rejected(error: unknown): void
  /** Called at every `then`. */
  used?(): void
}

/** What stands where a promise stood of which only `then` is used: it sees what passes through whichever is made of it. */
export class Watched<T> implements PromiseLike<T> {
  readonly #promise: Promise<T>
  readonly #watcher: Watcher<T>

  constructor(promise: Promise<T>, watcher: Watcher<T>) {
    this.#promise = promise
    this.#watcher = watcher
  }

  // biome-ignore lint/suspicious/noThenProperty: to be one is what it is for.
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    const watcher = this.#watcher
    watcher.used?.()
    return this.#promise.then(
      (value) => {
        watcher.fulfilled(value)
        return typeof onFulfilled === 'function' ? onFulfilled(value) : (value as unknown as R)
      },
      (error) => {
        watcher.rejected(error)
        if (typeof onRejected === 'function') return onRejected(error)
        throw error
      },
    )
  }

  catch<E = never>(onRejected?: ((error: unknown) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally)
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function'
}
