/**
 * Lends a few things, one borrower each, in the order they were asked for: first to whoever cannot wait, then, as fast as the pace lets them,
 * to those who can. Bounded in how many may wait.
 */

export type TakeOptions = {
  /** Whoever asked has gone: its turn need not come. */
  readonly signal?: AbortSignal | undefined
  /** Stands behind those who cannot, and keeps to the pace. @default false */
  readonly canWait?: boolean | undefined
}

export type Turns<T> = {
  /** Throws a BusyError when too many wait already, an Error once closed, and the reason of the signal when that comes before the turn. */
  take<R>(work: (thing: T) => Promise<R>, options?: TakeOptions): Promise<R>
  /** Nothing is lent any more; resolves when everything is back. */
  close(): Promise<void>
}

/** How fast those come who can wait. */
export type Pace = {
  /** Milliseconds until it is to be asked again, or until one has ended; 0: another one may begin. */
  readonly restMs: () => number
  readonly began: () => void
  readonly ended: () => void
}

export type TurnsOptions = {
  /** Of those who can wait, and as many again of those who cannot. */
  readonly mostWaiting: number
  /** What is said when nothing is lent any more. */
  readonly closedMessage: string
  /** @default as fast as things come back */
  readonly pace?: Pace
}

/** Too many wait already: the same may succeed later. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
}

type Waiting<T> = (thing: T) => void

export function createTurns<T>(things: readonly T[], { mostWaiting, closedMessage, pace }: TurnsOptions): Turns<T> {
  const free = [...things]
  const urgent: Waiting<T>[] = []
  const patient: Waiting<T>[] = []
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let onEmpty = () => {}

  /** Lends what is free to whoever is next. */
  function serve(): void {
    clearTimeout(timer)
    while (free.length > 0) {
      const next = urgent.shift() ?? nextPatient()
      if (next === undefined) break
      next(free.pop()!)
    }
    if (isClosed && free.length === things.length) onEmpty()
  }

  function nextPatient(): Waiting<T> | undefined {
    if (patient.length === 0) return undefined
    // Once closed nothing comes in any more that it could give way to.
    const restMs = isClosed || pace === undefined ? 0 : pace.restMs()
    if (restMs > 0) {
      timer = setTimeout(serve, restMs)
      return undefined
    }
    pace?.began()
    return patient.shift()
  }

  function turn(line: Waiting<T>[], signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        line.splice(line.indexOf(come), 1)
        reject(signal!.reason)
      }
      const come = (thing: T) => {
        signal?.removeEventListener('abort', leave)
        resolve(thing)
      }
      signal?.addEventListener('abort', leave, { once: true })
      line.push(come)
      serve()
    })
  }

  return {
    async take(work, { signal, canWait = false } = {}) {
      if (isClosed) throw new Error(closedMessage)
      signal?.throwIfAborted()
      const line = canWait ? patient : urgent
      if (line.length >= mostWaiting) throw new BusyError(`${line.length} queries are waiting already; got one more`)
      const thing = await turn(line, signal)
      try {
        return await work(thing)
      } finally {
        if (canWait) pace?.ended()
        free.push(thing)
        serve()
      }
    },
    close() {
      isClosed = true
      return new Promise((resolve) => {
        const before = onEmpty
        onEmpty = () => {
          before()
          resolve()
        }
        serve()
      })
    },
  }
}
