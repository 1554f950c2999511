/**
 * Which operations were accepted lately, by their ids: a log of ids in the order they came, and in memory where in the log each stands.
 * A B-tree of ids was the other way; each random id would have rewritten a page of 4 KiB of its own, at every commit.
 */
import { randomBytes } from 'node:crypto'
import { Fingerprints } from './fingerprints.js'
import { endOfId, ID_BYTES, writeId } from './id-bytes.js'

/** Most ids in one record of the log: so many are compared when a fingerprint fits. */
const RECORD_IDS = 512
/** A record with fewer is continued by the next group rather than followed by another. */
const SMALL_RECORD_IDS = 128
/** Within so small a part of the window a record is continued, since it expires as a whole. */
const RECORD_SPAN = 1 / 24
/** Ids that expire at a time, beyond as many as came. */
const EXPIRED_PER_GROUP = 2048
/** A record begins with the times of its first and its last id, as eight bytes each. */
const TIMES_BYTES = 16

export type SeenIdsOptions = {
  /** How long an id is remembered, in milliseconds. 0: not at all. */
  readonly windowMs: number
  /** Most ids remembered, the latest ones. Each takes about 13 bytes of memory, and 26 on disk. 0: none. */
  readonly capacity: number
  /** A record of the log as it was written down. */
  readonly read: (position: number) => Buffer | undefined
}

/** What a group of ids changes in the log. */
export type SeenChanges = {
  readonly written: readonly { readonly position: number; readonly bytes: Buffer }[]
  /** Positions of records that expire. */
  readonly removed: readonly number[]
  /** Ids that are remembered then. */
  readonly size: number
}

type LogRecord = { readonly position: number; bytes: Buffer; ids: number; lastTime: number }

export class SeenIds {
  readonly #options: SeenIdsOptions
  readonly #fingerprints = new Fingerprints()
  /** So that nobody outside can make ids whose fingerprints are alike. */
  readonly #seed = randomBytes(4).readUInt32LE()
  /** All records, the oldest first; their bytes are kept of the last one only. */
  #records: LogRecord[] = []
  #first = 0
  #next = 0
  #size = 0
  #expiredEarly = 0
  /** The group that is being made: ids not seen before, as they are and as bytes. */
  readonly #group = new Set<string>()
  #groupBytes = Buffer.alloc(0)
  #groupEnd = 0
  #changes: { records: LogRecord[]; expired: Buffer[] } | undefined
  // The record looked at last: what comes twice comes twice as a whole.
  #read: { position: number; bytes: Buffer } | undefined
  readonly #scratch = Buffer.alloc(ID_BYTES)

  constructor(options: SeenIdsOptions) {
    this.#options = options
  }

  /** Ids remembered. */
  get size(): number {
    return this.#size
  }

  /** Ids forgotten before their window was over, because there were too many. */
  get expiredEarly(): number {
    return this.#expiredEarly
  }

  /** Takes a record of the log, the oldest first, when the directory is opened. */
  load(position: number, bytes: Buffer): void {
    let ids = 0
    for (let at = TIMES_BYTES; at < bytes.length; ids++) {
      const end = endOfId(bytes, at)
      this.#fingerprint(bytes, at, end)
      this.#fingerprints.add(this.#selector, this.#print, position + 1)
      at = end
    }
    const last = this.#records.at(-1)
    if (last !== undefined) last.bytes = NO_BYTES
    this.#records.push({ position, bytes, ids, lastTime: bytes.readDoubleLE(8) })
    this.#size += ids
    this.#next = position + 1
  }

  /** Whether an id is seen for the first time; it then belongs to the group. */
  add(id: string): boolean {
    if (this.#isOff) return true
    if (this.#group.has(id)) return false
    const start = this.#groupEnd
    if (this.#groupBytes.length < start + ID_BYTES) {
      const larger = Buffer.allocUnsafeSlow((start + ID_BYTES) * 2)
      this.#groupBytes.copy(larger, 0, 0, start)
      this.#groupBytes = larger
    }
    const end = writeId(id, this.#groupBytes, start)
    this.#fingerprint(this.#groupBytes, start, end)
    const isKnown = this.#fingerprints.has(this.#selector, this.#print, (place) =>
      this.#contains(place - 1, this.#groupBytes.subarray(start, end)),
    )
    if (isKnown) return false
    this.#group.add(id)
    this.#groupEnd = end
    return true
  }

  /** Takes an id of the group out again, one of those added last, all of which are taken out: their batch cannot be written. */
  remove(id: string): void {
    if (!this.#group.delete(id)) return
    this.#groupEnd -= writeId(id, this.#scratch, 0)
  }

  /** What to write and to remove for the group, and for the time that went by. */
  changes(now: number): SeenChanges {
    const added = this.#group.size
    const records = this.#recordsOfGroup(now)
    const expired: Buffer[] = []
    let left = EXPIRED_PER_GROUP + added
    let size = this.#size + added
    // The last record stays, since it may be continued.
    const end = this.#records.length - (this.#isOff ? 0 : 1)
    for (let index = this.#first; index < end && left > 0; index++) {
      const record = this.#records[index]!
      const isOver = record.lastTime < now - this.#options.windowMs
      if (!isOver && size <= this.#options.capacity) break
      // Read while it is there: its ids are taken out of memory when it is gone.
      expired.push(this.#options.read(record.position) ?? NO_BYTES)
      left -= record.ids
      size -= record.ids
    }
    this.#changes = { records, expired }
    return {
      written: records.map(({ position, bytes }) => ({ position, bytes })),
      removed: expired.map((_, index) => this.#records[this.#first + index]!.position),
      size,
    }
  }

  /** The changes are on disk. */
  committed(now: number): void {
    const { records, expired } = this.#changes ?? { records: [], expired: [] }
    for (const bytes of expired) this.#forgetFirst(bytes, now)
    for (const record of records) this.#remember(record)
    this.#clearGroup()
  }

  /** The changes did not come to the disk: the ids of the group were not seen. */
  failed(): void {
    this.#clearGroup()
  }

  get #isOff(): boolean {
    return this.#options.windowMs === 0 || this.#options.capacity === 0
  }

  #clearGroup(): void {
    this.#group.clear()
    this.#groupEnd = 0
    this.#changes = undefined
  }

  /** The ids of the group as records, the first of them a longer version of the last one when that is short. */
  #recordsOfGroup(now: number): LogRecord[] {
    const records: LogRecord[] = []
    const last = this.#records.at(-1)
    let at = 0
    let position = this.#next
    while (at < this.#groupEnd) {
      const start = at
      let head: Buffer
      let ids = 0
      if (records.length === 0 && last !== undefined && this.#isContinued(last, now)) {
        head = Buffer.from(last.bytes)
        ids = last.ids
        position = last.position
      } else {
        head = Buffer.alloc(TIMES_BYTES)
        head.writeDoubleLE(now, 0)
      }
      head.writeDoubleLE(now, 8)
      for (; at < this.#groupEnd && ids < RECORD_IDS; ids++) at = endOfId(this.#groupBytes, at)
      const bytes = Buffer.concat([head, this.#groupBytes.subarray(start, at)])
      records.push({ position: position++, bytes, ids, lastTime: now })
    }
    return records
  }

  #isContinued(record: LogRecord, now: number): boolean {
    const age = now - record.bytes.readDoubleLE(0)
    return record.ids < SMALL_RECORD_IDS && age >= 0 && age < this.#options.windowMs * RECORD_SPAN
  }

  #remember(record: LogRecord): void {
    const last = this.#records.at(-1)
    let at = TIMES_BYTES
    if (last?.position === record.position) {
      at = last.bytes.length
      this.#size -= last.ids
      this.#records.pop()
    } else if (last !== undefined) {
      last.bytes = NO_BYTES
    }
    while (at < record.bytes.length) {
      const end = endOfId(record.bytes, at)
      this.#fingerprint(record.bytes, at, end)
      this.#fingerprints.add(this.#selector, this.#print, record.position + 1)
      at = end
    }
    this.#records.push(record)
    this.#size += record.ids
    this.#next = record.position + 1
    if (this.#read?.position === record.position) this.#read = undefined
  }

  #forgetFirst(bytes: Buffer, now: number): void {
    const record = this.#records[this.#first++]!
    for (let at = TIMES_BYTES; at < bytes.length; ) {
      const end = endOfId(bytes, at)
      this.#fingerprint(bytes, at, end)
      this.#fingerprints.delete(this.#selector, this.#print, record.position + 1)
      at = end
    }
    this.#size -= record.ids
    if (record.lastTime >= now - this.#options.windowMs) this.#expiredEarly += record.ids
    if (this.#first > 1024 && this.#first * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#first)
      this.#first = 0
    }
  }

  /** Whether an id stands in a record. */
  #contains(position: number, id: Buffer): boolean {
    const bytes = this.#record(position)
    for (let at = TIMES_BYTES; at < bytes.length; ) {
      const end = endOfId(bytes, at)
      if (end - at === id.length && bytes.compare(id, 0, id.length, at, end) === 0) return true
      at = end
    }
    return false
  }

  #record(position: number): Buffer {
    const last = this.#records.at(-1)
    if (last?.position === position) return last.bytes
    if (this.#read?.position !== position) {
      this.#read = { position, bytes: this.#options.read(position) ?? NO_BYTES }
    }
    return this.#read.bytes
  }

  #selector = 0
  #print = 0

  /** Two words of 32 bits made of the bytes of an id, left in `#selector` and `#print`. */
  #fingerprint(bytes: Buffer, start: number, end: number): void {
    let one = this.#seed
    let two = this.#seed ^ 0x9e3779b9
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      one = Math.imul(one ^ word, 0x01000193)
      one ^= one >>> 13
      two = Math.imul(two ^ word, 0x85ebca6b)
      two ^= two >>> 15
    }
    for (; at < end; at++) {
      one = Math.imul(one ^ bytes[at]!, 0x01000193)
      two = Math.imul(two ^ bytes[at]!, 0x85ebca6b)
    }
    one = Math.imul(one ^ (one >>> 16), 0x7feb352d)
    this.#selector = (one ^ (one >>> 15)) >>> 0
    two = Math.imul(two ^ (two >>> 16), 0x846ca68b)
    this.#print = (two ^ (two >>> 16)) >>> 0
  }
}

const NO_BYTES = Buffer.alloc(0)

/** The key of a record of the log. */
export function seenKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(6)
  key.writeUIntBE(position, 0, 6)
  return key
}
