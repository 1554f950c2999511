/** Compiles a price list of the catalogue's shape into integers. Knows nothing of model names, nor how a usage is charged. */

import type { ConditionalPrice, ModelPrice } from '@pydantic/genai-prices'
import type { Modality, TokensByModality, Usage } from './operation.js'

/** A price list and when it is in force: from an epoch millisecond on, and within a span of the UTC day. */
export type Period = {
  readonly from: number
  readonly dayStart: number
  readonly dayEnd: number
  /** Absent where the list prices nothing that a Usage can tell of, such as audio hours: unknown, not free. */
  readonly plan: Plan | undefined
}

/** One compiled list. Prices are integers, in `divisor` parts of a nano-dollar per token or request. */
export type Plan = {
  readonly base: Band
  /** Prices above a number of input tokens, lowest first. They hold for the whole usage, not only for what is above. */
  readonly higherBands: readonly Band[]
  readonly divisor: number
  /** True when no modality is priced apart. */
  readonly isPlain: boolean
  readonly pricesCacheRead: boolean
  readonly pricesCacheWrite: boolean
  readonly pricesCacheWrite1h: boolean
  readonly pricesReasoning: boolean
  /** All priced units, the most specific first. */
  readonly parts: readonly Part[]
}

export type Band = {
  readonly above: number
  readonly perRequest: number
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWrite1h: number
  readonly output: number
  readonly reasoning: number
  /** The same prices, in the order of `Plan.parts`. */
  readonly byPart: readonly number[]
}

/** A priced unit and how it lies among the others. Units are named by their position in `units`. */
export type Part = {
  readonly unit: number
  /** A total that costs something: when its count is unknown, so is the cost. */
  readonly mustBeKnown: boolean
  /** Priced parts of this one, as positions in `Plan.parts`: their tokens are not charged twice. */
  readonly inner: readonly number[]
  /** All units that are parts of this one, priced or not. */
  readonly within: readonly number[]
  /** Pairs of units that overlap in this one: where both are positive, its unreported count is unknown. */
  readonly overlaps: readonly (readonly [number, number])[]
}

/** A kind of token, by the dimensions the catalogue gives it. One with more dimensions is a part of one with fewer. */
type Unit = {
  readonly priceKey: string
  readonly direction: 'input' | 'output'
  readonly type?: 'cache_read' | 'cache_write' | 'reasoning'
  readonly lifetime?: '1h'
  readonly modality?: Modality
}

/** What a Usage can tell of, in the catalogue's price keys. `readCounts` keeps to this order. */
export const units: readonly Unit[] = [
  { priceKey: 'input_mtok', direction: 'input' },
  { priceKey: 'cache_read_mtok', direction: 'input', type: 'cache_read' },
  { priceKey: 'cache_write_mtok', direction: 'input', type: 'cache_write' },
  { priceKey: 'cache_write_1h_mtok', direction: 'input', type: 'cache_write', lifetime: '1h' },
  { priceKey: 'output_mtok', direction: 'output' },
  { priceKey: 'output_reasoning_mtok', direction: 'output', type: 'reasoning' },
  { priceKey: 'input_text_mtok', direction: 'input', modality: 'text' },
  { priceKey: 'input_image_mtok', direction: 'input', modality: 'image' },
  { priceKey: 'input_audio_mtok', direction: 'input', modality: 'audio' },
  { priceKey: 'output_text_mtok', direction: 'output', modality: 'text' },
  { priceKey: 'output_image_mtok', direction: 'output', modality: 'image' },
  { priceKey: 'output_audio_mtok', direction: 'output', modality: 'audio' },
  { priceKey: 'cache_text_read_mtok', direction: 'input', type: 'cache_read', modality: 'text' },
  { priceKey: 'cache_image_read_mtok', direction: 'input', type: 'cache_read', modality: 'image' },
  { priceKey: 'cache_audio_read_mtok', direction: 'input', type: 'cache_read', modality: 'audio' },
]

/** Writes a usage into `counts`, in the order of `units`: -1 for what is not reported, NaN for what is no count. */
export function readCounts(usage: Usage, counts: Float64Array): void {
  // Spelled out: with an accessor function in each unit, pricing a usage with modalities took four times as long.
  counts[0] = count(usage.inputTokens)
  counts[1] = count(usage.cacheReadTokens)
  counts[2] = count(usage.cacheWriteTokens)
  counts[3] = count(usage.cacheWrite1hTokens)
  counts[4] = count(usage.outputTokens)
  counts[5] = count(usage.reasoningTokens)
  readModalities(usage.inputByModality, counts, 6)
  readModalities(usage.outputByModality, counts, 9)
  readModalities(usage.cacheReadByModality, counts, 12)
}

function readModalities(tokens: TokensByModality | undefined, counts: Float64Array, from: number): void {
  counts[from] = count(tokens?.text)
  counts[from + 1] = count(tokens?.image)
  counts[from + 2] = count(tokens?.audio)
}

function count(tokens: number | undefined): number {
  if (tokens == null) return -1
  return Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : Number.NaN
}

/** `joins[left][right]`: the unit of what is both, as audio tokens and cached tokens join in cached audio tokens; -1 for none. */
const joins = units.map((left) => units.map((right) => findJoin(left, right)))

// USD per million tokens times 1e6 is pico-dollars per token: an integer for every price of the catalogue but
// 1/12 USD (six OpenRouter models). Prices with more digits are kept to 1e-9 of a pico-dollar, at which a billion tokens
// still come out to the nano-dollar.
const scales = [1e6, 1e9, 1e12, 1e15]

const millisecondsPerDay = 86_400_000

/** The catalogue's prices as periods to try in order. As in the library, the last listed that is in force wins, else the first listed. */
export function compileCatalogue(prices: ConditionalPrice[] | ModelPrice): Period[] {
  if (!Array.isArray(prices)) return [always(compilePlan(prices))]
  const periods = prices.map(({ constraint, prices: list }): Period => {
    const period = always(compilePlan(list))
    if (constraint === undefined) return period
    if (constraint.type === 'start_date') return { ...period, from: Date.parse(constraint.start_date) }
    const dayStart = millisecondOfDay(constraint.start_time)
    return { ...period, dayStart, dayEnd: millisecondOfDay(constraint.end_time) }
  })
  const [first] = periods
  return first === undefined ? [] : [...periods.reverse(), always(first.plan)]
}

/** A list in force at any time. */
export function always(plan: Plan | undefined): Period {
  return { from: Number.NEGATIVE_INFINITY, dayStart: 0, dayEnd: millisecondsPerDay, plan }
}

/** Compiles one list; undefined where it cannot price tokens. An empty list is how the catalogue writes "free". */
export function compilePlan(prices: ModelPrice): Plan | undefined {
  const priced = units.map((_, unit) => unit).filter((unit) => prices[priceKey(unit)] !== undefined)
  if (priced.length === 0 && Object.keys(prices).length > 0) return undefined
  if (!isClosed(priced)) return undefined
  priced.sort((left, right) => dimensionCount(right) - dimensionCount(left))

  const keys = priced.map(priceKey)
  const lists = thresholds(prices).map((above) => ({
    above,
    perMillion: keys.map((key) => priceAbove(prices, key, above)),
    perMillionRequests: priceAbove(prices, 'requests_kcount', above) * 1000,
  }))
  const amounts = lists.flatMap(({ perMillion, perMillionRequests }) => [...perMillion, perMillionRequests])
  if (!amounts.every((price) => Number.isFinite(price) && price >= 0)) return undefined

  const scale = finestNeeded(amounts)
  const bands = lists.map(({ above, perMillion, perMillionRequests }): Band => {
    const byPart = perMillion.map((price) => Math.round(price * scale))
    const of = (key: string) => byPart[keys.indexOf(key)] ?? 0
    return {
      above,
      perRequest: Math.round(perMillionRequests * scale),
      input: of('input_mtok'),
      cacheRead: of('cache_read_mtok'),
      cacheWrite: of('cache_write_mtok'),
      cacheWrite1h: of('cache_write_1h_mtok'),
      output: of('output_mtok'),
      reasoning: of('output_reasoning_mtok'),
      byPart,
    }
  })
  const [base, ...higherBands] = bands as [Band, ...Band[]]
  return {
    base,
    higherBands,
    divisor: scale / 1000,
    isPlain: priced.every((unit) => units[unit]?.modality === undefined),
    pricesCacheRead: keys.includes('cache_read_mtok'),
    pricesCacheWrite: keys.includes('cache_write_mtok'),
    pricesCacheWrite1h: keys.includes('cache_write_1h_mtok'),
    pricesReasoning: keys.includes('output_reasoning_mtok'),
    parts: priced.map((unit, position) => describePart(unit, position, priced, bands)),
  }
}

function describePart(unit: number, position: number, priced: readonly number[], bands: readonly Band[]): Part {
  const all = units.map((_, other) => other)
  return {
    unit,
    mustBeKnown: dimensionCount(unit) === 0 && bands.some((band) => (band.byPart[position] ?? 0) > 0),
    inner: priced.flatMap((other, place) => (isPartOf(other, unit) ? [place] : [])),
    within: all.filter((other) => isPartOf(other, unit)),
    overlaps: all.flatMap((left) =>
      all
        .filter((right) => left < right && left !== unit && right !== unit && joins[left]?.[right] === unit)
        .map((right) => [left, right] as const),
    ),
  }
}

/** The catalogue prices a unit only beside those it is part of, and two that overlap only beside their overlap. */
function isClosed(priced: readonly number[]): boolean {
  return priced.every(
    (unit) =>
      units.every((_, outer) => !isPartOf(unit, outer) || priced.includes(outer)) &&
      priced.every((other) => joins[unit]?.[other] === -1 || priced.includes(joins[unit]?.[other] as number)),
  )
}

function isPartOf(inner: number, outer: number): boolean {
  return inner !== outer && joins[inner]?.[outer] === inner
}

function findJoin(left: Unit, right: Unit): number {
  const dimensions = ['direction', 'type', 'lifetime', 'modality'] as const
  const isDisjoint = dimensions.some((key) => left[key] && right[key] && left[key] !== right[key])
  if (isDisjoint) return -1
  return units.findIndex((unit) => dimensions.every((key) => unit[key] === (left[key] ?? right[key])))
}

function priceKey(unit: number): string {
  return (units[unit] as Unit).priceKey
}

/** How far a unit is from the total it is part of. */
function dimensionCount(unit: number): number {
  const { type, lifetime, modality } = units[unit] as Unit
  return [type, lifetime, modality].filter((dimension) => dimension !== undefined).length
}

/** The numbers of input tokens above which some price of the list changes, after -1 for the base prices. */
function thresholds(prices: ModelPrice): number[] {
  const starts = Object.values(prices).flatMap((price) =>
    typeof price === 'object' ? price.tiers.map((tier) => tier.start) : [],
  )
  return [-1, ...[...new Set(starts)].sort((left, right) => left - right)]
}

function priceAbove(prices: ModelPrice, key: string, above: number): number {
  const price = prices[key]
  if (price === undefined || typeof price === 'number') return price ?? 0
  const tiers = [...price.tiers].sort((left, right) => left.start - right.start)
  return tiers.findLast((tier) => tier.start <= above)?.price ?? price.base
}

/** The coarsest scale that turns every price into an integer; failing that, the finest whose integers are all exact numbers. */
function finestNeeded(prices: readonly number[]): number {
  const usable = scales.filter((scale) => prices.every((price) => Math.round(price * scale) <= Number.MAX_SAFE_INTEGER))
  // Some prices were computed in floating point: 0.18000000000000002 means 0.18.
  const isWhole = (amount: number) => Math.abs(amount - Math.round(amount)) <= amount * 1e-14
  return usable.find((scale) => prices.every((price) => isWhole(price * scale))) ?? usable.at(-1) ?? 1e6
}

/** `16:30:00Z` or `16:30:00+08:00` as the millisecond of the UTC day; NaN, hence never in force, for anything else. */
function millisecondOfDay(time: string): number {
  return Date.parse(`1970-01-02T${time}`) % millisecondsPerDay
}
