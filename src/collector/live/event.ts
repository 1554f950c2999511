/** Events of the stream, as the bytes they are sent in. */
import type { IdentifiedOperation } from '../batch.js'

export const KINDS = ['snapshot', 'operation'] as const
export type Kind = (typeof KINDS)[number]

/** Made once, and sent to everybody who wants it. */
export type LiveEvent = {
  readonly kind: Kind
  /** Place among all events of this process. */
  readonly sequence: number
  /** Of an `operation`. */
  readonly operation?: IdentifiedOperation
  readonly bytes: Buffer
}

/** Why there are events that a subscriber did not get. */
export type LagReason =
  /** It reads more slowly than events come. */
  | 'slow_reader'
  /** It was away for longer than they are kept. */
  | 'too_old'
  /** It names an event that is not of this process. */
  | 'unknown'

export function eventOf(run: string, sequence: number, snapshot: object): LiveEvent {
  return { kind: 'snapshot', sequence, bytes: written('snapshot', snapshot, idOf(run, sequence)) }
}

export function eventOfOperation(run: string, sequence: number, operation: IdentifiedOperation): LiveEvent {
  // Not what is measured of it alone.
  const { outputChunkGaps: _, ...told } = operation
  return { kind: 'operation', sequence, operation, bytes: written('operation', told, idOf(run, sequence)) }
}

/** Tells that events are missing, and how many where that is known. */
export function lagged(reason: LagReason, skipped: number | null): Buffer {
  return written('lagged', { reason, skipped })
}

/** A comment: it says nothing, but that the connection stands. */
export const HEARTBEAT = Buffer.from(': \n\n')

/** Tells how long to wait before coming back, in milliseconds. */
export function retryAfter(milliseconds: number): Buffer {
  return Buffer.from(`retry: ${milliseconds}\n\n`)
}

/** Where a subscriber was, by the id of the last event it saw; undefined where that is not one of `run`. */
export function sequenceOf(run: string, id: string): number | undefined {
  const [, of, sequence] = /^([0-9a-f]+)-(\d{1,15})$/.exec(id) ?? []
  return of === run ? Number(sequence) : undefined
}

function idOf(run: string, sequence: number): string {
  return `${run}-${sequence}`
}

// JSON has no line ends of its own, so the data is one line.
function written(kind: Kind | 'lagged', data: object, id?: string): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
}
