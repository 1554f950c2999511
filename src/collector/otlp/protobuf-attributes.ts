/** Attributes in protobuf: keys are looked at first, values read only where somebody wants them. */
import { type AttributeSelection, UNWANTED } from './attribute-selection.js'
import type { Attributes, AttributeValue } from './decoded.js'
import { readText } from './known-text.js'
import { ATTRIBUTE_LIMIT, DEPTH_LIMIT, ELEMENT_LIMIT } from './limits.js'
import type { WireReader } from './wire-reader.js'

/** Tags of a KeyValue's two fields, and of the values that most attributes have. */
const KEY = 0x0a
const VALUE = 0x12
const STRING = 0x0a
const INTEGER = 0x18

/** Numbers noted of an attribute: its place in the selection, begin and end of its key, begin and end of its value. */
const NOTE = 5

/** The attributes of one item at a time: noted while the item is passed over, read afterwards if the item is worth it. */
export class AttributeNotes {
  readonly #reader: WireReader
  readonly #selection: AttributeSelection | undefined
  readonly #notes = new Int32Array(NOTE * ATTRIBUTE_LIMIT)
  #count = 0
  #isMarked = false

  /** Without a selection every attribute is read. */
  constructor(reader: WireReader, selection: AttributeSelection | undefined) {
    this.#reader = reader
    this.#selection = selection
  }

  clear(): void {
    this.#count = 0
    this.#isMarked = this.#selection === undefined
  }

  /** Whether somebody wants the item for one of its attributes. */
  get isMarked(): boolean {
    return this.#isMarked
  }

  /** Takes note of the attribute in this field of the reader. */
  note(): void {
    const reader = this.#reader
    const bytes = reader.source
    const end = reader.enter()
    let keyStart = 0
    let keyEnd = 0
    let valueStart = 0
    let valueEnd = 0
    // Nearly always: a key of less than 128 bytes, then a value that is as long as what is left of the message.
    const start = reader.pos
    if (bytes[start] === KEY && bytes[start + 1]! < 0x80) {
      keyStart = start + 2
      keyEnd = keyStart + bytes[start + 1]!
      if (bytes[keyEnd] === VALUE && bytes[keyEnd + 1] === end - keyEnd - 2 && bytes[keyEnd + 1]! < 0x80) {
        valueStart = keyEnd + 2
        valueEnd = end
        reader.pos = end
      }
    }
    if (valueEnd === 0) {
      while (reader.next(end)) {
        if (reader.field === 1) {
          keyEnd = reader.enter()
          keyStart = reader.pos
          reader.pos = keyEnd
        } else if (reader.field === 2) {
          valueEnd = reader.enter()
          valueStart = reader.pos
          reader.pos = valueEnd
        } else reader.ignore()
      }
    }
    let place = UNWANTED
    if (this.#selection !== undefined) {
      place = this.#selection.find(reader.source, keyStart, keyEnd)
      if (place === UNWANTED) return
      if (this.#selection.isMarker(place)) this.#isMarked = true
    }
    if (this.#count === ATTRIBUTE_LIMIT) reader.fail(`more than ${ATTRIBUTE_LIMIT} attributes`)
    const at = this.#count++ * NOTE
    this.#notes[at] = place
    this.#notes[at + 1] = keyStart
    this.#notes[at + 2] = keyEnd
    this.#notes[at + 3] = valueStart
    this.#notes[at + 4] = valueEnd
  }

  /** The attributes noted since `clear`. Of a key that stands twice the last value counts. */
  read(): Attributes {
    const names = this.#selection?.names
    const attributes: { [name: string]: AttributeValue | undefined } = {}
    for (let at = 0; at < this.#count * NOTE; at += NOTE) {
      const name =
        names?.[this.#notes[at]!] ?? readText(this.#reader.source, this.#notes[at + 1]!, this.#notes[at + 2]!)
      const value = this.#read(this.#notes[at + 3]!, this.#notes[at + 4]!)
      // A key is from outside: this one would set the prototype.
      if (name !== '__proto__') attributes[name] = value
    }
    return attributes
  }

  #read(start: number, end: number): AttributeValue {
    const reader = this.#reader
    const bytes = reader.source
    const tag = bytes[start]
    if (tag === STRING && bytes[start + 1] === end - start - 2 && bytes[start + 1]! < 0x80) {
      return readText(bytes, start + 2, end)
    }
    if (tag === INTEGER && start + 2 === end && bytes[start + 1]! < 0x80) return bytes[start + 1]!
    const before = reader.pos
    reader.pos = start
    const value = readValue(reader, end, 0)
    reader.pos = before
    return value
  }
}

/** The value in the message that ends at `end`; null when it is empty. */
export function readValue(reader: WireReader, end: number, depth: number): AttributeValue {
  if (depth > DEPTH_LIMIT) reader.fail(`values nested deeper than ${DEPTH_LIMIT}`)
  let value: AttributeValue = null
  while (reader.next(end)) {
    switch (reader.field) {
      case 1:
        value = reader.text()
        break
      case 2:
        value = reader.small() !== 0
        break
      case 3:
        value = reader.integer()
        break
      case 4:
        value = reader.source.readDoubleLE(reader.fixed8())
        break
      case 5:
        value = readList(reader, reader.enter(), depth)
        break
      case 6:
        value = readMap(reader, reader.enter(), depth)
        break
      case 7: {
        const stop = reader.enter()
        value = new Uint8Array(reader.source.subarray(reader.pos, stop))
        reader.pos = stop
        break
      }
      default:
        reader.ignore()
    }
  }
  return value
}

function readList(reader: WireReader, end: number, depth: number): AttributeValue[] {
  const list: AttributeValue[] = []
  while (reader.next(end)) {
    if (reader.field !== 1 || list.length === ELEMENT_LIMIT) reader.ignore()
    else list.push(readValue(reader, reader.enter(), depth + 1))
  }
  return list
}

function readMap(reader: WireReader, end: number, depth: number): { [key: string]: AttributeValue } {
  const map: { [key: string]: AttributeValue } = {}
  let elements = 0
  while (reader.next(end)) {
    if (reader.field !== 1 || elements === ELEMENT_LIMIT) {
      reader.ignore()
      continue
    }
    elements++
    const pairEnd = reader.enter()
    let key = ''
    let value: AttributeValue = null
    while (reader.next(pairEnd)) {
      if (reader.field === 1) key = reader.text()
      else if (reader.field === 2) value = readValue(reader, reader.enter(), depth + 1)
      else reader.ignore()
    }
    if (key !== '__proto__') map[key] = value
  }
  return map
}
