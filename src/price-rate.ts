/** Charges a usage by a compiled price list, in integers. Knows nothing of model names, nor where a list comes from. */

import type { Usage } from './operation.js'
import { type Band, type Part, type Period, type Plan, readCounts, units } from './price-plan.js'

/** What a model's tokens cost, ready to be applied to any number of operations. */
export type Rate = {
  /** Integer nano-dollars for a usage at an epoch millisecond; NaN when it cannot be priced, as before the first date of an override. Never throws. */
  nanoDollars(usage: Usage, startTime: number): number
  readonly source: 'catalogue' | 'override'
  /** Version of the price list, e.g. `genai-prices@0.1.8`. */
  readonly version: string
}

// Up to here every sum and quotient below is an exact double or rounds as if it were; beyond it BigInt takes over.
const exactLimit = 2 ** 52

const millisecondsPerDay = 86_400_000
const latestTime = 8.64e15

// Pricing is synchronous, so one scratch pad serves all calls and nothing is allocated per operation.
const counts = new Float64Array(units.length)
const remainders = new Float64Array(units.length)

/** The rate of periods tried in order: the first one in force at the start of an operation prices it. */
export function createRate(periods: readonly Period[], source: Rate['source'], version: string): Rate {
  const [first] = periods
  if (periods.length === 1 && first?.plan !== undefined && isUndated(first)) {
    const plan = first.plan
    return { nanoDollars: (usage) => amount(plan, usage), source, version }
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

function isUndated(period: Period): boolean {
  return period.from === Number.NEGATIVE_INFINITY && period.dayStart === 0 && period.dayEnd === millisecondsPerDay
}

function planAt(periods: readonly Period[], startTime: number): Plan | undefined {
  if (!(Math.abs(startTime) <= latestTime)) return undefined
  // Like a Date, which is what the library compares, without fractions of a millisecond.
  const time = Math.trunc(startTime)
  const ofDay = ((time % millisecondsPerDay) + millisecondsPerDay) % millisecondsPerDay
  for (const { from, dayStart, dayEnd, plan } of periods) {
    if (!(time >= from)) continue
    const isWithinDay = dayEnd < dayStart ? ofDay >= dayStart || ofDay < dayEnd : ofDay >= dayStart && ofDay < dayEnd
    if (isWithinDay) return plan
  }
  return undefined
}

function amount(plan: Plan, usage: Usage): number {
  const tellsModality =
    usage.inputByModality != null || usage.outputByModality != null || usage.cacheReadByModality != null
  const plain = plan.isPlain || !tellsModality ? plainAmount(plan, usage) : Number.NaN
  return Number.isNaN(plain) ? anyAmount(plan, usage) : plain
}

/** The short way, where no modality matters: NaN for a usage out of the ordinary, which the long way then decides. */
function plainAmount(plan: Plan, usage: Usage): number {
  const input = usage.inputTokens ?? Number.NaN
  const output = usage.outputTokens ?? Number.NaN
  // A detail may be unreported although parts of it are reported: that is out of the ordinary too.
  const noCacheRead = usage.cacheReadByModality == null ? 0 : Number.NaN
  const noCacheWrite = usage.cacheWrite1hTokens == null ? 0 : Number.NaN
  const cacheRead = plan.pricesCacheRead ? (usage.cacheReadTokens ?? noCacheRead) : 0
  const cacheWrite = plan.pricesCacheWrite ? (usage.cacheWriteTokens ?? noCacheWrite) : 0
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
  // No term is negative, so a total within the limit proves every one of them exact.
  return total <= exactLimit ? halfUp(total, plan.divisor) : Number.NaN
}

/** The long way, for every list and usage: each unit is charged for what its priced parts leave of it, as in the library. */
function anyAmount(plan: Plan, usage: Usage): number {
  readCounts(usage, counts)
  if (Number.isNaN((counts[0] as number) + (counts[4] as number))) return Number.NaN
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
  const band = bandFor(plan, counts[0] as number)
  let total = band.perRequest
  for (let position = 0; position < parts.length; position++) {
    total += (remainders[position] as number) * (band.byPart[position] as number)
  }
  return total <= exactLimit ? halfUp(total, plan.divisor) : hugeAmount(plan, band)
}

/** The same sum for what a double cannot hold, about 4,500 USD in one operation. Reads the remainders just computed. */
function hugeAmount(plan: Plan, band: Band): number {
  let total = BigInt(band.perRequest)
  for (let position = 0; position < plan.parts.length; position++) {
    total += BigInt(remainders[position] as number) * BigInt(band.byPart[position] as number)
  }
  const divisor = BigInt(plan.divisor)
  const nanoDollars = Number((total + divisor / 2n) / divisor)
  return Number.isSafeInteger(nanoDollars) ? nanoDollars : Number.NaN
}

function halfUp(total: number, divisor: number): number {
  return Math.floor((total + divisor / 2) / divisor)
}

function bandFor(plan: Plan, input: number): Band {
  const bands = plan.higherBands
  for (let index = bands.length - 1; index >= 0; index--) {
    const band = bands[index] as Band
    if (input > band.above) return band
  }
  return plan.base
}

/** True when an unreported count cannot be 0, because parts of it were reported. */
function isContradicted(part: Part): boolean {
  for (const unit of part.within) {
    if ((counts[unit] as number) > 0) return true
  }
  for (const [left, right] of part.overlaps) {
    if ((counts[left] as number) > 0 && (counts[right] as number) > 0) return true
  }
  return false
}
