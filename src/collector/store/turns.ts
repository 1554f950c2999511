/** Lends a few things, one borrower each, in the order they were asked for. Bounded in how many may wait. */

export type Turns<T> = {
  /** Throws a BusyError when too many wait already, an Error once closed, and the reason of the signal when that comes before the turn. */
  take<R>(work: (thing: T) => Promise<R>, signal?: AbortSignal): Promise<R>
  /** Nothing is lent any more; resolves when everything is back. */
  close(): Promise<void>
}

/** Too many wait already: the same may succeed later. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
}

export function createTurns<T>(things: readonly T[], mostWaiting: number, closedMessage: string): Turns<T> {
  const free = [...things]
  const waiting: ((thing: T) => void)[] = []
  let isClosed = false
  let onEmpty = () => {}

  function giveBack(thing: T): void {
    const next = waiting.shift()
    if (next) next(thing)
    else {
      free.push(thing)
      if (isClosed && free.length === things.length) onEmpty()
    }
  }

  function turn(signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        waiting.splice(waiting.indexOf(come), 1)
        reject(signal!.reason)
      }
      const come = (thing: T) => {
        signal?.removeEventListener('abort', leave)
        resolve(thing)
      }
      signal?.addEventListener('abort', leave, { once: true })
      waiting.push(come)
    })
  }

  return {
    async take(work, signal) {
      if (isClosed) throw new Error(closedMessage)
      signal?.throwIfAborted()
      if (free.length === 0 && waiting.length >= mostWaiting)
        throw new BusyError(`${waiting.length} queries are waiting already; got one more`)
      const thing = free.pop() ?? (await turn(signal))
      try {
        return await work(thing)
      } finally {
        giveBack(thing)
      }
    },
    close() {
      isClosed = true
      if (free.length === things.length) return Promise.resolve()
      return new Promise((resolve) => {
        const before = onEmpty
        onEmpty = () => {
          before()
          resolve()
        }
      })
    },
  }
}
