/** Why the queue takes nothing at the moment. */
export type RefusalReason =
  /** What waits for the store reached its limit of bytes. */
  | 'queue_full'
  /** The file system has too little free space. */
  | 'no_disk_space'
  /** The disk could not be written, for another reason than its space. */
  | 'write_failed'

const MESSAGES: { readonly [reason in RefusalReason]: string } = {
  queue_full: 'the queue is full: the store is slower than what comes in',
  no_disk_space: 'the file system of the data directory has too little free space',
  write_failed: 'the data directory could not be written',
}

/** What was appended is not taken, not even in part; the sender may send it again. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull'
  readonly reason: RefusalReason
  /** When to try again, in seconds: for a `Retry-After`. */
  readonly retryAfterSeconds: number

  constructor(reason: RefusalReason, cause?: Error) {
    super(MESSAGES[reason], cause === undefined ? undefined : { cause })
    this.reason = reason
    this.retryAfterSeconds = reason === 'no_disk_space' ? 30 : 5
  }
}
