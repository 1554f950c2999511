/** Logs in protobuf. Bodies are content, but for short ones, which older clients name their events by. */
import type { AttributeSelection } from './attribute-selection.js'
import type { DecodedLogs, Group, LogRecord } from './decoded.js'
import { eventNameOf } from './event-name.js'
import { readText } from './known-text.js'
import { BODY_LIMIT, ITEM_LIMIT, READ_LIMIT } from './limits.js'
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
import { WireReader } from './wire-reader.js'

export function decodeProtobufLogs(
  body: Uint8Array,
  logs: AttributeSelection | undefined,
  resource: AttributeSelection | undefined,
): DecodedLogs {
  const reader = new WireReader(body)
  const resourceNotes = createNotes(reader, resource)
  const notes = createNotes(reader, logs)
  const groups: Group<LogRecord>[] = []
  let count = 0
  let kept = 0
  const read = () => {
    if (++count > ITEM_LIMIT) reader.fail(`more than ${ITEM_LIMIT} log records`)
    const record = readLogRecord(reader, notes)
    if (record !== undefined && ++kept > READ_LIMIT) reader.fail(`more than ${READ_LIMIT} log records to be read`)
    return record
  }
  while (reader.next(reader.len)) {
    if (reader.field === 1) readResourceGroups(reader, reader.enter(), resourceNotes, read, groups)
    else reader.ignore()
  }
  return { signal: 'logs', count, groups }
}

function readLogRecord(reader: WireReader, notes: AttributeNotes): LogRecord | undefined {
  const end = reader.enter()
  notes.clear()
  let traceId = -1
  let spanId = -1
  let time = -1
  let observed = -1
  let flags = 0
  let bodyStart = 0
  let bodyEnd = 0
  let eventName = ''
  while (reader.next(end)) {
    switch (reader.field) {
      case 1:
        time = reader.fixed8()
        break
      case 5:
        bodyEnd = reader.enter()
        bodyStart = reader.pos
        reader.pos = bodyEnd
        break
      case 6:
        notes.note()
        break
      case 8:
        flags = reader.source.readUInt32LE(reader.fixed4())
        break
      case 9:
        traceId = traceIdAt(reader)
        break
      case 10:
        spanId = spanIdAt(reader)
        break
      case 11:
        observed = reader.fixed8()
        break
      case 12:
        eventName = reader.text()
        break
      default:
        reader.ignore()
    }
  }
  if (!notes.isMarked && eventName === '') return undefined
  const bytes = reader.source
  const attributes = notes.read()
  const body = bodyStart < bodyEnd ? readShortBody(reader, bodyStart, bodyEnd) : ''
  reader.pos = end
  const happened = time < 0 ? 0 : timeFrom(bytes, time)
  return {
    traceId: traceIdFrom(bytes, traceId),
    spanId: spanIdFrom(bytes, spanId),
    sampled: (flags & 1) !== 0,
    time: happened === 0 && observed >= 0 ? timeFrom(bytes, observed) : happened,
    eventName: eventNameOf(eventName, attributes, body),
    attributes,
  }
}

function readShortBody(reader: WireReader, start: number, end: number): string {
  let body = ''
  reader.pos = start
  while (reader.next(end)) {
    if (reader.field !== 1) {
      reader.ignore()
      continue
    }
    const stop = reader.enter()
    if (stop - reader.pos <= BODY_LIMIT) body = readText(reader.source, reader.pos, stop)
    reader.pos = stop
  }
  return body
}
