/** Traces in protobuf. A span is passed over first, noting where things stand; what it is made of is read only if somebody wants it. */
import type { AttributeSelection } from './attribute-selection.js'
import type { DecodedTraces, Group, Span } from './decoded.js'
import { EXCEPTION_ATTRIBUTES, exceptionFrom } from './exception.js'
import { ITEM_LIMIT, READ_LIMIT } from './limits.js'
import type { AttributeNotes } from './protobuf-attributes.js'
import {
  createNotes,
  readResourceGroups,
  spanIdAt,
  spanIdFrom,
  timeFrom,
  traceIdAt,
  traceIdFrom,
} from './protobuf-common.js'
import { betweenMilliseconds } from './times.js'
import { WireReader } from './wire-reader.js'

const STATUS_ERROR = 2

export function decodeProtobufTraces(
  body: Uint8Array,
  spans: AttributeSelection | undefined,
  resource: AttributeSelection | undefined,
): DecodedTraces {
  const reader = new WireReader(body)
  const resourceNotes = createNotes(reader, resource)
  const spanReader = new SpanReader(reader, createNotes(reader, spans), createNotes(reader, EXCEPTION_ATTRIBUTES))
  const groups: Group<Span>[] = []
  const readSpan = () => spanReader.read()
  while (reader.next(reader.len)) {
    if (reader.field === 1) readResourceGroups(reader, reader.enter(), resourceNotes, readSpan, groups)
    else reader.ignore()
  }
  return { signal: 'traces', count: spanReader.count, groups, parents: () => spanReader.parents() }
}

class SpanReader {
  count = 0
  #read = 0
  readonly #reader: WireReader
  readonly #notes: AttributeNotes
  readonly #exceptionNotes: AttributeNotes
  /** Where the ids of each span with a parent begin: trace, span, parent, in turn. */
  readonly #lineage: number[] = []

  constructor(reader: WireReader, notes: AttributeNotes, exceptionNotes: AttributeNotes) {
    this.#reader = reader
    this.#notes = notes
    this.#exceptionNotes = exceptionNotes
  }

  read(): Span | undefined {
    const reader = this.#reader
    const notes = this.#notes
    const end = reader.enter()
    if (++this.count > ITEM_LIMIT) reader.fail(`more than ${ITEM_LIMIT} spans`)
    notes.clear()
    let traceId = -1
    let spanId = -1
    let parentSpanId = -1
    let nameStart = 0
    let nameEnd = 0
    let kind = 0
    let startTime = -1
    let endTime = -1
    let statusStart = -1
    let statusEnd = -1
    let eventStart = -1
    let eventEnd = -1
    while (reader.next(end)) {
      switch (reader.field) {
        case 1:
          traceId = traceIdAt(reader)
          break
        case 2:
          spanId = spanIdAt(reader)
          break
        case 4:
          parentSpanId = spanIdAt(reader)
          break
        case 5:
          nameEnd = reader.enter()
          nameStart = reader.pos
          reader.pos = nameEnd
          break
        case 6:
          kind = reader.small()
          break
        case 7:
          startTime = reader.fixed8()
          break
        case 8:
          endTime = reader.fixed8()
          break
        case 9:
          notes.note()
          break
        case 11:
          // An exception is what a span ends with.
          eventEnd = reader.enter()
          eventStart = reader.pos
          reader.pos = eventEnd
          break
        case 15:
          statusEnd = reader.enter()
          statusStart = reader.pos
          reader.pos = statusEnd
          break
        default:
          reader.ignore()
      }
    }
    if (parentSpanId >= 0 && traceId >= 0 && spanId >= 0) this.#lineage.push(traceId, spanId, parentSpanId)
    if (!notes.isMarked) return undefined
    if (++this.#read > READ_LIMIT) reader.fail(`more than ${READ_LIMIT} spans to be read`)

    const bytes = reader.source
    const attributes = notes.read()
    reader.pos = nameStart
    const name = reader.textUntil(nameEnd)
    let hasError = false
    let statusMessage = ''
    if (statusStart >= 0) {
      reader.pos = statusStart
      while (reader.next(statusEnd)) {
        if (reader.field === 3) hasError = reader.small() === STATUS_ERROR
        else if (reader.field === 2) statusMessage = reader.text()
        else reader.ignore()
      }
    }
    const exception = hasError && eventStart >= 0 ? this.#readException(eventStart, eventEnd) : undefined
    reader.pos = end
    return {
      traceId: traceIdFrom(bytes, traceId),
      spanId: spanIdFrom(bytes, spanId),
      parentSpanId: spanIdFrom(bytes, parentSpanId),
      name,
      kind,
      startTime: startTime < 0 ? 0 : timeFrom(bytes, startTime),
      durationMs: startTime < 0 || endTime < 0 ? undefined : between(bytes, startTime, endTime),
      hasError,
      statusMessage,
      exception,
      attributes,
    }
  }

  #readException(start: number, end: number): Span['exception'] {
    const reader = this.#reader
    const notes = this.#exceptionNotes
    notes.clear()
    reader.pos = start
    while (reader.next(end)) {
      if (reader.field === 3) notes.note()
      else reader.ignore()
    }
    return exceptionFrom(notes.read())
  }

  parents(): ReadonlyMap<string, string> {
    const bytes = this.#reader.source
    const parents = new Map<string, string>()
    for (let index = 0; index < this.#lineage.length; index += 3) {
      const traceId = traceIdFrom(bytes, this.#lineage[index]!)
      const parentSpanId = spanIdFrom(bytes, this.#lineage[index + 2]!)
      if (parentSpanId === '') continue
      parents.set(`${traceId}-${spanIdFrom(bytes, this.#lineage[index + 1]!)}`, `${traceId}-${parentSpanId}`)
    }
    return parents
  }
}

function between(bytes: Buffer, start: number, end: number): number | undefined {
  return betweenMilliseconds(
    bytes.readUInt32LE(start + 4),
    bytes.readUInt32LE(start),
    bytes.readUInt32LE(end + 4),
    bytes.readUInt32LE(end),
  )
}
