/** Reads the events of a request (one, a list, or one a line) and words the answers to it. */
import { createCleaner, identified } from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'
import { operationOf } from './event-operation.js'
import { type Complaint, checkEvent } from './event-schema.js'
import { errorBody, type Failure } from './failure.js'
import { type EventsResult, InvalidBody } from './intake.js'
import { JSON_TYPE } from './media.js'

const LINES_TYPES: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
])
export const EVENTS_TYPES: ReadonlySet<string> = new Set([JSON_TYPE, ...LINES_TYPES])

/** Complaints one answer holds. */
const COMPLAINTS_LIMIT = 20

/** Events that are not as they must be. Nothing of their request is taken: it can be sent again when they are mended. */
class InvalidEvents extends InvalidBody {
  readonly complaints: readonly Complaint[]

  constructor(complaints: readonly Complaint[], items: number) {
    super(sentence(complaints[0]!), { field: complaints[0]!.field, items })
    this.complaints = complaints
  }
}

function sentence({ index, field, got, allowed }: Complaint): string {
  const what = field === '' ? 'it' : field
  return `event ${index}: ${what} must be ${allowed}; got ${got}`
}

export type EventReaderOptions = {
  /** Most events in one request. */
  readonly limit: number
  readonly hashIdentity: (identity: string) => string
  readonly onDiscard: (field: string) => void
}

export type Events = { readonly operations: readonly IdentifiedOperation[]; readonly isSingle: boolean }

/** A function that makes operations of a body of events. Throws InvalidBody. */
export function createEventReader({ limit, hashIdentity, onDiscard }: EventReaderOptions) {
  const clean = createCleaner({ hashIdentity, onDiscard })

  return (body: Uint8Array, mediaType: string): Events => {
    const parsed = parse(body, mediaType, limit)
    const isSingle = !Array.isArray(parsed)
    const values: readonly unknown[] = isSingle ? [parsed] : parsed
    if (values.length > limit) throw tooMany(limit, values.length)
    const operations: IdentifiedOperation[] = []
    const complaints: Complaint[] = []
    for (let index = 0; index < values.length && complaints.length < COMPLAINTS_LIMIT; index++) {
      const checked = checkEvent(values[index], index)
      if ('complaints' in checked) complaints.push(...checked.complaints)
      else {
        const operation = clean(operationOf(checked.event), Date.now())
        if (operation !== undefined) operations.push(identified(operation))
      }
    }
    if (complaints.length > 0) throw new InvalidEvents(complaints.slice(0, COMPLAINTS_LIMIT), values.length)
    return { operations, isSingle }
  }
}

function parse(body: Uint8Array, mediaType: string, limit: number): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new InvalidBody('the body is not valid UTF-8')
  }
  return LINES_TYPES.has(mediaType) ? parseLines(text, limit) : parseJson(text, 'the body')
}

function parseLines(text: string, limit: number): unknown[] {
  const values: unknown[] = []
  let line = 1
  for (let start = 0; start < text.length; line++) {
    const end = text.indexOf('\n', start)
    const content = text.slice(start, end === -1 ? text.length : end).trim()
    start = end === -1 ? text.length : end + 1
    if (content === '') continue
    // Before the rest is looked at: the limit is also one of work.
    if (values.length === limit) throw tooMany(limit)
    values.push(parseJson(content, `line ${line}`))
  }
  return values
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error of the parser repeats what it read.
    throw new InvalidBody(`${what} is not valid JSON`)
  }
}

function tooMany(limit: number, items?: number): InvalidBody {
  const counted = items === undefined ? {} : { items }
  return new InvalidBody(`there must be at most ${limit} events in one request`, counted)
}

/** 202 when anything was taken, 200 when all of it had been taken before. */
export function eventsAnswer(
  operations: readonly IdentifiedOperation[],
  isSingle: boolean,
  { accepted, duplicates }: EventsResult,
): { statusCode: 200 | 202; text: string } {
  const isDuplicate = accepted === 0 && duplicates > 0
  const about = isSingle
    ? { event_id: operations[0]!.id, status: isDuplicate ? 'duplicate' : 'accepted' }
    : { status: isDuplicate ? 'duplicate' : 'accepted' }
  return { statusCode: isDuplicate ? 200 : 202, text: JSON.stringify({ ...about, accepted, duplicates }) }
}

/** The body of the answer to events that were not taken: with all that is wrong with them, the first apart. */
export function eventsFailure(failure: Failure, error: unknown): Buffer {
  if (!(error instanceof InvalidEvents)) return errorBody(failure)
  return errorBody(failure, { details: error.complaints[0], errors: error.complaints })
}
