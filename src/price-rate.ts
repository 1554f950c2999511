/** Turns one price list into integer arithmetic on a Usage. Knows nothing of model names, files or the catalogue's matching. */

import type { ConditionalPrice, ModelPrice } from '@pydantic/genai-prices'
import type { Modality, Usage } from './operation.js'

/** What one model's tokens cost, ready to be applied to any number of operations. */
export type Rate = {
  /** Integer nano-dollars for this usage at this epoch millisecond; NaN when it cannot be priced. Never throws. */
  nanoDollars(usage: Usage, startTime: number): number
  readonly source: 'catalogue' | 'override'
  /** Version of the price list, e.g. `genai-prices@0.1.8`. */
  readonly version: string
}

/** A price list and when it is in force: from an epoch millisecond on, and within a span of the UTC day. */
export type Period = {
  readonly from: number
  readonly dayStart: number
  readonly dayEnd: number
  /** Absent where the list prices nothing that a Usage can tell of, such as audio hours: unknown, not free. */
  readonly plan: Plan | undefined
}

/** One compiled list. Amounts are integers: prices times tokens, counted in `divisor` parts of a nano-dollar. */
type Plan = {
  readonly base: Band
  /** Prices above a number of input tokens, lowest first. They hold for the whole usage, not only for what is above. */
  readonly bands: readonly Band[]
  readonly divisor: number
  /** True when no modality is priced apart, so that a usage with both totals takes the short way. */
  readonly isPlain: boolean
  readonly pricesCacheRead: boolean
  readonly pricesCacheWrite: boolean
  readonly pricesCacheWrite1h: boolean
  readonly pricesReasoning: boolean
  /** All priced units, the most specific first. */
  readonly parts: readonly Part[]
}

type Band = {
  readonly above: number
  readonly perRequest: number
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWrite1h: number
  readonly output: number
  readonly reasoning: number
  /** The same prices, in the order of `parts`. */
  readonly byPart: readonly number[]
}

/** A kind of token, by the dimensions the catalogue gives it. More dimensions: a part of the one with fewer. */
type Unit = {
  readonly priceKey: string
  readonly direction: 'input' | 'output'
  readonly type?: 'cache_read' | 'cache_write' | 'reasoning'
  readonly lifetime?: '1h'
  readonly modality?: Modality
  readonly count: (usage: Usage) => number | undefined
}

type Part = {
  readonly unit: number
  /** A total that costs something: when its count is unknown, so is the cost. */
  readonly mustBeKnown: boolean
  /** Priced parts of this one, as positions in `Plan.parts`: their tokens are not charged twice. */
  readonly inner: readonly number[]
  /** All units that are parts of this one, priced or not. */
  readonly within: readonly number[]
  /** Pairs of units that may overlap in this one: positive both, they leave its unreported count unknown. */
  readonly overlaps: readonly (readonly [number, number])[]
}

const modalities: readonly Modality[] = ['text', 'image', 'audio']

const units: readonly Unit[] = [
  { priceKey: 'input_mtok', direction: 'input', count: (usage) => usage.inputTokens },
  { priceKey: 'cache_read_mtok', direction: 'input', type: 'cache_read', count: (usage) => usage.cacheReadTokens },
  { priceKey: 'cache_write_mtok', direction: 'input', type: 'cache_write', count: (usage) => usage.cacheWriteTokens },
  {
    priceKey: 'cache_write_1h_mtok',
    direction: 'input',
    type: 'cache_write',
    lifetime: '1h',
    count: (usage) => usage.cacheWrite1hTokens,
  },
  { priceKey: 'output_mtok', direction: 'output', count: (usage) => usage.outputTokens },
  { priceKey: 'output_reasoning_mtok', direction: 'output', type: 'reasoning', count: (usage) => usage.reasoningTokens },
  ...modalities.flatMap((modality): Unit[] => [
    { priceKey: `input_${modality}_mtok`, direction: 'input', modality, count: (usage) => usage.inputByModality?.[modality] },
    { priceKey: `output_${modality}_mtok`, direction: 'output', modality, count: (usage) => usage.outputByModality?.[modality] },
    {
      priceKey: `cache_${modality}_read_mtok`,
      direction: 'input',
      type: 'cache_read',
      modality,
      count: (usage) => usage.cacheReadByModality?.[modality],
    },
  ]),
]

// Up to here every sum, product and half of the arithmetic below is an exact double; beyond it BigInt takes over.
const exactLimit = 2 ** 52

// USD per million tokens times 1e6 is pico-dollars per token: an integer for every price of the catalogue but
// 1/12 USD (six OpenRouter models). Prices with more digits are kept to 1e-6 of a pico-dollar.
const scales = [1e6, 1e9, 1e12]

const millisecondsPerDay = 86_400_000
const latestTime = 8.64e15

// The pricer is synchronous, so one scratch pad serves all calls and nothing is allocated per operation.
const counts = new Float64Array(units.length)
const remainders = new Float64Array(units.length)

/** The rate of periods tried in order: the first one in force at the start of an operation prices it. */
export function createRate(periods: readonly Period[], source: Rate['source'], version: string): Rate {
  const always = periods[0]
  if (always !== undefined && isUndated(always)) {
    const plan = always.plan
    return { nanoDollars: (usage) => (plan === undefined ? Number.NaN : amount(plan, usage)), source, version }
  }
  return {
    nanoDollars: (usage, startTime) => {
      const plan = planAt(periods, startTime)
      return plan === undefined ? Number.NaN : amount(plan, usage)
    },
    source,
    version,
  }
}

/** Periods of the catalogue in the order to try them: as the library does, the last listed that is in force, else the first listed. */
export function compileCatalogue(prices: ConditionalPrice[] | ModelPrice): Period[] {
  if (!Array.isArray(prices)) return [undated(compilePlan(prices))]
  const periods = prices.map(({ constraint, prices: list }): Period => {
    const plan = compilePlan(list)
    if (constraint === undefined) return undated(plan)
    if (constraint.type === 'start_date') return { ...undated(plan), from: Date.parse(constraint.start_date) }
    return {
      from: Number.NEGATIVE_INFINITY,
      dayStart: millisecondOfDay(constraint.start_time),
      dayEnd: millisecondOfDay(constraint.end_time),
      plan,
    }
  })
  periods.reverse()
  const first = prices[0]
  // An undated `first` alone would make the rate ignore the time; listed after the dated ones it is their fallback.
  if (first !== undefined) periods.push(undated(compilePlan(first.prices)))
  return periods
}

/** A period without a date: in force always. */
export function undated(plan: Plan | undefined): Period {
  return { from: Number.NEGATIVE_INFINITY, dayStart: 0, dayEnd: Number.POSITIVE_INFINITY, plan }
}

/** Compiles one list of the catalogue's shape. Undefined where it cannot price tokens. An empty list is how the catalogue writes "free". */
export function compilePlan(prices: ModelPrice): Plan | undefined {
  const priced = units.map((_, unit) => unit).filter((unit) => prices[priceKeyOf(unit)] !== undefined)
  if (priced.length === 0 && Object.keys(prices).length > 0) return undefined
  if (!isClosed(priced)) return undefined
  priced.sort((left, right) => dimensionCount(right) - dimensionCount(left))

  const starts = new Set<number>()
  for (const price of Object.values(prices)) {
    if (typeof price === 'object') for (const tier of price.tiers) starts.add(tier.start)
  }
  const keys = priced.map(priceKeyOf)
  const dollars = [-1, ...[...starts].sort((left, right) => left - right)].map((above) => ({
    above,
    perMillion: keys.map((key) => priceAbove(prices, key, above)),
    perThousandRequests: priceAbove(prices, 'requests_kcount', above),
  }))
  if (!dollars.every((band) => [...band.perMillion, band.perThousandRequests].every(isPrice))) return undefined

  const scale = exactScale(dollars.flatMap((band) => [...band.perMillion, band.perThousandRequests * 1000]))
  const bands = dollars.map(({ above, perMillion, perThousandRequests }): Band => {
    const byPart = perMillion.map((price) => Math.round(price * scale))
    const of = (key: string) => byPart[keys.indexOf(key)] ?? 0
    return {
      above,
      perRequest: Math.round(perThousandRequests * 1000 * scale),
      input: of('input_mtok'),
      cacheRead: of('cache_read_mtok'),
      cacheWrite: of('cache_write_mtok'),
      cacheWrite1h: of('cache_write_1h_mtok'),
      output: of('output_mtok'),
      reasoning: of('output_reasoning_mtok'),
      byPart,
    }
  })
  const [base, ...higher] = bands as [Band, ...Band[]]
  return {
    base,
    bands: higher,
    divisor: scale / 1000,
    isPlain: priced.every((unit) => units[unit]?.modality === undefined),
    pricesCacheRead: keys.includes('cache_read_mtok'),
    pricesCacheWrite: keys.includes('cache_write_mtok'),
    pricesCacheWrite1h: keys.includes('cache_write_1h_mtok'),
    pricesReasoning: keys.includes('output_reasoning_mtok'),
    parts: priced.map((unit, position) => describePart(unit, priced, bands, position)),
  }
}

function planAt(periods: readonly Period[], startTime: number): Plan | undefined {
  if (!(Math.abs(startTime) <= latestTime)) return undefined
  const time = Math.trunc(startTime)
  const ofDay = ((time % millisecondsPerDay) + millisecondsPerDay) % millisecondsPerDay
  for (const { from, dayStart, dayEnd, plan } of periods) {
    if (time < from || Number.isNaN(from)) continue
    const isWithin = dayEnd < dayStart ? ofDay >= dayStart || ofDay < dayEnd : ofDay >= dayStart && ofDay < dayEnd
    if (isWithin) return plan
  }
  return undefined
}

function amount(plan: Plan, usage: Usage): number {
  const plain = plan.isPlain ? plainAmount(plan, usage) : Number.NaN
  return Number.isNaN(plain) ? anyAmount(plan, usage) : plain
}

/** The short way, for a complete usage of text: NaN for whatever is out of the ordinary, which `anyAmount` then decides. */
function plainAmount(plan: Plan, usage: Usage): number {
  const input = usage.inputTokens ?? Number.NaN
  const output = usage.outputTokens ?? Number.NaN
  // A part that is reported while what it is part of is not: the long way knows.
  const cacheRead = plan.pricesCacheRead
    ? (usage.cacheReadTokens ?? (usage.cacheReadByModality == null ? 0 : Number.NaN))
    : 0
  const cacheWrite = plan.pricesCacheWrite
    ? (usage.cacheWriteTokens ?? (usage.cacheWrite1hTokens == null ? 0 : Number.NaN))
    : 0
  const cacheWrite1h = plan.pricesCacheWrite1h ? (usage.cacheWrite1hTokens ?? 0) : 0
  const reasoning = plan.pricesReasoning ? (usage.reasoningTokens ?? 0) : 0
  if (
    !Number.isSafeInteger(input) ||
    !Number.isSafeInteger(output) ||
    !Number.isSafeInteger(cacheRead) ||
    !Number.isSafeInteger(cacheWrite) ||
    !Number.isSafeInteger(cacheWrite1h) ||
    !Number.isSafeInteger(reasoning)
  ) {
    return Number.NaN
  }
  const uncached = input - cacheRead - cacheWrite
  const cacheWriteShort = cacheWrite - cacheWrite1h
  const answer = output - reasoning
  if (uncached < 0 || cacheRead < 0 || cacheWriteShort < 0 || cacheWrite1h < 0 || answer < 0 || reasoning < 0) {
    return Number.NaN
  }
  const band = bandFor(plan, input)
  const total =
    band.perRequest +
    uncached * band.input +
    cacheRead * band.cacheRead +
    cacheWriteShort * band.cacheWrite +
    cacheWrite1h * band.cacheWrite1h +
    answer * band.output +
    reasoning * band.reasoning
  // Nothing in the sum is negative, so a total within the limit proves every term of it exact.
  return total <= exactLimit ? Math.floor((total + plan.divisor / 2) / plan.divisor) : Number.NaN
}

/** The long way, for every list and usage: each unit is charged for what its priced parts leave of it, as the library does. */
function anyAmount(plan: Plan, usage: Usage): number {
  for (let unit = 0; unit < units.length; unit++) {
    const count: unknown = units[unit]?.count(usage)
    counts[unit] = count == null ? -1 : Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : Number.NaN
  }
  const parts = plan.parts
  for (let position = 0; position < parts.length; position++) {
    const part = parts[position] as Part
    let remainder = counts[part.unit] as number
    if (remainder === -1) {
      if (part.mustBeKnown || isContradicted(part)) return Number.NaN
      remainder = 0
    }
    for (const inner of part.inner) remainder -= remainders[inner] as number
    if (!(remainder >= 0)) return Number.NaN
    remainders[position] = remainder
  }
  const { byPart, perRequest } = bandFor(plan, counts[0] as number)
  let total = perRequest
  for (let position = 0; position < parts.length; position++) {
    total += (remainders[position] as number) * (byPart[position] as number)
  }
  if (total <= exactLimit) return Math.floor((total + plan.divisor / 2) / plan.divisor)

  let exact = BigInt(perRequest)
  for (let position = 0; position < parts.length; position++) {
    exact += BigInt(remainders[position] as number) * BigInt(byPart[position] as number)
  }
  const divisor = BigInt(plan.divisor)
  const nanoDollars = Number((exact + divisor / 2n) / divisor)
  return Number.isSafeInteger(nanoDollars) ? nanoDollars : Number.NaN
}

function bandFor(plan: Plan, input: number): Band {
  const bands = plan.bands
  for (let index = bands.length - 1; index >= 0; index--) {
    const band = bands[index] as Band
    if (input > band.above) return band
  }
  return plan.base
}

/** True when an unreported count cannot be 0, because parts of it were reported. */
function isContradicted(part: Part): boolean {
  for (const unit of part.within) if ((counts[unit] as number) > 0) return true
  for (const [left, right] of part.overlaps) {
    if ((counts[left] as number) > 0 && (counts[right] as number) > 0) return true
  }
  return false
}

function describePart(unit: number, priced: readonly number[], bands: readonly Band[], position: number): Part {
  const { type, modality } = units[unit] as Unit
  const every = units.map((_, other) => other)
  return {
    unit,
    mustBeKnown: type === undefined && modality === undefined && bands.some((band) => (band.byPart[position] ?? 0) > 0),
    inner: priced.flatMap((other, place) => (isPartOf(other, unit) ? [place] : [])),
    within: every.filter((other) => isPartOf(other, unit)),
    overlaps: every.flatMap((left) =>
      every.filter((right) => left < right && joinOf(left, right) === unit).map((right) => [left, right] as const),
    ),
  }
}

/** The catalogue prices a unit only beside those it is part of, and two that overlap only beside their overlap. */
function isClosed(priced: readonly number[]): boolean {
  const isMissing = (unit: number) => !priced.includes(unit)
  return priced.every(
    (unit) =>
      !units.some((_, outer) => isPartOf(unit, outer) && isMissing(outer)) &&
      !priced.some((other) => {
        const join = joinOf(unit, other)
        return join !== undefined && isMissing(join)
      }),
  )
}

function isPartOf(inner: number, outer: number): boolean {
  return inner !== outer && joinOf(inner, outer) === inner
}

/** The unit of what is both: audio tokens and cached tokens join in cached audio tokens. */
function joinOf(left: number, right: number): number | undefined {
  const [one, other] = [units[left] as Unit, units[right] as Unit]
  const dimensions = ['direction', 'type', 'lifetime', 'modality'] as const
  if (dimensions.some((key) => one[key] !== undefined && other[key] !== undefined && one[key] !== other[key])) return undefined
  const join = units.findIndex((unit) => dimensions.every((key) => unit[key] === (one[key] ?? other[key])))
  return join === -1 ? undefined : join
}

function priceKeyOf(unit: number): string {
  return (units[unit] as Unit).priceKey
}

function dimensionCount(unit: number): number {
  const { type, lifetime, modality } = units[unit] as Unit
  return [type, lifetime, modality].filter((dimension) => dimension !== undefined).length
}

function priceAbove(prices: ModelPrice, key: string, above: number): number {
  const price = prices[key]
  if (price === undefined || typeof price === 'number') return price ?? 0
  const tiers = [...price.tiers].sort((left, right) => left.start - right.start)
  return tiers.findLast((tier) => tier.start <= above)?.price ?? price.base
}

function isPrice(price: unknown): boolean {
  return Number.isFinite(price) && (price as number) >= 0
}

/** The coarsest scale that turns every price into an integer, else the finest one that keeps them all exact as numbers. */
function exactScale(prices: readonly number[]): number {
  const usable = scales.filter((scale) => prices.every((price) => Math.round(price * scale) <= Number.MAX_SAFE_INTEGER))
  const exact = usable.find((scale) => prices.every((price) => Math.round(price * scale) / scale === price))
  return exact ?? usable.at(-1) ?? 1e6
}

function isUndated(period: Period): boolean {
  return period.from === Number.NEGATIVE_INFINITY && period.dayStart === 0 && period.dayEnd === Number.POSITIVE_INFINITY
}

/** `16:30:00Z` or `16:30:00+08:00` as the millisecond of the UTC day; NaN, never in force, for anything else. */
function millisecondOfDay(time: string): number {
  return Date.parse(`1970-01-02T${time}`) % millisecondsPerDay
}
