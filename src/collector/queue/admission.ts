/** Whether the queue may take something now: its limit of bytes, the space of the file system, and writes that failed a moment ago. */
import { statfs } from 'node:fs/promises'
import type { RefusalReason } from './queue-full.js'

/** How long what the file system said of its free space is believed, in milliseconds. */
const FREE_SPACE_MS = 1000

export type AdmissionOptions = {
  readonly directory: string
  /** Most bytes of operations, those that are being written included. */
  readonly maxBytes: number
  /** Free space of the file system below which nothing is taken, in bytes. */
  readonly minFreeBytes: number
  /** How long nothing is taken after a write failed, in milliseconds. */
  readonly failurePauseMs: number
  /** Free bytes of the file system of a directory. */
  readonly freeBytes: (directory: string) => Promise<number>
  /** Bytes of operations that wait on the disk. */
  readonly bytesInQueue: () => number
}

export async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

export class Admission {
  readonly #options: AdmissionOptions
  /** What was let in and is not on the disk yet, in bytes. */
  #operationBytes = 0
  #bodyBytes = 0
  #free = Promise.resolve(Infinity)
  #lookedAt = -Infinity
  #failedAt = -Infinity

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Lets in so many bytes of operations and of a body, till `leave`; returns why not, if not, and then nothing is to be given back. */
  async enter(operationBytes: number, bodyBytes: number): Promise<RefusalReason | undefined> {
    // Counted before the question is asked, since others ask while this one waits for the answer.
    this.#operationBytes += operationBytes
    this.#bodyBytes += bodyBytes
    const reason = await this.#refusal(operationBytes)
    if (reason !== undefined) this.leave(operationBytes, bodyBytes)
    return reason
  }

  leave(operationBytes: number, bodyBytes: number): void {
    this.#operationBytes -= operationBytes
    this.#bodyBytes -= bodyBytes
  }

  /** A write failed. Returns what to tell those whose write it was. */
  async failed(): Promise<RefusalReason> {
    this.#failedAt = performance.now()
    this.#lookedAt = -Infinity
    return (await this.#isDiskFull()) ? 'no_disk_space' : 'write_failed'
  }

  async #refusal(operationBytes: number): Promise<RefusalReason | undefined> {
    const { bytesInQueue, maxBytes } = this.#options
    if (operationBytes > 0 && bytesInQueue() + this.#operationBytes > maxBytes) return 'queue_full'
    if (await this.#isDiskFull()) return 'no_disk_space'
    return performance.now() - this.#failedAt < this.#options.failurePauseMs ? 'write_failed' : undefined
  }

  async #isDiskFull(): Promise<boolean> {
    const { directory, minFreeBytes, freeBytes } = this.#options
    if (performance.now() - this.#lookedAt > FREE_SPACE_MS) {
      this.#lookedAt = performance.now()
      // A file system that does not tell is written to until a write fails.
      this.#free = freeBytes(directory).catch(() => Infinity)
    }
    return (await this.#free) < minFreeBytes + this.#operationBytes + this.#bodyBytes
  }
}
