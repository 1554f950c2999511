/** Sees how a promise settles without adding one to the chain: where contexts are kept, each promise costs microseconds. */

/** What stands where a promise stood of which only `then` is used: it sees what passes through whichever is made of it. */
export class Watched<T> implements PromiseLike<T> {
  readonly #promise: Promise<T>
  readonly #onValue: (value: T) => void
  readonly #onError: (error: unknown) => void
  readonly #onThen: (() => void) | undefined

  /** None of the functions may throw. `onThen` is called at every `then`, the others when it is settled. */
  constructor(
    promise: Promise<T>,
    onValue: (value: T) => void,
    onError: (error: unknown) => void,
    onThen?: () => void,
  ) {
    this.#promise = promise
    this.#onValue = onValue
    this.#onError = onError
    this.#onThen = onThen
  }

  // biome-ignore lint/suspicious/noThenProperty: to be one is what it is for.
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    this.#onThen?.()
    return this.#promise.then(
      (value) => {
        this.#onValue(value)
        return typeof onFulfilled === 'function' ? onFulfilled(value) : (value as unknown as R)
      },
      (error) => {
        this.#onError(error)
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
