/** Prices of the user's own: their shape, their checks, and which of them speak of a model. Knows nothing of the catalogue or of tokens. */

import { readFileSync } from 'node:fs'
import type { ModelPrice } from '@pydantic/genai-prices'

/** A price of the user's own, in USD: it overrides the catalogue's, or prices a model the catalogue does not know. */
export type CustomPrice = {
  /** A provider name as operations carry it (`azure.ai.openai`) or as the catalogue does (`azure`). @default any */
  readonly provider?: string | undefined
  /** Exact, or with `*` for any run of characters; upper and lower case are the same. An exact name wins over a pattern. */
  readonly model: string
  /** ISO date, or date and time with a zone: in force for operations that start then or later, until a later one. @default always */
  readonly from?: string | undefined
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  /** @default the price of input */
  readonly cacheReadPerMillion?: number | undefined
  /** @default the price of input */
  readonly cacheWritePerMillion?: number | undefined
  /** @default the price of other cache writes */
  readonly cacheWrite1hPerMillion?: number | undefined
  /** @default the price of output */
  readonly reasoningPerMillion?: number | undefined
  /** Per operation, besides its tokens. @default 0 */
  readonly perRequest?: number | undefined
}

/** A checked CustomPrice: `from` in epoch milliseconds, prices under the catalogue's keys. */
export type ListedPrice = {
  readonly provider: string | undefined
  readonly model: string
  /** The literal parts of `model` between its wildcards; a single one for an exact name. */
  readonly literals: readonly string[]
  readonly from: number
  readonly prices: ModelPrice
}

const amountKeys = [
  'inputPerMillion',
  'outputPerMillion',
  'cacheReadPerMillion',
  'cacheWritePerMillion',
  'cacheWrite1hPerMillion',
  'reasoningPerMillion',
  'perRequest',
] as const
const requiredKeys: readonly string[] = ['inputPerMillion', 'outputPerMillion']
const priceKeys: readonly string[] = ['provider', 'model', 'from', ...amountKeys]

/** The longest model or provider name that is looked up: what comes from the wire is not trusted. */
export const longestName = 256

// A dollar per token: no model is near it, and a price typed per token instead of per million is still far below.
const dearest = 1_000_000

/** Checks prices given in code. `path` names the option in the error. */
export function parsePrices(value: unknown, path = 'prices'): ListedPrice[] {
  if (!Array.isArray(value)) throw new TypeError(`${path} must be an array of prices; got ${describe(value)}`)
  return value.map((entry, index) => parsePrice(entry, `${path}[${index}]`))
}

/** Reads and checks a JSON file of the shape `{ "prices": [...] }`. Every error names the file. */
export function readPriceFile(file: string): ListedPrice[] {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (!isRecord(content)) throw new TypeError(`must hold an object { "prices": [...] }; got ${describe(content)}`)
    refuseUnknownKeys(content, ['prices'], '')
    return parsePrices(content['prices'])
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot take prices from the file ${file}: ${cause}`, { cause: error })
  }
}

/** Refuses keys that mean nothing, naming the nearest one that does. */
export function refuseUnknownKeys(record: Record<string, unknown>, allowed: readonly string[], path: string): void {
  for (const key of Object.keys(record)) {
    if (allowed.includes(key)) continue
    const where = path === '' ? key : `${path}.${key}`
    throw new TypeError(
      `${where} is not a known key; did you mean ${nearest(key, allowed)}? Allowed: ${allowed.join(', ')}`,
    )
  }
}

/**
 * The prices that speak of a model, in the order to try them: exact names before patterns, prices of one provider before
 * those of any, longer patterns before shorter, later dates before earlier, and of equals the last listed.
 */
export function pricesFor(
  listed: readonly ListedPrice[],
  provider: readonly (string | undefined)[],
  model: string,
): ListedPrice[] {
  const name = model.trim().toLowerCase()
  const matching = listed.filter(
    (price) => (price.provider === undefined || provider.includes(price.provider)) && matches(price.literals, name),
  )
  return matching.reverse().sort((left, right) => {
    const [isLeftPattern, isRightPattern] = [left.literals.length > 1, right.literals.length > 1]
    if (isLeftPattern !== isRightPattern) return isLeftPattern ? 1 : -1
    if ((left.provider === undefined) !== (right.provider === undefined)) return left.provider === undefined ? 1 : -1
    if (left.model.length !== right.model.length) return right.model.length - left.model.length
    // Not a subtraction: both may be -Infinity.
    return left.from === right.from ? 0 : left.from < right.from ? 1 : -1
  })
}

function parsePrice(entry: unknown, path: string): ListedPrice {
  if (!isRecord(entry)) throw new TypeError(`${path} must be an object; got ${describe(entry)}`)
  refuseUnknownKeys(entry, priceKeys, path)
  const amounts: { [key in (typeof amountKeys)[number]]?: number } = {}
  const model = parseName(entry['model'], `${path}.model`)
  const provider = entry['provider'] === undefined ? undefined : parseName(entry['provider'], `${path}.provider`)
  for (const key of amountKeys) {
    const amount = entry[key]
    if (amount === undefined && !requiredKeys.includes(key)) continue
    if (typeof amount !== 'number' || !(amount >= 0 && amount <= dearest)) {
      const unit = key === 'perRequest' ? 'USD per request' : 'USD per million tokens'
      throw new RangeError(`${path}.${key} must be a number from 0 to ${dearest}, in ${unit}; got ${describe(amount)}`)
    }
    amounts[key] = amount
  }
  return {
    provider,
    model,
    literals: model.split('*'),
    from: parseFrom(entry['from'], `${path}.from`),
    prices: underCatalogueKeys(amounts),
  }
}

function underCatalogueKeys(amounts: { readonly [key in (typeof amountKeys)[number]]?: number }): ModelPrice {
  const { cacheWrite1hPerMillion, perRequest } = amounts
  // The catalogue's keys want the price of all cache writes beside that of the long-lived ones.
  const cacheWrite =
    amounts.cacheWritePerMillion ?? (cacheWrite1hPerMillion === undefined ? undefined : amounts.inputPerMillion)
  return {
    input_mtok: amounts.inputPerMillion,
    output_mtok: amounts.outputPerMillion,
    cache_read_mtok: amounts.cacheReadPerMillion,
    cache_write_mtok: cacheWrite,
    cache_write_1h_mtok: cacheWrite1hPerMillion,
    output_reasoning_mtok: amounts.reasoningPerMillion,
    // Rounded to what a double means in decimal: 0.0011 * 1000 would be 1.1 and a bit.
    requests_kcount: perRequest === undefined ? undefined : Number((perRequest * 1000).toPrecision(15)),
  }
}

function parseName(value: unknown, path: string): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > longestName) {
    throw new TypeError(`${path} must be a text of 1 to ${longestName} characters; got ${describe(value)}`)
  }
  return value.trim().toLowerCase()
}

function parseFrom(value: unknown, path: string): number {
  if (value === undefined) return Number.NEGATIVE_INFINITY
  const date =
    typeof value === 'string'
      ? /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(value)
      : null
  const time = date === null ? Number.NaN : Date.parse(date[0])
  // Date.parse takes the 30th of February for the 1st or 2nd of March.
  const isInCalendar =
    date !== null && new Date(Date.parse(`${date[1]}T00:00:00Z`)).toJSON()?.startsWith(date[1] as string)
  if (Number.isNaN(time) || !isInCalendar) {
    throw new RangeError(
      `${path} must be an ISO date like 2026-01-31 (UTC), or a date and time with a zone like 2026-01-31T08:00:00Z; got ${describe(value)}`,
    )
  }
  return time
}

/** Wildcard matching without regular expressions, so that no pattern and no name can make it slow. */
function matches(literals: readonly string[], name: string): boolean {
  const first = literals[0] as string
  if (literals.length === 1) return name === first
  const last = literals[literals.length - 1] as string
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
  let position = first.length
  const end = name.length - last.length
  for (const literal of literals.slice(1, -1)) {
    const found = name.indexOf(literal, position)
    if (found === -1 || found + literal.length > end) return false
    position = found + literal.length
  }
  return true
}

function nearest(key: string, allowed: readonly string[]): string | undefined {
  const distances = allowed.map((candidate) => editDistance(key.toLowerCase(), candidate.toLowerCase()))
  return allowed[distances.indexOf(Math.min(...distances))]
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const replaced = (previous[column - 1] as number) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] as number) + 1, (current[column - 1] as number) + 1))
    }
    previous = current
  }
  return previous[right.length] as number
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
