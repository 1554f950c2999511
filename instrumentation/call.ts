/** One call of a client under way, from the arguments to whatever ends it. Knows nothing of promises, streams or any provider. */
import type { OperationEnd, OperationHandle } from '../src/index.js'

/** What an answer, or the events of a stream so far, told. Only numbers and short words: no text is kept. */
export type Seen = {
  responseId: string | undefined
  responseModel: string | undefined
  finishReason: string | undefined
  serviceTier: string | undefined
  /** Usage as the provider wrote it; its own words are read once, at the end. */
  usage: unknown
  /** A failure told inside an answer that HTTP called a success. */
  failure: unknown
  /** The event that ends a stream has been seen: nothing that matters follows. */
  isComplete: boolean
}

/** How one endpoint of a provider tells what was done. Functions may throw: whatever they miss stays unknown. */
export type Dialect = {
  readonly operation: string
  /** Reads a whole answer. */
  readonly answer: (answer: never, seen: Seen) => void
  /** Reads one event of a stream, and tells whether it bears content: a chunk of it, or a `whole` that chunks may have gone before. */
  readonly event: (event: never, seen: Seen) => boolean | 'whole'
  /** What the provider's usage means in ours. */
  readonly usage: (usage: never) => Pick<OperationEnd, 'usage' | 'cost'>
}

export class Call {
  readonly handle: OperationHandle
  readonly client: object
  readonly #dialect: Dialect
  readonly #seen: Seen = {
    responseId: undefined,
    responseModel: undefined,
    finishReason: undefined,
    serviceTier: undefined,
    usage: undefined,
    failure: undefined,
    isComplete: false,
  }
  /** The client has begun to read the body, so how the call ends will be seen there. */
  isParsing = false
  isAnswered = false
  /** Told shortly before each HTTP request leaves. */
  response: { sending(): void } | undefined
  #requests = 0
  #place: Pick<OperationEnd, 'serverAddress' | 'serverPort' | 'streamed'> | undefined

  constructor(handle: OperationHandle, dialect: Dialect, client: object) {
    this.handle = handle
    this.#dialect = dialect
    this.client = client
  }

  /** The client sends an HTTP request: each one after the first is a retry of its own. */
  requesting(): void {
    if (this.#requests++ > 0) this.handle.retry()
  }

  /** Where the call went and how it is answered, where that was not known at its begin. */
  locate(place: Pick<OperationEnd, 'serverAddress' | 'serverPort' | 'streamed'>): void {
    this.#place = place
  }

  /** The whole answer of a call that does not stream. */
  answer(value: unknown): void {
    if (typeof value === 'object' && value !== null) {
      try {
        this.#dialect.answer(value as never, this.#seen)
      } catch {
        // An answer of a shape nobody described: the call is counted, what it used stays unknown.
      }
    }
    this.end()
  }

  /** One event of a stream. */
  event(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    try {
      const content = this.#dialect.event(value as never, this.#seen)
      if (content === true) this.handle.chunk()
      else if (content === 'whole') this.handle.firstChunk()
    } catch {
      // As above: one odd event must not disturb the stream.
    }
    if (this.#seen.isComplete) this.end()
  }

  end(): void {
    const { failure, finishReason } = this.#seen
    this.#finish(failure, finishReason)
  }

  fail(error: unknown): void {
    this.#finish(error ?? new Error('Failed without an error.'), this.#seen.finishReason)
  }

  /** The consumer left the stream. Where the provider had already said why it stopped, that stands. */
  leave(): void {
    this.#finish(undefined, this.#seen.finishReason ?? 'cancelled')
  }

  /** Aborted in a way that makes the client throw nothing: the error is the one it throws for any other abort. */
  abort(): void {
    if (!this.handle.ended) this.fail(userAbortError(this.client))
  }

  #finish(error: unknown, finishReason: string | undefined): void {
    try {
      if (this.handle.ended) return
      const fields = this.#fields(finishReason)
      if (error === undefined) this.handle.end(fields)
      else this.handle.fail(error, fields)
    } catch {
      // This runs in the midst of the program's own promises and streams: a defect of ours must stay ours.
    }
  }

  #fields(finishReason: string | undefined): OperationEnd {
    const { responseId, responseModel, serviceTier, usage } = this.#seen
    let spent: Pick<OperationEnd, 'usage' | 'cost'> | undefined
    if (typeof usage === 'object' && usage !== null) {
      try {
        spent = this.#dialect.usage(usage as never)
      } catch {
        // Unknown, then.
      }
    }
    const fields = { responseId, responseModel, finishReason, serviceTier, usage: spent?.usage, cost: spent?.cost }
    return this.#place === undefined ? fields : { ...this.#place, ...fields }
  }
}

function userAbortError(client: object): Error {
  const error = new Error('Request was aborted.')
  error.name = 'APIUserAbortError'
  try {
    const AbortError = (client.constructor as { APIUserAbortError?: new () => Error }).APIUserAbortError
    return typeof AbortError === 'function' ? new AbortError() : error
  } catch {
    return error
  }
}
