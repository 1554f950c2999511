/** Values of the JSON dialect of OTLP: lowerCamelCase, 64-bit integers as text or number, bytes in base64, ids in hex. */
import { type AttributeSelection, UNWANTED } from './attribute-selection.js'
import type { Attributes, AttributeValue } from './decoded.js'
import { InvalidOtlp } from './invalid-otlp.js'
import { ATTRIBUTE_LIMIT, DEPTH_LIMIT, ELEMENT_LIMIT, TEXT_LIMIT } from './limits.js'
import { toMilliseconds } from './times.js'

export type JsonObject = { readonly [key: string]: unknown }

const NOTHING: JsonObject = {}

/** An object; absent and null are an empty one. `where` is said when it is something else. */
export function object(value: unknown, where: string): JsonObject {
  if (value === undefined || value === null) return NOTHING
  if (typeof value !== 'object' || Array.isArray(value)) throw new InvalidOtlp(`${where} is not an object`)
  return value as JsonObject
}

const NONE: readonly unknown[] = []

/** A list; absent and null are an empty one. */
export function list(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return NONE
  if (!Array.isArray(value)) throw new InvalidOtlp(`${where} is not a list`)
  return value
}

/** Text, at most `TEXT_LIMIT` characters of it; empty when absent. */
export function text(value: unknown, where: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new InvalidOtlp(`${where} is not text`)
  return value.length > TEXT_LIMIT ? value.slice(0, TEXT_LIMIT) : value
}

/** An id of `digits` hex digits, in lower case; empty when absent or all zero. */
export function id(value: unknown, digits: number, where: string): string {
  const hex = text(value, where)
  if (hex === '') return ''
  if (hex.length !== digits || !/^[0-9a-f]+$/i.test(hex)) throw new InvalidOtlp(`${where} is not ${digits} hex digits`)
  return /^0+$/.test(hex) ? '' : hex.toLowerCase()
}

/** 64 bits of nanoseconds, as text or number. */
export function nanoseconds(value: unknown, where: string): bigint {
  if (value === undefined || value === null || value === '') return 0n
  const isInteger =
    typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && /^\d+$/.test(value)
  if (!isInteger || String(value).length > 22) throw new InvalidOtlp(`${where} is not a time in nanoseconds`)
  const time = BigInt(value as string | number)
  if (time < 0n || time >= 1n << 64n) throw new InvalidOtlp(`${where} is not a time of 64 bits`)
  return time
}

/** Epoch milliseconds with their fraction. */
export function milliseconds(time: bigint): number {
  return toMilliseconds(Number(time >> 32n), Number(time & 0xffff_ffffn))
}

/** A number of an enumeration. Its name is no OTLP, but some send it: the place of the name in `names` is taken. */
export function enumeration(value: unknown, names: readonly string[], where: string): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'string') {
    const place = names.indexOf(value)
    if (place >= 0) return place
    if (/^\d{1,9}$/.test(value)) return Number(value)
  }
  if (!Number.isInteger(value)) throw new InvalidOtlp(`${where} is not a number of an enumeration`)
  return value as number
}

/** The attributes of an item, and whether one of them marks it as worth reading. Without a selection all are read. */
export function attributes(
  value: unknown,
  selection: AttributeSelection | undefined,
  where: string,
): { readonly attributes: Attributes; readonly isMarked: boolean } {
  const read: { [name: string]: AttributeValue | undefined } = {}
  let isMarked = selection === undefined
  let count = 0
  const pairs = list(value, where)
  for (let index = 0; index < pairs.length; index++) {
    const pair = object(pairs[index], where)
    const name = text(pair['key'], `a key of ${where}`)
    if (name === '__proto__') continue
    if (selection !== undefined) {
      const place = selection.findName(name)
      if (place === UNWANTED) continue
      if (selection.isMarker(place)) isMarked = true
    }
    if (++count > ATTRIBUTE_LIMIT) throw new InvalidOtlp(`${where}: more than ${ATTRIBUTE_LIMIT} attributes`)
    read[name] = attributeValue(pair['value'], 0, where)
  }
  return { attributes: read, isMarked }
}

/** An AnyValue; null when it is empty. */
export function attributeValue(value: unknown, depth: number, where: string): AttributeValue {
  if (depth > DEPTH_LIMIT) throw new InvalidOtlp(`${where}: values nested deeper than ${DEPTH_LIMIT}`)
  const any = object(value, `a value of ${where}`)
  if (any['stringValue'] !== undefined && any['stringValue'] !== null) return text(any['stringValue'], where)
  if (any['intValue'] !== undefined && any['intValue'] !== null) return integer(any['intValue'], where)
  if (any['doubleValue'] !== undefined && any['doubleValue'] !== null) return double(any['doubleValue'], where)
  if (any['boolValue'] !== undefined && any['boolValue'] !== null) {
    if (typeof any['boolValue'] !== 'boolean') throw new InvalidOtlp(`${where}: boolValue is neither true nor false`)
    return any['boolValue']
  }
  if (any['arrayValue'] !== undefined && any['arrayValue'] !== null) {
    const values = list(object(any['arrayValue'], where)['values'], where)
    return values.slice(0, ELEMENT_LIMIT).map((element) => attributeValue(element, depth + 1, where))
  }
  if (any['kvlistValue'] !== undefined && any['kvlistValue'] !== null) {
    return map(list(object(any['kvlistValue'], where)['values'], where), depth, where)
  }
  if (any['bytesValue'] !== undefined && any['bytesValue'] !== null) {
    return new Uint8Array(Buffer.from(text(any['bytesValue'], where), 'base64'))
  }
  return null
}

function map(pairs: readonly unknown[], depth: number, where: string): AttributeValue {
  const read: { [key: string]: AttributeValue } = {}
  for (const one of pairs.slice(0, ELEMENT_LIMIT)) {
    const pair = object(one, where)
    const key = text(pair['key'], where)
    if (key !== '__proto__') read[key] = attributeValue(pair['value'], depth + 1, where)
  }
  return read
}

function integer(value: unknown, where: string): number | bigint {
  if (Number.isSafeInteger(value)) return value as number
  const isText = typeof value === 'string' && /^-?\d{1,20}$/.test(value)
  if (!isText && !Number.isInteger(value)) throw new InvalidOtlp(`${where}: intValue is not a whole number`)
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  const exact = BigInt(value as string | number)
  if (BigInt.asIntN(64, exact) !== exact) throw new InvalidOtlp(`${where}: intValue is not of 64 bits`)
  return exact
}

function double(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity' || value === '-Infinity') return Number(value)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  if (Number.isNaN(number)) throw new InvalidOtlp(`${where}: doubleValue is not a number`)
  return number
}
