/** Sees how a promise settles without adding one to the chain: where contexts are kept, each promise costs microseconds. */

/** What stands where a promise stood of which only its methods are used: it sees what passes through whatever is made of it. */
export abstract class Watched<T> implements PromiseLike<T> {
  protected promise: Promise<T>

  constructor(promise: Promise<T>) {
    this.promise = promise
  }

  /** Called for each that waits, before it hears of the value. Must not throw. */
  protected abstract fulfilled(value: T): void

  /** Called for each that waits, before it hears of the error. Must not throw. */
  protected abstract rejected(error: unknown): void

  // biome-ignore lint/suspicious/noThenProperty: to be one is what it is for.
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.promise.then(
      (value) => {
        this.fulfilled(value)
        return typeof onFulfilled === 'function' ? onFulfilled(value) : (value as unknown as R)
      },
      (error) => {
        this.rejected(error)
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
