/** Holds every rate against the catalogue's own calcPrice: each model, at each boundary of dates, hours and tiers. */

import {
  type ConditionalPrice,
  calcPrice,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  waitForUpdate,
} from '@pydantic/genai-prices'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Usage } from '../src/operation.js'
import { createPricer } from '../src/price.js'

type Sample = { readonly provider: string; readonly name: string; readonly model: ModelInfo }

// Without an update under way, this is the list the package ships with, and no network call.
const providers = (await waitForUpdate()) ?? []
const models = providers.flatMap((provider) => provider.models.map((model) => ({ provider: provider.id, model })))
const samples = models.flatMap(({ provider, model }): Sample[] => {
  const name = nameOf(provider, model)
  return name === undefined ? [] : [{ provider, name, model }]
})
const pricer = createPricer()
const noon = Date.UTC(2026, 8, 1, 12)

/** A name that the library takes for this model: some ids do not match themselves, others are taken by an earlier model. */
function nameOf(provider: string, model: ModelInfo): string | undefined {
  return [model.id, ...literals(model.match)].find((name) => {
    const found = calcPrice({}, name, { providerId: provider })
    return found?.model === model && found.provider.id === provider
  })
}

function literals(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(literals)
  if ('and' in match) return [match.and.flatMap(literals).join(''), ...match.and.flatMap(literals)]
  return Object.values(match)
}

function conditionals(model: ModelInfo): ConditionalPrice[] {
  return Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
}

/** Times just before, at and after each boundary; for undated models any time does. */
function times(model: ModelInfo): number[] {
  const boundaries = conditionals(model).flatMap(({ constraint }) => {
    if (constraint === undefined) return []
    if (constraint.type === 'start_date') return [Date.parse(constraint.start_date)]
    return [constraint.start_time, constraint.end_time].map((time) => Date.parse(`2026-09-01T${time}`))
  })
  if (boundaries.length === 0) return [noon]
  const wide = boundaries.flatMap((time) => [
    time - 86_400_000,
    time - 1,
    time - 0.25,
    time,
    time + 1,
    time + 3_600_000,
  ])
  return [...wide, Date.UTC(2023, 0, 1), noon, Date.UTC(2031, 5, 1, 23, 59)]
}

function thresholds(model: ModelInfo): number[] {
  const starts = conditionals(model).flatMap(({ prices }) =>
    Object.values(prices).flatMap((price) => (typeof price === 'object' ? price.tiers.map(({ start }) => start) : [])),
  )
  return [...new Set(starts)]
}

const usages: readonly Usage[] = [
  { inputTokens: 0, outputTokens: 0 },
  { inputTokens: 1, outputTokens: 1 },
  { inputTokens: 1234, outputTokens: 567 },
  { inputTokens: 999_983, outputTokens: 65_537 },
  { inputTokens: 1000 },
  { outputTokens: 1000 },
  {},
  { inputTokens: 5000, outputTokens: 800, cacheReadTokens: 3000, reasoningTokens: 500 },
  { inputTokens: 5000, outputTokens: 800, cacheReadTokens: 3000, cacheWriteTokens: 1500, cacheWrite1hTokens: 700 },
  { inputTokens: 5000, outputTokens: 800, cacheWriteTokens: 5000 },
  { inputTokens: 5000, outputTokens: 800, cacheWrite1hTokens: 10 },
  { inputTokens: 5000, outputTokens: 800, cacheReadTokens: 5001 },
  { inputTokens: 5000, outputTokens: 800, cacheReadTokens: 3000, cacheWriteTokens: 3000 },
  { inputTokens: 5000, outputTokens: 800, reasoningTokens: 801 },
  {
    inputTokens: 5000,
    outputTokens: 800,
    inputByModality: { text: 4000, audio: 1000 },
    outputByModality: { audio: 800 },
  },
  {
    inputTokens: 5000,
    outputTokens: 800,
    inputByModality: { image: 900 },
    outputByModality: { image: 700, text: 100 },
  },
  {
    inputTokens: 5000,
    outputTokens: 800,
    cacheReadTokens: 2000,
    inputByModality: { text: 3000, audio: 1500, image: 500 },
    cacheReadByModality: { text: 1200, audio: 600, image: 200 },
  },
  { inputTokens: 5000, outputTokens: 800, cacheReadTokens: 2000, inputByModality: { audio: 1500 } },
  { inputTokens: 5000, outputTokens: 800, cacheReadByModality: { audio: 600 } },
  { inputTokens: 3_000_000_000_000, outputTokens: 40_000_000_001, cacheReadTokens: 1_999_999_999_999 },
]

function atThreshold(start: number): Usage[] {
  return [start - 1, start, start + 1, start * 3].flatMap((inputTokens) => [
    { inputTokens, outputTokens: 2000 },
    { inputTokens, outputTokens: 2000, cacheReadTokens: start - 7, reasoningTokens: 900 },
    { inputTokens, outputTokens: 2000, cacheReadTokens: 1000, cacheWriteTokens: 800, cacheWrite1hTokens: 300 },
  ])
}

/** What the library says, in nano-dollars, but for two cases in which it takes what is unknown for zero. */
function expected({ provider, name }: Sample, usage: Usage, time: number): number {
  let found: ReturnType<typeof calcPrice>
  try {
    found = calcPrice(inCatalogueWords(usage), name, { providerId: provider, timestamp: new Date(time) })
  } catch {
    return Number.NaN
  }
  if (found === null) throw new Error(`BUG: ${provider}/${name} was found a moment ago`)
  const { model_price: prices, total_price: dollars } = found
  const keys = Object.keys(prices)
  // Audio hours, pages, messages: a Usage tells nothing of them, so the cost is unknown.
  if (keys.length > 0 && !keys.some((key) => key.startsWith('input_mtok') || key.startsWith('output_mtok')))
    return Number.NaN
  // A total that is not reported, while it is not free.
  if (usage.inputTokens === undefined && costs(prices, 'input_mtok')) return Number.NaN
  if (usage.outputTokens === undefined && costs(prices, 'output_mtok')) return Number.NaN
  return dollars * 1e9
}

function costs(prices: ModelPrice, key: string): boolean {
  const price = prices[key] ?? 0
  return typeof price === 'object' ? price.base > 0 || price.tiers.some((tier) => tier.price > 0) : price > 0
}

function inCatalogueWords(usage: Usage) {
  const all: Record<string, number | undefined> = {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_reasoning_tokens: usage.reasoningTokens,
  }
  for (const modality of ['text', 'image', 'audio'] as const) {
    all[`input_${modality}_tokens`] = usage.inputByModality?.[modality]
    all[`output_${modality}_tokens`] = usage.outputByModality?.[modality]
    all[`cache_${modality}_read_tokens`] = usage.cacheReadByModality?.[modality]
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Rounding to a whole nano-dollar is at most half of one; the rest of the tolerance is the library's floating point. */
function difference(sample: Sample, usage: Usage, time: number): string | undefined {
  const ours = pricer.rate(sample.provider, sample.name)?.nanoDollars(usage, time) ?? Number.NaN
  const theirs = expected(sample, usage, time)
  const isEqual = Number.isNaN(theirs)
    ? Number.isNaN(ours)
    : Number.isSafeInteger(ours)
      ? Math.abs(ours - theirs) <= 0.5 + 1e-6 + theirs * 1e-12
      : theirs > Number.MAX_SAFE_INTEGER
  if (isEqual) return undefined
  return `${sample.provider}/${sample.name} ${JSON.stringify(usage)} at ${new Date(time).toISOString()}: ${ours}, not ${theirs}`
}

test('every model of the catalogue is reached by some name, so that the other tests hold for all of them', () => {
  const reached = new Set(samples.map(({ model }) => model))
  const hidden = models
    .filter(({ model }) => !reached.has(model))
    .map(({ provider, model }) => `${provider}/${model.id}`)
  expect(models.length).toBeGreaterThan(1600)
  expect(hidden).toEqual([])
})

test('every model costs what the catalogue says, at each boundary of its dates, hours and tiers', () => {
  const differences: string[] = []
  for (const sample of samples) {
    for (const time of times(sample.model)) {
      for (const usage of [...usages, ...thresholds(sample.model).flatMap(atThreshold)]) {
        const found = difference(sample, usage, time)
        if (found !== undefined) differences.push(found)
      }
    }
  }
  expect(differences).toEqual([])
})

test('any usage, consistent or not, costs what the catalogue says', () => {
  const tokens = fc.option(fc.oneof(fc.nat(50), fc.nat(400_000), fc.nat(2_000_000_000)), { nil: undefined, freq: 3 })
  const byModality = fc.option(fc.record({ text: tokens, image: tokens, audio: tokens }), { nil: undefined, freq: 1 })
  const usage = fc.record({
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadTokens: tokens,
    cacheWriteTokens: tokens,
    cacheWrite1hTokens: tokens,
    reasoningTokens: tokens,
    inputByModality: byModality,
    outputByModality: byModality,
    cacheReadByModality: byModality,
  })
  // Models with details priced apart come up as often as all the others together.
  const detailed = samples.filter(({ model }) =>
    conditionals(model).some(({ prices }) => Object.keys(prices).length > 3),
  )
  const time = fc.integer({ min: Date.UTC(2023, 0, 1), max: Date.UTC(2028, 0, 1) })
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...samples), fc.constantFrom(...detailed)),
      usage,
      time,
      (sample, given, at) => {
        expect(difference(sample, given, at)).toBeUndefined()
      },
    ),
    { numRuns: 4000 },
  )
})

test('a price without an end of its digits is exact to the nano-dollar for billions of tokens', () => {
  const twelfth = samples.find(
    ({ provider, name }) => provider === 'openrouter' && name === 'google/gemini-3.1-flash-lite',
  )
  const usage = { inputTokens: 1_867_848_524, outputTokens: 0, cacheWriteTokens: 1_867_848_524 }
  expect(difference(twelfth!, usage, Date.UTC(2026, 0, 1))).toBeUndefined()
})

test('usages that add up, modality by modality, cost what the catalogue says', () => {
  const withModalities = samples.filter(({ model }) =>
    conditionals(model).some(({ prices }) =>
      Object.keys(prices).some((key) => /audio_mtok|image_mtok|audio_read|image_read/.test(key)),
    ),
  )
  expect(withModalities.length).toBeGreaterThan(10)
  const counts = fc.record({ text: fc.nat(100_000), image: fc.nat(100_000), audio: fc.nat(100_000) })
  const sum = (by: { text: number; image: number; audio: number }) => by.text + by.image + by.audio
  fc.assert(
    fc.property(fc.constantFrom(...withModalities), counts, counts, counts, (sample, fresh, cacheRead, output) => {
      const input = {
        text: fresh.text + cacheRead.text,
        image: fresh.image + cacheRead.image,
        audio: fresh.audio + cacheRead.audio,
      }
      const usage: Usage = {
        inputTokens: sum(input),
        outputTokens: sum(output),
        cacheReadTokens: sum(cacheRead),
        inputByModality: input,
        outputByModality: output,
        cacheReadByModality: cacheRead,
      }
      expect(pricer.rate(sample.provider, sample.name)?.nanoDollars(usage, noon)).not.toBeNaN()
      expect(difference(sample, usage, noon)).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
})

test('every price of the catalogue is a whole number of pico-dollars per token, but 1/12 USD per million', () => {
  const odd = new Set<number>()
  for (const { model } of models) {
    for (const { prices } of conditionals(model)) {
      for (const price of Object.values(prices)) {
        const amounts =
          typeof price === 'object' ? [price.base, ...price.tiers.map((tier) => tier.price)] : [price ?? 0]
        for (const amount of amounts)
          if (Math.abs(amount * 1e6 - Math.round(amount * 1e6)) > amount * 1e-8) odd.add(amount)
      }
    }
  }
  expect([...odd]).toEqual([0.08333333333333334])
})

test('tokens cost the same together as apart, where a list has neither tiers nor a price per request', () => {
  const untiered = samples.filter(
    ({ provider, name, model }) =>
      !Array.isArray(model.prices) &&
      thresholds(model).length === 0 &&
      model.prices['requests_kcount'] === undefined &&
      pricer.rate(provider, name) !== undefined,
  )
  const usage = fc
    .record({ uncached: fc.nat(1e6), cacheRead: fc.nat(1e6), cacheWrite: fc.nat(1e6), outputTokens: fc.nat(1e6) })
    .map(({ uncached, cacheRead, cacheWrite, outputTokens }) => ({
      inputTokens: uncached + cacheRead + cacheWrite,
      cacheReadTokens: cacheRead,
      cacheWriteTokens: cacheWrite,
      outputTokens,
    }))
  fc.assert(
    fc.property(fc.constantFrom(...untiered), usage, usage, ({ provider, name }, one, other) => {
      const cost = (given: Usage) => pricer.rate(provider, name)?.nanoDollars(given, noon) ?? Number.NaN
      const together = cost({
        inputTokens: one.inputTokens + other.inputTokens,
        cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
        cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
        outputTokens: one.outputTokens + other.outputTokens,
      })
      // Two roundings against one.
      expect(Math.abs(together - cost(one) - cost(other))).toBeLessThanOrEqual(1)
      expect(together).toBeGreaterThanOrEqual(cost(one))
    }),
    { numRuns: 1000 },
  )
})
