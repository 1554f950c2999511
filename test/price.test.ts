import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cost, Operation, Usage } from '../src/operation.js'
import { type CustomPrice, createPricer, type Pricer, priceInPlace } from '../src/price.js'

const noon = Date.UTC(2026, 8, 1, 12)
const usage: Usage = { inputTokens: 1000, outputTokens: 500 }
const chat: Operation = { operation: 'chat', provider: 'openai', requestModel: 'gpt-4o', startTime: noon, usage }
const own: CustomPrice = { model: 'gpt-4o', inputPerMillion: 1, outputPerMillion: 2 }

/** Nano-dollars of a chat with changes to it; undefined when unpriced. */
function cost(changes: Partial<Operation>, pricer: Pricer = createPricer()): number | undefined {
  return pricer.price({ ...chat, ...changes })?.nanoDollars
}

test('a chat costs its tokens at the prices of the catalogue, whose version is told', () => {
  // 1,000 tokens at 2.50 USD and 500 at 10 USD per million.
  expect(createPricer().price(chat)).toEqual({
    nanoDollars: 7_500_000,
    source: 'catalogue',
    version: 'genai-prices@0.1.8',
  })
  expect(createPricer().version).toBe('genai-prices@0.1.8')
})

test('cached tokens are charged at their own prices, and not twice', () => {
  const anthropic = { provider: 'anthropic', requestModel: 'claude-sonnet-4-5' }
  const f = (given: Usage, nanoDollars: number | undefined) =>
    expect(cost({ ...anthropic, usage: given })).toBe(nanoDollars)
  f({ inputTokens: 10_000, outputTokens: 1000 }, 45_000_000) // 3 and 15 USD per million
  f({ inputTokens: 10_000, outputTokens: 1000, cacheReadTokens: 10_000 }, 18_000_000) // 0.30
  f({ inputTokens: 10_000, outputTokens: 1000, cacheWriteTokens: 10_000 }, 52_500_000) // 3.75
  f({ inputTokens: 10_000, outputTokens: 1000, cacheWriteTokens: 10_000, cacheWrite1hTokens: 10_000 }, 75_000_000) // 6
  f({ inputTokens: 10_000, outputTokens: 1000, cacheReadTokens: 8000, cacheWriteTokens: 8000 }, undefined) // more than all
})

test('a price that depends on the length of the prompt changes for all tokens, just past the threshold', () => {
  const f = (inputTokens: number, nanoDollars: number) =>
    expect(cost({ requestModel: 'gpt-5.6-sol', usage: { inputTokens, outputTokens: 0 } })).toBe(nanoDollars)
  f(271_999, 1_087_996_000) // 4 USD per million
  f(272_000, 2_176_000_000) // 8 USD per million, for each of them
})

test('a dated price and a price by the hour are those of the time the operation started', () => {
  const f = (provider: string, requestModel: string, time: string, nanoDollars: number) =>
    expect(
      cost({ provider, requestModel, startTime: Date.parse(time), usage: { inputTokens: 1000, outputTokens: 0 } }),
    ).toBe(nanoDollars)
  f('openai', 'gpt-5.6-sol', '2026-08-20T23:59:59.999Z', 5_000_000)
  f('openai', 'gpt-5.6-sol', '2026-08-21T00:00:00.000Z', 4_000_000)
  f('deepseek', 'deepseek-chat', '2026-09-01T00:29:59.999Z', 135_000)
  f('deepseek', 'deepseek-chat', '2026-09-01T00:30:00.000Z', 270_000)
  f('deepseek', 'deepseek-chat', '2026-09-01T16:29:59.999Z', 270_000)
  f('deepseek', 'deepseek-chat', '2026-09-01T16:30:00.000Z', 135_000)
})

test('a start that is not told is taken to be now minus the duration', () => {
  const prices = [
    { ...own, model: 'm', from: new Date(Date.now() - 3_600_000).toISOString() },
    { ...own, model: 'm', inputPerMillion: 7 },
  ]
  const pricer = createPricer({ prices })
  const started = (durationMs: number) =>
    cost({ requestModel: 'm', startTime: undefined, durationMs, usage: { inputTokens: 1e6, outputTokens: 0 } }, pricer)
  expect(started(1000)).toBe(1_000_000_000)
  expect(started(7_200_000)).toBe(7_000_000_000)
})

test('what the provider reports wins, as long as it is an amount', () => {
  const f = (nanoDollars: number, expected: number) =>
    expect(cost({ cost: { nanoDollars, source: 'provider' } })).toBe(expected)
  f(42, 42)
  f(0, 0) // reported as free
  f(-1, 7_500_000)
  f(1.5, 7_500_000)
  f(Number.NaN, 7_500_000)
  expect(cost({ cost: { nanoDollars: 42, source: 'provider' }, usage: undefined })).toBe(42)
})

test('unknown is not zero', () => {
  expect(cost({ usage: undefined })).toBeUndefined()
  expect(cost({ usage: {} })).toBeUndefined()
  expect(cost({ usage: { cacheReadTokens: 5 } })).toBeUndefined()
  expect(cost({ usage: { inputTokens: 1000 } })).toBeUndefined() // the output was not told, and is not free
  expect(cost({ usage: { outputTokens: 1000 } })).toBeUndefined()
  expect(cost({ requestModel: undefined })).toBeUndefined()
  expect(cost({ requestModel: 'nobody-knows' })).toBeUndefined()
  expect(cost({ requestModel: 'whisper-1', usage })).toBeUndefined() // sold by the hour
  expect(cost({ usage: undefined, error: { type: '429' } })).toBeUndefined()
})

test('what is free costs 0', () => {
  expect(cost({ provider: 'openrouter', requestModel: 'deepseek/deepseek-r1:free' })).toBe(0)
  expect(cost({ usage: { inputTokens: 0, outputTokens: 0 } })).toBe(0)
})

test('an embedding has no output to be told, whether or not the list prices it', () => {
  const f = (provider: string, requestModel: string, nanoDollars: number) =>
    expect(cost({ operation: 'embeddings', provider, requestModel, usage: { inputTokens: 1000 } })).toBe(nanoDollars)
  f('openai', 'text-embedding-3-small', 20_000)
  f('mistral_ai', 'mistral-embed', 100_000)
})

test('a failed operation costs what its usage says', () => {
  expect(cost({ error: { type: 'APIConnectionError' } })).toBe(7_500_000)
})

test('the model that answered is priced before the one that was asked for', () => {
  expect(cost({ requestModel: 'gpt-4o', responseModel: 'gpt-4o-mini' })).toBe(450_000)
  expect(cost({ requestModel: 'gpt-4o', responseModel: 'deployment-7' })).toBe(7_500_000)
})

test('provider names of the conventions and of clients find their place in the catalogue', () => {
  const million = { inputTokens: 1_000_000, outputTokens: 0 }
  const f = (provider: string | undefined, requestModel: string, dollars: number | undefined) =>
    expect(cost({ provider, requestModel, usage: million })).toBe(
      dollars === undefined ? undefined : Math.round(dollars * 1e9),
    )
  f('openai', 'gpt-4o-mini', 0.15)
  f('anthropic', 'claude-haiku-4-5', 1)
  f('aws.bedrock', 'us.anthropic.claude-haiku-4-5-20251001-v1:0', 1.1) // regional
  f('aws.bedrock', 'amazon.titan-embed-text-v1', 0.1)
  f('azure.ai.openai', 'gpt-4o', 2.5)
  f('azure.ai.inference', 'gpt-4o', 2.5)
  f('gcp.gemini', 'gemini-2.5-flash', 0.3)
  f('gcp.vertex_ai', 'gemini-2.5-flash', 0.3)
  f('gcp.gen_ai', 'gemini-2.5-flash', 0.3)
  f('mistral_ai', 'mistral-large-latest', 2)
  f('x_ai', 'grok-4', 3)
  f('groq', 'llama-3.3-70b-versatile', 0.59)
  f('cohere', 'command-r-plus', 2.5)
  f('deepseek', 'deepseek-v3.2', 0.2288)
  f('moonshot_ai', 'kimi-k2-0905-preview', 0.6)
  f('fireworks', 'accounts/fireworks/models/deepseek-v3p2', 0.56)
  f('togetherai.chat', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', 0.88)
  f('openrouter', 'openai/gpt-4o', 2.5)
  f('openai.chat', 'gpt-4o', 2.5) // the AI SDK's way
  f('azure-openai.responses', 'gpt-4o', 2.5)
  f('google.vertex.chat', 'gemini-2.5-flash', 0.3)
  f('litellm', 'openai/gpt-4o', 2.5)
  f('gateway', 'anthropic/claude-haiku-4-5', 1)
  f('OpenAI', 'GPT-4o', 2.5) // case is no matter
  f(undefined, 'gpt-4o', 2.5) // by the model's name alone
  f('a-proxy-of-ours', 'gpt-4o', 2.5)
  f('openai', 'claude-haiku-4-5', undefined) // a provider that is known does not sell what it does not sell
  f('ollama', 'deepseek-r1', undefined) // on one's own machine
  f('ibm.watsonx.ai', 'mistral-large', undefined)
})

test('a price per request comes on top of the tokens', () => {
  // Sonar: 1 USD per million either way, and 12 USD per thousand requests.
  expect(cost({ provider: 'perplexity', requestModel: 'sonar' })).toBe(13_500_000)
})

test('no usage, however wrong, throws or gives an amount', () => {
  const pricer = createPricer({
    prices: [{ model: 'mine', inputPerMillion: 1, outputPerMillion: 2, cacheReadPerMillion: 0.1 }],
  })
  const wrong = fc.constantFrom<unknown>(
    Number.NaN,
    -1,
    1.5,
    Number.POSITIVE_INFINITY,
    1e300,
    2 ** 53,
    '5',
    5n,
    {},
    true,
  )
  const key = fc.constantFrom('inputTokens', 'outputTokens')
  fc.assert(
    fc.property(fc.constantFrom('gpt-4o', 'gpt-4o-audio-preview', 'mine'), key, wrong, (requestModel, name, value) => {
      expect(cost({ requestModel, usage: { ...usage, [name]: value } }, pricer)).toBeUndefined()
    }),
  )
  expect(cost({ usage: { ...usage, cacheReadTokens: Number.NaN } })).toBeUndefined()
  expect(pricer.rate('openai', 'gpt-5.6-sol')?.nanoDollars(usage, Number.NaN)).toBeNaN()
  for (const value of [5, null, {}, 'x'.repeat(300), '']) {
    expect(pricer.rate('openai', value as string)).toBeUndefined()
    expect(pricer.rate(value as string, 'nobody-knows')).toBeUndefined()
  }
})

test('amounts are exact to the nano-dollar, rounded once and half up, as far as a number can tell', () => {
  const pricer = createPricer({ prices: [{ model: 'm', inputPerMillion: 0.0335, outputPerMillion: 999_999.999999 }] })
  const rate = pricer.rate(undefined, 'm')
  const f = (inputTokens: number, outputTokens: number, nanoDollars: number) =>
    expect(rate?.nanoDollars({ inputTokens, outputTokens }, noon)).toBe(nanoDollars)
  f(1, 0, 34) // 33.5
  f(2, 0, 67)
  f(3, 0, 101) // 100.5
  f(0, 1, 1_000_000_000) // 999,999,999.999
  f(0, 9_007_199, 9_007_198_999_990_993) // 9,007,198,999,990,992.801: past what a product of doubles holds
  f(0, 9_007_200, Number.NaN) // past what a whole number of nano-dollars may be
  fc.assert(
    fc.property(fc.nat(2_000_000_000), fc.nat(9_000_000), (inputTokens, outputTokens) => {
      const pico = BigInt(inputTokens) * 33_500n + BigInt(outputTokens) * 999_999_999_999n
      const exact = Number((pico + 500n) / 1000n)
      f(inputTokens, outputTokens, exact)
    }),
  )
})

test('a price of one third is kept to a nano-dollar over a billion tokens', () => {
  const pricer = createPricer({ prices: [{ model: 'm', inputPerMillion: 1 / 3, outputPerMillion: 0 }] })
  expect(cost({ requestModel: 'm', usage: { inputTokens: 1_000_000_000, outputTokens: 0 } }, pricer)).toBe(
    333_333_333_333,
  )
})

test('a flood of model and provider names leaves the cache bounded and the models in use in it', () => {
  const pricer = createPricer()
  const rate = pricer.rate('openai', 'gpt-4o')
  const unknown = pricer.rate('openai', 'nobody-knows')
  let largest = 0
  for (let index = 0; index < 5000; index++) {
    pricer.rate(index % 2 === 0 ? 'ollama' : `ollama.${index}`, `model-${index}`)
    largest = Math.max(largest, pricer.cacheSize)
    if (index % 500 === 0) expect(pricer.rate('openai', 'gpt-4o')).toBe(rate)
  }
  expect(largest).toBe(2000)
  expect(unknown).toBeUndefined()
})

test('names that are too long are not looked up, nor kept', () => {
  const pricer = createPricer({ prices: [{ ...own, model: 'long-*' }] })
  expect(pricer.rate('openai', `long-${'x'.repeat(251)}`)).toBeDefined()
  expect(pricer.cacheSize).toBe(1)
  expect(pricer.rate('openai', `long-${'x'.repeat(252)}`)).toBeUndefined()
  expect(pricer.rate('p'.repeat(257), 'long-1')).toBeUndefined()
  expect(pricer.cacheSize).toBe(1)
})

test('an unknown model is looked up once', () => {
  const pricer = createPricer()
  pricer.rate('openai', 'nobody-knows')
  pricer.rate('openai', 'nobody-knows')
  expect(pricer.cacheSize).toBe(1)
})

test('an operation that spends and has no cost gets its price, in place; others stay as they are', () => {
  const found: Cost = { nanoDollars: 5, source: 'catalogue', version: 'v' }
  const f = (operation: Operation, cost: Cost | undefined) => {
    const keys = Object.keys(operation)
    priceInPlace(operation, () => found)
    expect(operation.cost).toEqual(cost)
    expect(Object.keys(operation)).toEqual(keys)
  }
  f({ operation: 'chat', cost: undefined }, found)
  f({ operation: 'embeddings', cost: undefined }, found)
  f({ operation: 'a name of its own', cost: undefined }, found)
  f({ operation: 'chat', cost: { nanoDollars: 0, source: 'provider' } }, { nanoDollars: 0, source: 'provider' })
  // Those inside have it already.
  f({ operation: 'invoke_agent', cost: undefined }, undefined)
  f({ operation: 'invoke_workflow', cost: undefined }, undefined)
  const unknown: Operation = { operation: 'chat', cost: undefined }
  priceInPlace(unknown, () => undefined)
  expect(unknown.cost).toBeUndefined()
})
