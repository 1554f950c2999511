/** Values of attributes, as leniently as they are sent: numbers come as text, lists as a single value or as JSON. */
import type { TagValue } from 'tokmeter/core'
import type { Attributes, AttributeValue } from '../otlp/decoded.js'

/** Text that says something; `undefined` for anything else. */
export function textOf(value: AttributeValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite number, also one written as text. */
export function numberOf(value: AttributeValue | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'string' && value !== '' && value.length < 40) {
    const number = Number(value)
    return Number.isFinite(number) && value.trim() !== '' ? number : undefined
  }
  return typeof value === 'bigint' ? Number(value) : undefined
}

/** A list of numbers: all of it, or nothing where one of them is none. */
export function numbersOf(value: AttributeValue | undefined): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined
  const numbers = value.map((one) => numberOf(one as AttributeValue))
  return numbers.every((one) => one !== undefined) ? numbers : undefined
}

/** Whether it says yes, also as text. */
export function isTrue(value: AttributeValue | undefined): boolean {
  return value === true || value === 'true'
}

/** Whether it says no, also as text. */
export function isFalse(value: AttributeValue | undefined): boolean {
  return value === false || value === 'false'
}

/** The first text of a list, of a list written as JSON, or the text itself. */
export function firstText(value: AttributeValue | undefined): string | undefined {
  if (Array.isArray(value)) return textOf(value[0] as AttributeValue | undefined)
  const text = textOf(value)
  if (text?.startsWith('[')) return /^\[\s*"([^"\\]*)"/.exec(text)?.[1]
  return text
}

/** Seconds as milliseconds. */
export function secondsOf(value: AttributeValue | undefined): number | undefined {
  const seconds = numberOf(value)
  return seconds === undefined ? undefined : seconds * 1000
}

/** The attributes whose names begin with `prefix`, under what follows it; `undefined` when there are none. */
export function tagsUnder(attributes: Attributes, prefix: string): { [key: string]: TagValue } | undefined {
  let tags: { [key: string]: TagValue } | undefined
  for (const name in attributes) {
    if (!name.startsWith(prefix)) continue
    const value = attributes[name]
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue
    tags ??= {}
    tags[name.slice(prefix.length)] = value
  }
  return tags
}
