/** Sends answers: kept ones where they hold, in the format that is accepted, and not again to whoever has them. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { notAcceptable } from './accept.js'
import { type AnswerCache, lifetimeOf } from './answer-cache.js'
import type { WrittenWindow } from './head.js'
import { FORMATS, type Format, formatOf, toCsv, toJsonLines } from './table-format.js'
import type { TimeRange } from './time-range.js'

/** What every endpoint answers: lists of rows under names of its own, and the window they are of. */
export type Answered = {
  /** Absent from what is always made anew. */
  readonly window?: WrittenWindow
  readonly columns?: readonly string[]
  readonly [name: string]: unknown
}

export type Answering = {
  readonly cache: AnswerCache
  /** Names the question, whoever asks and however it was written. */
  readonly key: string
  /** The list of an answer that is its table. */
  readonly table: string | undefined
  /** What stands at the head of a table without rows. */
  readonly columns: readonly string[]
  /** Never a kept one. */
  readonly isFresh: boolean
  readonly now: number
  /** @param isFresh nothing that was kept before is wanted; the signal is aborted when nobody waits any more */
  readonly make: (isFresh: boolean, signal: AbortSignal) => Promise<Answered>
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal
}

export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answering: Answering,
): Promise<FastifyReply> {
  const { cache, key, isFresh, now, make, signal } = answering
  reply.header('vary', 'accept, authorization')
  const format = formatOf(request.headers.accept)
  if (format === undefined)
    return notAcceptable(
      reply,
      Object.values(FORMATS).map((type) => type.replace(/;.*/, '')),
    )
  const fresh = isFresh || /(^|,)\s*no-(cache|store)\b/i.test(request.headers['cache-control'] ?? '')
  const { answer, isHit } = await cache.get(
    `${format} ${key}`,
    async (stop) => {
      const made = await make(fresh, stop)
      const lifetimeMs = isFresh || made.window === undefined ? 0 : lifetimeOf(rangeOf(made.window), now)
      return { body: Buffer.from(written(made, answering, format)), lifetimeMs }
    },
    { fresh, signal },
  )
  const age = Math.max(0, now - answer.madeAt)
  reply.headers({
    etag: answer.etag,
    // Answers are for who may read, not for whoever comes by the same proxy.
    'cache-control': `private, max-age=${Math.floor(Math.max(0, answer.lifetimeMs - age) / 1000)}`,
    age: String(Math.floor(age / 1000)),
    'cache-status': isHit ? 'tokmeter; hit' : 'tokmeter; fwd=miss',
  })
  if (isKnown(request.headers['if-none-match'], answer.etag)) return reply.code(304).send()
  return reply.header('content-type', FORMATS[format]).send(answer.body)
}

function rangeOf({ start_time, end_time }: NonNullable<Answered['window']>): TimeRange {
  return { start: Date.parse(start_time), end: Date.parse(end_time) }
}

function written(made: Answered, { table, columns }: Pick<Answering, 'table' | 'columns'>, format: Format): string {
  if (format === 'json') return JSON.stringify(made)
  const list = table === undefined ? undefined : made[table]
  // What has no table is one row.
  const rows = (list ?? [made]) as readonly { readonly [column: string]: unknown }[]
  return format === 'csv' ? toCsv(rows, made.columns ?? (rows.length === 0 ? columns : [])) : toJsonLines(rows)
}

function isKnown(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
