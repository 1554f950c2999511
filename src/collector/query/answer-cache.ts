/** Answers kept for a while, since many ask the same: bounded in bytes, and asked once however many wait. The embedded engine keeps none itself. */
import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { LRUCache } from 'lru-cache'

export type CachedAnswer = {
  readonly body: Buffer
  readonly etag: string
  /** Epoch milliseconds when it was made. */
  readonly madeAt: number
  /** How long it holds, in milliseconds. */
  readonly lifetimeMs: number
}

export type AnswerCacheCounts = {
  readonly hits: number
  readonly misses: number
  readonly bytes: number
  readonly entries: number
}

/** Makes an answer, until nobody waits for it any more. */
type Make = (signal: AbortSignal) => Promise<Made>
type Wanted = { readonly fresh?: boolean; readonly signal?: AbortSignal }
type Given = { readonly answer: CachedAnswer; readonly isHit: boolean }
type Making = { readonly answer: Promise<CachedAnswer>; readonly stop: AbortController; waiting: number }
type Made = { readonly body: Buffer; readonly lifetimeMs: number }

/** Bytes an entry takes beside its body. */
const ENTRY_BYTES = 500

export class AnswerCache {
  readonly #answers: LRUCache<string, CachedAnswer>
  readonly #underWay = new Map<string, Making>()
  readonly #now: () => number
  #hits = 0
  #misses = 0

  /** @param maxBytes of all answers kept; the ones longest unused go first. An answer larger than a quarter of it is not kept. */
  constructor({ maxBytes, now = Date.now }: { readonly maxBytes: number; readonly now?: () => number }) {
    this.#answers = new LRUCache<string, CachedAnswer>({
      maxSize: maxBytes,
      maxEntrySize: Math.floor(maxBytes / 4),
      sizeCalculation: ({ body }, key) => body.length + 2 * key.length + ENTRY_BYTES,
    })
    this.#now = now
  }

  get counts(): AnswerCacheCounts {
    return {
      hits: this.#hits,
      misses: this.#misses,
      bytes: this.#answers.calculatedSize,
      entries: this.#answers.size,
    }
  }

  /**
   * The answer of `key`, made by `make` when none holds or a `fresh` one is wanted. What fails is not kept: whoever waits for it hears of it.
   * When the `signal`s of all who wait are aborted, so is that of `make`.
   */
  async get(key: string, make: Make, { fresh = false, signal }: Wanted = {}): Promise<Given> {
    const kept = fresh ? undefined : this.#answers.get(key)
    if (kept !== undefined && this.#now() < kept.madeAt + kept.lifetimeMs) {
      this.#hits++
      return { answer: kept, isHit: true }
    }
    const waiting = fresh ? undefined : this.#underWay.get(key)
    if (waiting !== undefined) this.#hits++
    else this.#misses++
    const making = waiting ?? this.#make(key, make)
    making.waiting++
    const leave = () => {
      making.waiting--
      if (making.waiting > 0) return
      this.#forget(key, making)
      making.stop.abort(signal?.reason)
    }
    signal?.addEventListener('abort', leave, { once: true })
    try {
      return { answer: await making.answer, isHit: waiting !== undefined }
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  #make(key: string, make: Make): Making {
    const madeAt = this.#now()
    const stop = new AbortController()
    // All questions of an answer listen, and a report has a dozen: that is no leak.
    setMaxListeners(0, stop.signal)
    const answer = make(stop.signal)
      .then(({ body, lifetimeMs }) => {
        const made = { body, etag: etagOf(body), madeAt, lifetimeMs }
        // What was cleared while it was made may hold what is to be forgotten.
        if (this.#underWay.get(key) === making && lifetimeMs > 0) this.#answers.set(key, made)
        return made
      })
      .finally(() => this.#forget(key, making))
    const making: Making = { answer, stop, waiting: 0 }
    this.#underWay.set(key, making)
    return making
  }

  #forget(key: string, making: Making): void {
    if (this.#underWay.get(key) === making) this.#underWay.delete(key)
  }

  /** Forgets everything, what is being made as well. */
  clear(): void {
    this.#answers.clear()
    this.#underWay.clear()
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/**
 * How long an answer holds, in milliseconds: a thousandth of its window while it is still going on, from 2 seconds to a minute;
 * five minutes where it ended an hour ago or more, since operations may still come late.
 */
export function lifetimeOf({ start, end }: { readonly start: number; readonly end: number }, now: number): number {
  if (end < now - 60 * MINUTE) return 5 * MINUTE
  return Math.min(Math.max((end - start) / 1000, 2 * SECOND), MINUTE)
}
