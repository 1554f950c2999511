/** Watches the stream a client hands out while its consumer reads it, at the consumer's pace: nothing is read ahead or kept. */
import type { Call } from './call.js'

type Events = AsyncIterator<unknown, unknown, unknown>

/** The parts of the clients' `Stream` used here. `iterator` is what `for await`, `tee` and `toReadableStream` all begin with. */
export type ClientStream = {
  iterator: (this: unknown, ...rest: unknown[]) => Events
  readonly controller?: { readonly signal?: AbortSignal } | undefined
}

export function isClientStream(value: unknown): value is ClientStream {
  return typeof value === 'object' && value !== null && typeof (value as ClientStream).iterator === 'function'
}

/** Lets `call` see every event `stream` yields and how reading it ends. */
export function watchStream(stream: ClientStream, call: Call): void {
  const reading = new Reading(call, stream.controller?.signal)
  const begin = stream.iterator
  stream.iterator = function (...rest) {
    const iterator = begin.apply(this, rest)
    try {
      reading.watch(iterator)
    } catch {
      // An iterator that lets nothing be set is read unwatched.
    }
    return iterator
  }
}

class Reading {
  readonly #call: Call
  readonly #signal: AbortSignal | undefined
  /** Results asked for and not yet come. */
  #pending = 0
  #isWatched = false

  constructor(call: Call, signal: AbortSignal | undefined) {
    this.#call = call
    this.#signal = signal
    if (signal?.aborted) call.abort()
    else signal?.addEventListener('abort', abortListener(new WeakRef(this)), { once: true })
  }

  // The iterator keeps its identity and whatever else it offers: only its three methods are set over with forwarding ones.
  watch(iterator: Events): void {
    // A second reader of a stream gets an error from the client; that is no failure of the call.
    if (this.#isWatched) return
    this.#isWatched = true
    const { next, return: leave, throw: interrupt } = iterator
    const onResult = (result: IteratorResult<unknown, unknown>) => {
      this.#received(result)
      return result
    }
    const onError = (error: unknown) => {
      this.#pending--
      this.#call.fail(error)
      throw error
    }
    iterator.next = (...value) => {
      this.#pending++
      return next.apply(iterator, value).then(onResult, onError)
    }
    if (leave !== undefined) {
      iterator.return = (value) => {
        this.#call.leave()
        return leave.call(iterator, value)
      }
    }
    if (interrupt !== undefined) {
      iterator.throw = (error) => {
        this.#call.leave()
        return interrupt.call(iterator, error)
      }
    }
  }

  #received(result: IteratorResult<unknown, unknown>): void {
    this.#pending--
    if (!result.done) this.#call.event(result.value)
    // Aborted streams end as if they were complete: the clients swallow the error.
    else if (this.#signal?.aborted) this.#call.abort()
    else this.#call.end()
  }

  // The clients also abort when they stop at an error: while a result is pending, that result will tell. And just before they
  // leave a stream that is cancelled: then the iterator is told so in the same turn.
  aborted(): void {
    if (this.#pending === 0) queueMicrotask(() => this.#call.abort())
  }
}

// The client may tie the signal to one of the application's that lives for ever, which must not keep the call from being collected.
function abortListener(reading: WeakRef<Reading>): () => void {
  return () => reading.deref()?.aborted()
}
