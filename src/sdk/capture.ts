/** How a unit of GenAI work is observed while it runs: what instrumentations build on. Knows nothing of what becomes of the operation. */
import { context } from '@opentelemetry/api'
import type { Operation, OperationError } from '../operation.js'
import { ABANDONED, toOperationError } from './failure.js'
import { OpenOperation } from './open-operation.js'
import { OpenOperations } from './open-operations.js'
import type { OperationSpan } from './tracing.js'

/** What is known when a unit of work begins. */
export type OperationStart = Pick<
  Operation,
  | 'operation'
  | 'provider'
  | 'requestModel'
  | 'streamed'
  | 'toolName'
  | 'toolType'
  | 'agentName'
  | 'workflowName'
  | 'serverAddress'
  | 'serverPort'
  | 'conversationId'
  | 'userId'
  | 'tags'
>

/** What is known when it ends. What is given here wins over what was given at the begin. */
export type OperationEnd = Partial<
  Omit<Operation, 'id' | 'startTime' | 'durationMs' | 'error' | 'traceId' | 'spanId' | 'sampled'>
>

/**
 * A unit of work under way. Whatever comes first of `end` and `fail` makes the one operation; whatever comes after is ignored.
 * No method throws. A handle that is dropped without either is counted when it is garbage-collected, or at shutdown,
 * as failed with the type `abandoned`.
 */
export type OperationHandle = {
  /** Runs `fn` with this operation's span as the active one, so that spans made inside become its children. Returns what `fn` returns, throws what it throws. */
  run<T>(fn: () => T): T
  /** The response has begun: should nothing more be heard of it, the operation lasted until here. */
  responded(): void
  /** The first content-bearing chunk has arrived. Later calls change nothing. */
  firstChunk(): void
  /** A content-bearing chunk has arrived: the first sets the time to first chunk, each later one a gap. */
  chunk(): void
  /** The client repeated the HTTP request by itself. */
  retry(): void
  /** Finished. */
  end(fields?: OperationEnd): void
  /** Failed with `error`, whatever was thrown. `fields` may still hold usage and models. */
  fail(error: unknown, fields?: OperationEnd): void
  /** True once `end` or `fail` was called. */
  readonly ended: boolean
}

export type CaptureOptions = {
  /** Takes the finished operation, and its span, which it has to end. */
  readonly record: (operation: Operation, span: OperationSpan | undefined) => void
  /** Begins the span of an operation, where there are spans. */
  readonly beginSpan: (operation: Operation) => OperationSpan | undefined
}

export type Capture = {
  begin(start: OperationStart): OperationHandle
  /** Ends, as abandoned, every operation still open. */
  abandonOpen(): void
  /** Operations begun and not ended. */
  readonly open: number
}

/** How long a handle that is dropped at once may be kept, in milliseconds. */
const LOOK_EVERY_MS = 1000

/** Most operations that may be open at once; beyond, the oldest is ended as abandoned. */
const OPEN_LIMIT = 10_000

export function createCapture({ record, beginSpan }: CaptureOptions): Capture {
  const open = new OpenOperations()
  const collected = new FinalizationRegistry<OpenOperation>(abandon)
  let isLooking = false

  /** Lets go of the handles of what is still open: from now on their collection is told. Only what stays open is worth it. */
  function look(): void {
    isLooking = false
    // From the newest on, as far as those that the last look has seen.
    for (let operation = open.newest; operation?.handle !== undefined; operation = operation.older) {
      operation.isWatched = true
      collected.register(operation.handle, operation, operation)
      operation.handle = undefined
    }
  }

  function finish(
    operation: OpenOperation,
    fields: OperationEnd | undefined,
    error: OperationError | undefined,
    durationMs: number | undefined,
  ): void {
    operation.ended = true
    operation.handle = undefined
    open.delete(operation)
    let finished: Operation
    try {
      finished = operation.toOperation(fields, error, durationMs)
    } catch {
      // Fields whose getters throw: what is sure is counted all the same.
      finished = operation.toOperation(undefined, error, durationMs)
    }
    record(finished, operation.span)
  }

  function abandon(operation: OpenOperation): void {
    if (operation.ended) return
    // How long it took nobody knows, unless something was heard of it.
    const durationMs = operation.heardAt === 0 ? undefined : operation.heardAt - operation.startedAt
    finish(operation, undefined, ABANDONED, durationMs)
  }

  class Handle implements OperationHandle {
    readonly #operation: OpenOperation

    constructor(operation: OpenOperation) {
      this.#operation = operation
    }

    get ended(): boolean {
      return this.#operation.ended
    }

    run<T>(fn: () => T): T {
      const { span } = this.#operation
      return span === undefined ? fn() : context.with(span.context, fn)
    }

    responded(): void {
      if (this.#operation.heardAt === 0) this.#operation.heardAt = performance.now()
    }

    firstChunk(): void {
      this.#operation.firstChunk()
    }

    chunk(): void {
      this.#operation.chunk()
    }

    retry(): void {
      this.#operation.retries++
    }

    end(fields?: OperationEnd): void {
      this.#finish(fields, undefined)
    }

    fail(error: unknown, fields?: OperationEnd): void {
      this.#finish(fields, toOperationError(error))
    }

    #finish(fields: OperationEnd | undefined, error: OperationError | undefined): void {
      const operation = this.#operation
      if (operation.ended) return
      if (operation.isWatched) collected.unregister(operation)
      finish(operation, fields, error, performance.now() - operation.startedAt)
    }
  }

  return {
    begin(start) {
      const operation = new OpenOperation(start, beginSpan)
      open.add(operation)
      if (open.size > OPEN_LIMIT) abandon(open.oldest!)
      const handle = new Handle(operation)
      operation.handle = handle
      if (!isLooking) {
        isLooking = true
        setTimeout(look, LOOK_EVERY_MS).unref()
      }
      return handle
    },
    abandonOpen() {
      for (let oldest = open.oldest; oldest !== undefined; oldest = open.oldest) abandon(oldest)
    },
    get open() {
      return open.size
    },
  }
}

/** What stands in for a handle where nobody measures. */
export const NO_HANDLE: OperationHandle = {
  run: (fn) => fn(),
  responded() {},
  firstChunk() {},
  chunk() {},
  retry() {},
  end() {},
  fail() {},
  ended: true,
}

/** Tells from what `fn` returned what the operation should hold. */
export type ReadResult<T> = (result: T) => OperationEnd | undefined

/**
 * Runs `fn` as one operation: times it, records its failure, throws what it throws. `read` tells usage and models from the
 * result; what `read` throws is ignored.
 */
export function measureWith<T>(
  begin: (start: OperationStart) => OperationHandle,
  start: OperationStart,
  fn: (handle: OperationHandle) => T,
  read?: ReadResult<Awaited<T>>,
): T {
  const handle = begin(start)
  const succeeded = (result: Awaited<T>) => {
    let fields: OperationEnd | undefined
    try {
      fields = read?.(result)
    } catch {
      // What the result holds stays unknown; that the operation succeeded does not.
    }
    handle.end(fields)
    return result
  }
  const failed = (error: unknown): never => {
    handle.fail(error)
    throw error
  }
  let result: T
  try {
    result = handle.run(() => fn(handle))
  } catch (error) {
    return failed(error)
  }
  return (isThenable(result) ? result.then(succeeded, failed) : succeeded(result as Awaited<T>)) as T
}

function isThenable<T>(value: T): value is T & PromiseLike<Awaited<T>> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function'
}
