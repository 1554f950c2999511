/** How a unit of GenAI work is observed while it runs. The types are what instrumentations build on; `createCapture` makes them work. */
import type { Operation } from '../operation.js'

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
export type OperationEnd = Partial<Omit<Operation, 'id' | 'startTime' | 'durationMs' | 'error'>>

/**
 * A unit of work under way. Whatever comes first of `end` and `fail` makes the one operation; whatever comes after is ignored.
 * No method throws. A handle that is dropped without either is counted when it is garbage-collected, or at shutdown.
 */
export type OperationHandle = {
  /** Runs `fn` with this operation's span as the active one, so that spans made inside become its children. Returns what `fn` returns, throws what it throws. */
  run<T>(fn: () => T): T
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
