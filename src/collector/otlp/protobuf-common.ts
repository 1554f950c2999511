/** What traces and logs in protobuf have in common: resources, scopes, ids and times. */
import type { AttributeSelection } from './attribute-selection.js'
import type { Attributes, Group, Scope } from './decoded.js'
import { AttributeNotes } from './protobuf-attributes.js'
import { toMilliseconds } from './times.js'
import type { WireReader } from './wire-reader.js'

const NO_ATTRIBUTES: Attributes = {}
const NO_SCOPE: Scope = { name: '', version: '' }
const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

/** Reads the items of a scope; gives those worth keeping. */
type ReadItem<Item> = () => Item | undefined

/**
 * Reads the `ResourceSpans` or `ResourceLogs` that ends at `end`: both have the resource in field 1 and the scopes in field 2, and
 * those the scope in field 1 and the items in field 2. What stands first in the bytes is not said.
 */
export function readResourceGroups<Item>(
  reader: WireReader,
  end: number,
  notes: AttributeNotes,
  readItem: ReadItem<Item>,
  groups: Group<Item>[],
): void {
  let resource = NO_ATTRIBUTES
  const scopes: { scope: Scope; items: Item[] }[] = []
  while (reader.next(end)) {
    if (reader.field === 1) resource = readResource(reader, notes)
    else if (reader.field === 2) {
      const group = readScopeGroup(reader, reader.enter(), readItem)
      if (group.items.length > 0) scopes.push(group)
    } else reader.ignore()
  }
  for (const { scope, items } of scopes) groups.push({ resource, scope, items })
}

function readScopeGroup<Item>(reader: WireReader, end: number, readItem: ReadItem<Item>) {
  let scope = NO_SCOPE
  const items: Item[] = []
  while (reader.next(end)) {
    if (reader.field === 1) scope = readScope(reader, reader.enter())
    else if (reader.field === 2) {
      const item = readItem()
      if (item !== undefined) items.push(item)
    } else reader.ignore()
  }
  return { scope, items }
}

function readResource(reader: WireReader, notes: AttributeNotes): Attributes {
  const end = reader.enter()
  notes.clear()
  while (reader.next(end)) {
    if (reader.field === 1) notes.note()
    else reader.ignore()
  }
  return notes.read()
}

function readScope(reader: WireReader, end: number): Scope {
  let name = ''
  let version = ''
  while (reader.next(end)) {
    if (reader.field === 1) name = reader.text()
    else if (reader.field === 2) version = reader.text()
    else reader.ignore()
  }
  return { name, version }
}

export function createNotes(reader: WireReader, selection: AttributeSelection | undefined): AttributeNotes {
  return new AttributeNotes(reader, selection)
}

/** Where the trace id in this field begins, or -1 for none. */
export function traceIdAt(reader: WireReader): number {
  return reader.id(TRACE_ID_BYTES)
}

/** Where the span id in this field begins, or -1 for none. */
export function spanIdAt(reader: WireReader): number {
  return reader.id(SPAN_ID_BYTES)
}

/** The trace id that begins at `start`; empty when there is none or it is all zero. */
export function traceIdFrom(bytes: Buffer, start: number): string {
  return start < 0 || isZero(bytes, start, TRACE_ID_BYTES) ? '' : bytes.toString('hex', start, start + TRACE_ID_BYTES)
}

/** The span id that begins at `start`; empty when there is none or it is all zero. */
export function spanIdFrom(bytes: Buffer, start: number): string {
  return start < 0 || isZero(bytes, start, SPAN_ID_BYTES) ? '' : bytes.toString('hex', start, start + SPAN_ID_BYTES)
}

function isZero(bytes: Buffer, start: number, length: number): boolean {
  for (let index = start; index < start + length; index++) if (bytes[index] !== 0) return false
  return true
}

/** The time of 8 bytes that begins at `start`, as epoch milliseconds. */
export function timeFrom(bytes: Buffer, start: number): number {
  return toMilliseconds(bytes.readUInt32LE(start + 4), bytes.readUInt32LE(start))
}
