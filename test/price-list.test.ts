import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import fc from 'fast-check'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import type { Usage } from '../src/operation.js'
import { type CustomPrice, createPricer, type Pricer, type PricerOptions } from '../src/price.js'

const noon = Date.UTC(2026, 8, 1, 12)
const million: Usage = { inputTokens: 1_000_000, outputTokens: 0 }

/** A price that is told from others by its dollars per million input tokens. */
function price(inputPerMillion: number, rest: Partial<CustomPrice> = {}): CustomPrice {
  return { model: 'm', inputPerMillion, outputPerMillion: 0, ...rest }
}

/** Dollars for a million input tokens. */
function dollars(pricer: Pricer, requestModel: string, provider?: string, startTime = noon): number | undefined {
  const cost = pricer.price({ operation: 'chat', provider, requestModel, startTime, usage: million })
  return cost === undefined ? undefined : cost.nanoDollars / 1e9
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tokmeter-price-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

afterEach(() => diag.disable())

test('a price of the user wins over the catalogue and says so', () => {
  const pricer = createPricer({ prices: [price(9, { model: 'gpt-4o' })] })
  const cost = pricer.price({
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    startTime: noon,
    usage: million,
  })
  expect(cost).toEqual({
    nanoDollars: 9_000_000_000,
    source: 'override',
    version: expect.stringMatching(/^custom@[0-9a-f]{8}$/),
  })
  expect(pricer.rate('openai', 'gpt-4o')?.source).toBe('override')
  expect(pricer.rate('openai', 'gpt-4o-mini')?.source).toBe('catalogue')
})

test('the version of the user’s prices changes with them, and with nothing else', () => {
  const version = (prices: CustomPrice[]) => createPricer({ prices }).rate(undefined, 'm')?.version
  expect(version([price(1)])).toBe(version([price(1)]))
  expect(version([price(1)])).not.toBe(version([price(2)]))
})

test('each kind of token has its price, and without one that of the total it is part of', () => {
  const usage: Usage = {
    inputTokens: 10_000,
    cacheReadTokens: 4000,
    cacheWriteTokens: 3000,
    cacheWrite1hTokens: 1000,
    outputTokens: 2000,
    reasoningTokens: 500,
  }
  const f = (rest: Partial<CustomPrice>, nanoDollars: number) => {
    const pricer = createPricer({ prices: [{ model: 'm', inputPerMillion: 10, outputPerMillion: 40, ...rest }] })
    expect(pricer.price({ operation: 'chat', requestModel: 'm', startTime: noon, usage })?.nanoDollars).toBe(
      nanoDollars,
    )
  }
  f({}, 180_000_000) // 10,000 × 10 + 2,000 × 40
  f({ cacheReadPerMillion: 1 }, 144_000_000) // 4,000 of them at 1
  f({ cacheWritePerMillion: 12 }, 186_000_000) // 3,000 at 12
  f({ cacheWritePerMillion: 12, cacheWrite1hPerMillion: 20 }, 194_000_000) // 1,000 of those at 20
  f({ cacheWrite1hPerMillion: 20 }, 190_000_000) // other writes at the price of input
  f({ cacheWrite1hPerMillion: 0 }, 170_000_000)
  f({ reasoningPerMillion: 60 }, 190_000_000) // 500 at 60
  f({ perRequest: 0.0011 }, 181_100_000)
})

test('a name matches exactly, or by wildcards, without regard to case', () => {
  const f = (model: string, name: string, isMatch: boolean) =>
    expect(dollars(createPricer({ prices: [price(5, { model })] }), name)).toBe(isMatch ? 5 : undefined)
  f('my-model', 'my-model', true)
  f('My-Model', 'MY-MODEL', true)
  f('my-model', 'my-model-2', false)
  f('my-*', 'my-model', true)
  f('my-*', 'my-', true)
  f('my-*', 'not-my-model', false)
  f('*-model', 'my-model', true)
  f('*-model', 'my-model-2', false)
  f('*', 'anything', true)
  f('a*b*c', 'a-b-b-c', true)
  f('a*b*c', 'a-c-b', false)
  f('aba*ba', 'aba', false) // the ends do not overlap
  f('a.c', 'abc', false) // a dot is a dot
})

test('wildcards match what the regular expression of the same meaning matches', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '.'), { minLength: 1, maxLength: 8 })
    .map((letters) => letters.join(''))
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '.', '*'), { minLength: 1, maxLength: 6 })
    .map((letters) => letters.join(''))
  fc.assert(
    fc.property(pattern, text, (model, name) => {
      const regex = new RegExp(`^${model.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
      expect(dollars(createPricer({ prices: [price(5, { model })] }), name) === 5).toBe(regex.test(name))
    }),
    { numRuns: 500 },
  )
})

test('the price that says most about a model wins: its name, its provider, a longer pattern, then the last listed', () => {
  const f = (prices: CustomPrice[], expected: number) =>
    expect(dollars(createPricer({ prices }), 'my-model', 'azure.ai.openai')).toBe(expected)
  f([price(1, { model: 'my-model' }), price(2, { model: 'my-*' })], 1)
  f([price(1, { model: 'my-model' }), price(2, { model: 'my-model', provider: 'azure.ai.openai' })], 2)
  f([price(1, { model: 'my-model', provider: 'azure' }), price(2, { model: 'my-model' })], 1)
  f([price(1, { model: 'my-m*' }), price(2, { model: 'my-*' })], 1)
  f([price(1, { model: 'my-model' }), price(2, { model: 'my-model' })], 2)
})

test('a provider is meant by its own name or by the catalogue’s', () => {
  const f = (provider: string, of: string | undefined, isMatch: boolean) =>
    expect(dollars(createPricer({ prices: [price(5, { provider })] }), 'm', of)).toBe(isMatch ? 5 : undefined)
  f('azure.ai.openai', 'azure.ai.openai', true)
  f('azure.ai.openai', 'azure.ai.inference', false)
  f('azure', 'azure.ai.inference', true)
  f('Our-Proxy', 'our-proxy', true)
  f('our-proxy', undefined, false)
  f('openai', 'anthropic', false)
})

test('a dated price is in force from its first moment until a later one, and before it the catalogue is', () => {
  const prices = [
    price(3, { model: 'gpt-4o', from: '2026-09-01T12:00:00+02:00' }),
    price(1, { model: 'gpt-4o', from: '2026-03-01' }),
  ]
  const pricer = createPricer({ prices })
  const f = (time: string, expected: number) =>
    expect(dollars(pricer, 'gpt-4o', 'openai', Date.parse(time))).toBe(expected)
  f('2026-02-28T23:59:59.999Z', 2.5)
  f('2026-03-01T00:00:00.000Z', 1)
  f('2026-09-01T09:59:59.999Z', 1)
  f('2026-09-01T10:00:00.000Z', 3)
})

test('a dated name leaves what was before it to a pattern', () => {
  const pricer = createPricer({
    prices: [price(1, { model: 'my-*' }), price(2, { model: 'my-model', from: '2026-09-01' })],
  })
  expect(dollars(pricer, 'my-model', undefined, Date.UTC(2026, 7, 31))).toBe(1)
  expect(dollars(pricer, 'my-model', undefined, Date.UTC(2026, 8, 1))).toBe(2)
})

test('a price of the user for the model asked for wins over the catalogue’s for the model that answered', () => {
  const pricer = createPricer({ prices: [price(7, { model: 'our-deployment' })] })
  const cost = pricer.price({
    operation: 'chat',
    provider: 'azure.ai.openai',
    requestModel: 'our-deployment',
    responseModel: 'gpt-4o',
    startTime: noon,
    usage: million,
  })
  expect(cost?.nanoDollars).toBe(7_000_000_000)
})

test('a price that cannot be is refused at start, with where it stands, what was got and what is allowed', () => {
  const f = (options: unknown, message: string) => expect(() => createPricer(options as PricerOptions)).toThrow(message)
  const entry = price(1)
  f({ prices: {} }, 'prices must be an array of prices; got an object')
  f({ prices: [entry, 5] }, 'prices[1] must be an object; got 5')
  f({ prices: [{ ...entry, model: '' }] }, 'prices[0].model must be a text of 1 to 256 characters; got ""')
  f({ prices: [{ ...entry, provider: 5 }] }, 'prices[0].provider must be a text of 1 to 256 characters; got 5')
  f(
    { prices: [{ ...entry, inputPerMillion: '3' }] },
    'prices[0].inputPerMillion must be a number from 0 to 1000000, in USD per million tokens; got "3"',
  )
  f({ prices: [{ ...entry, outputPerMillion: -1 }] }, 'got -1')
  f({ prices: [{ ...entry, outputPerMillion: Number.NaN }] }, 'got NaN')
  f({ prices: [{ model: 'm', inputPerMillion: 1 }] }, 'prices[0].outputPerMillion must be a number')
  f(
    { prices: [{ ...entry, perRequest: null }] },
    'prices[0].perRequest must be a number from 0 to 1000000, in USD per request; got null',
  )
  f(
    { prices: [{ ...entry, inputPerMilion: 3 }] },
    'prices[0].inputPerMilion is not a known key; did you mean inputPerMillion? Allowed: provider, model, from, inputPerMillion',
  )
  f({ prices: [{ ...entry, from: 'yesterday' }] }, 'prices[0].from must be an ISO date like 2026-01-31 (UTC)')
  f({ prices: [{ ...entry, from: '2026-02-30' }] }, 'got "2026-02-30"')
  f({ prices: [{ ...entry, from: '2026-01-31T08:00:00' }] }, 'got "2026-01-31T08:00:00"') // whose time?
  f({ prize: [] }, 'prize is not a known key; did you mean prices? Allowed: prices, file, onError')
  f({ file: 5 }, 'file must be the path of a JSON file; got 5')
})

test('a file of prices is read at start; prices in code win over it', () => {
  const file = join(folder(), 'prices.json')
  writeFileSync(file, JSON.stringify({ prices: [price(1, { model: 'one' }), price(2, { model: 'two' })] }))
  const pricer = createPricer({ file, prices: [price(3, { model: 'two' })] })
  expect(dollars(pricer, 'one')).toBe(1)
  expect(dollars(pricer, 'two')).toBe(3)
})

test('a bad file is refused at start by its name, the entry in it, what was got and what is allowed', () => {
  const file = join(folder(), 'prices.json')
  const f = (content: string, message: string | RegExp) => {
    writeFileSync(file, content)
    expect(() => createPricer({ file })).toThrow(file)
    expect(() => createPricer({ file })).toThrow(message)
  }
  f('{', 'JSON')
  f('[]', 'must hold an object { "prices": [...] }; got an array')
  f('{}', 'prices must be an array of prices; got undefined')
  f('{"price":[]}', 'price is not a known key; did you mean prices?')
  f(JSON.stringify({ prices: [price(1), price(-2)] }), 'prices[1].inputPerMillion must be a number from 0 to 1000000')
  const missing = join(folder(), 'missing.json')
  expect(() => createPricer({ file: missing })).toThrow(missing)
})

test('prices are exchanged while running, and what was looked up before is forgotten', () => {
  const pricer = createPricer({ prices: [price(1)] })
  expect(dollars(pricer, 'm')).toBe(1)
  expect(pricer.reload([price(2)])).toBe(true)
  expect(dollars(pricer, 'm')).toBe(2)
  expect(pricer.reload([])).toBe(true)
  expect(dollars(pricer, 'm')).toBeUndefined()
})

test('a bad list while running is refused whole and told: the old one stays', () => {
  const errors: string[] = []
  const pricer = createPricer({ prices: [price(1)], onError: (error) => errors.push(error.message) })
  expect(pricer.reload([price(2), price(-3)])).toBe(false)
  expect(errors).toEqual([
    'prices[1].inputPerMillion must be a number from 0 to 1000000, in USD per million tokens; got -3',
  ])
  expect(dollars(pricer, 'm')).toBe(1)
})

test('a file is read again on demand; a bad one leaves the prices as they were', () => {
  const file = join(folder(), 'prices.json')
  const errors: string[] = []
  writeFileSync(file, JSON.stringify({ prices: [price(1)] }))
  const pricer = createPricer({ file, onError: (error) => errors.push(error.message) })
  writeFileSync(file, JSON.stringify({ prices: [price(2)] }))
  expect(dollars(pricer, 'm')).toBe(1)
  expect(pricer.reloadFile()).toBe(true)
  expect(dollars(pricer, 'm')).toBe(2)
  writeFileSync(file, '{"prices": [')
  expect(pricer.reloadFile()).toBe(false)
  expect(dollars(pricer, 'm')).toBe(2)
  expect(errors).toEqual([expect.stringContaining(file)])
  expect(createPricer().reloadFile()).toBe(true)
})

test('a bad list in code does not cost the good one its place when the file is read next', () => {
  const file = join(folder(), 'prices.json')
  writeFileSync(file, JSON.stringify({ prices: [price(1, { model: 'other' })] }))
  const pricer = createPricer({ file, prices: [price(2)], onError: () => {} })
  pricer.reload([price(-1)])
  expect(pricer.reloadFile()).toBe(true)
  expect(dollars(pricer, 'm')).toBe(2)
})

test('without onError, OpenTelemetry’s diag is told', () => {
  const told: unknown[] = []
  const ignore = () => {}
  const logger = {
    error: (message: string) => told.push(message),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  }
  diag.setLogger(logger, DiagLogLevel.ERROR)
  createPricer().reload([price(-1)])
  expect(told).toEqual([expect.stringContaining('tokmeter: prices[0].inputPerMillion must be')])
})
