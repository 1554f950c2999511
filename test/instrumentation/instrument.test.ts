/** `instrument` with clients it does not know, patched twice, or patched by others; and usage in the words of many providers. */
import { afterAll, beforeEach, expect, test } from 'vitest'
import { instrument as instrumentAnthropic } from '../../instrumentation/anthropic.js'
import { instrument } from '../../instrumentation/index.js'
import { OpenCalls } from '../../instrumentation/open-calls.js'
import { instrument as instrumentOpenAI } from '../../instrumentation/openai.js'
import { readOpenAiUsage } from '../../instrumentation/openai-usage.js'
import { type IdentifiedOperation, start } from '../../src/index.js'
import type { Any } from './client-under-test.js'

const tokmeter = start({ otlp: false, prometheus: false, registerGlobally: false })
const operations: IdentifiedOperation[] = []
tokmeter.subscribe((operation) => {
  operations.push(operation)
})
const counted = async () => {
  await tokmeter.forceFlush()
  await new Promise(setImmediate)
  return operations
}
beforeEach(() => {
  operations.length = 0
})
afterAll(() => tokmeter.shutdown())
const reported = () => tokmeter.stats().untestedClients

/** A client made like those of Stainless, each time of classes of its own. */
function makeClient(create: (this: Any, ...values: Any[]) => unknown): Any {
  class Completions {
    readonly _client: object
    constructor(client: object) {
      this._client = client
    }
  }
  Object.defineProperty(Completions.prototype, 'create', { value: create, writable: true, configurable: true })
  class Client {
    readonly chat = { completions: new Completions(this) }
    readonly baseURL = 'https://api.groq.com/openai/v1'
    post() {}
    getUserAgent() {
      return 'Client/JS 0.0.1'
    }
  }
  return new Client()
}

/** A promise made like those of Stainless. */
class ApiPromise {
  responsePromise: Any = Promise.resolve({ response: {} })
  parsedPromise: Any
  readonly answer: unknown
  constructor(answer: unknown) {
    this.answer = answer
  }
  parse() {
    this.parsedPromise ??= this.responsePromise.then(async () => this.answer)
    return this.parsedPromise
  }
  _thenUnwrap() {
    return new ApiPromise(this.answer)
  }
  // biome-ignore lint/suspicious/noThenProperty: this is what such a promise is
  then(...handlers: Any[]) {
    return this.parse().then(...handlers)
  }
}

const apiPromise = (answer: unknown) => new ApiPromise(answer)

test('a client of unknown shape is returned as it is, and reported', () => {
  for (const client of [{}, Object.freeze({ chat: 1 }), null, undefined, 1, 'text', () => {}])
    expect(instrument(client)).toBe(client)
  const broken = new Proxy(
    {},
    {
      get: () => {
        throw new Error('no')
      },
    },
  )
  expect(instrument(broken)).toBe(broken)
  expect(reported()).toContainEqual({ client: 'Object', version: undefined })
})

test('a version that was not tested is patched all the same, and reported', async () => {
  const client = instrument(
    makeClient(() => apiPromise({ model: 'm', usage: { prompt_tokens: 1, completion_tokens: 2 } })),
  )
  await client.chat.completions.create({ model: 'm' })
  expect(await counted()).toMatchObject([
    { provider: 'groq', serverAddress: 'api.groq.com', usage: { inputTokens: 1, outputTokens: 2 } },
  ])
  expect(reported()).toContainEqual({ client: 'openai', version: '0.0.1' })
})

test('however often it is instrumented, a call is counted once', async () => {
  const client = makeClient(() => apiPromise({}))
  for (const again of [instrument, instrumentOpenAI, instrument]) expect(again(client)).toBe(client)
  await client.chat.completions.create({})
  expect(await counted()).toHaveLength(1)
})

test('a create that calls that of its base class is counted once', async () => {
  const base = makeClient(() => apiPromise({}))
  const Base = base.chat.completions.constructor
  class Derived extends Base {
    create(...values: Any[]) {
      return Base.prototype.create.apply(this, values)
    }
  }
  const derived: Any = { ...base, post() {}, chat: { completions: new (Derived as Any)(base) } }
  instrument(base)
  instrument(derived)
  await derived.chat.completions.create({})
  expect(await counted()).toHaveLength(1)
})

test('a promise of another shape passes through untouched, and later calls are left alone', async () => {
  const promise = Promise.resolve('answer')
  const client = instrument(makeClient(() => promise))
  expect(client.chat.completions.create({})).toBe(promise)
  expect(client.chat.completions.create({})).toBe(promise)
  expect(tokmeter.stats().open).toBeLessThanOrEqual(1)
  expect(reported()).toContainEqual({ client: 'openai', version: '0.0.1' })
})

test('a promise that lets nothing be set passes through untouched', async () => {
  const promise = Object.freeze(apiPromise('answer'))
  const client = instrument(makeClient(() => promise))
  expect(client.chat.completions.create({})).toBe(promise)
  expect(client.chat.completions.create({})).toBe(promise)
  expect(tokmeter.stats().open).toBeLessThanOrEqual(2)
})

test('request options that are not the client’s own are not marked', async () => {
  const sent: Any[] = []
  const client = makeClient(function (_, options) {
    return this._client.methodRequest('post', '/', options)
  })
  Object.getPrototypeOf(client).methodRequest = (_: string, __: string, options: Any) => {
    sent.push(options)
    return apiPromise({})
  }
  instrument(client)
  const options = { timeout: 5 }
  for (const given of [options, undefined, Promise.resolve(options)]) await client.chat.completions.create({}, given)
  expect(Reflect.ownKeys(options)).toEqual(['timeout'])
  expect([sent[0], sent[1], await sent[2]].map((each) => Reflect.ownKeys(each).map(String))).toEqual([
    ['timeout', 'Symbol(tokmeter.call)'],
    ['Symbol(tokmeter.call)'],
    ['timeout', 'Symbol(tokmeter.call)'],
  ])
  expect(await counted()).toHaveLength(3)
})

test('a frozen prototype is left as it is', () => {
  const client = makeClient(() => apiPromise({}))
  Object.freeze(Object.getPrototypeOf(client.chat.completions))
  const { create } = client.chat.completions
  expect(instrument(client).chat.completions.create).toBe(create)
})

test('a call that throws at once throws the same, and is counted', async () => {
  const error = new TypeError('at once')
  const client = instrument(
    makeClient(() => {
      throw error
    }),
  )
  expect(() => client.chat.completions.create({})).toThrow(error)
  expect(await counted()).toMatchObject([{ error: { type: 'TypeError', message: 'at once' } }])
})

test('an answer of no known shape is counted, its usage unknown', async () => {
  const odd = new Proxy(
    {},
    {
      get: (_, name) => {
        if (name !== 'then') throw new Error('odd')
      },
    },
  )
  const client = instrument(
    makeClient(() => apiPromise({ choices: 5, usage: { prompt_tokens: 'many', completion_tokens: -1 } })),
  )
  await client.chat.completions.create({})
  const other = instrument(makeClient(() => apiPromise(odd)))
  await other.chat.completions.create({})
  expect((await counted()).map(({ usage, error }) => ({ usage, error }))).toMatchObject([
    { error: undefined },
    { usage: undefined, error: undefined },
  ])
})

test('Anthropic’s way in takes Anthropic’s clients', async () => {
  const client = makeClient(() => undefined)
  const { create } = client.chat.completions
  expect(instrumentAnthropic(client)).toBe(client)
  expect(client.chat.completions.create).toBe(create)
})

test('usage, as each provider writes it', () => {
  const f = (usage: object, expected: object, cost?: number) => {
    expect(readOpenAiUsage(usage).usage).toMatchObject(expected)
    expect(readOpenAiUsage(usage).cost).toEqual(
      cost === undefined ? undefined : { nanoDollars: cost, source: 'provider' },
    )
  }
  f({}, { inputTokens: undefined, outputTokens: undefined })
  f({ prompt_tokens: 0, completion_tokens: 0 }, { inputTokens: 0, outputTokens: 0 })
  f({ prompt_tokens: Number.NaN, completion_tokens: null }, { inputTokens: undefined, outputTokens: undefined })
  // DeepSeek, Moonshot.
  f({ prompt_tokens: 10, prompt_cache_hit_tokens: 6 }, { inputTokens: 10, cacheReadTokens: 6 })
  f({ prompt_tokens: 10, cached_tokens: 6 }, { inputTokens: 10, cacheReadTokens: 6 })
  // xAI counts reasoning beside the output; OpenAI in it.
  const details = { completion_tokens_details: { reasoning_tokens: 20 } }
  f(
    { prompt_tokens: 10, completion_tokens: 5, total_tokens: 35, ...details },
    { outputTokens: 25, reasoningTokens: 20 },
  )
  f(
    { prompt_tokens: 10, completion_tokens: 25, total_tokens: 35, ...details },
    { outputTokens: 25, reasoningTokens: 20 },
  )
  f({ cost_in_usd_ticks: 37_756_000 }, {}, 3_775_600)
  // OpenRouter; with a key of one's own the fee is not all.
  f({ cost: 0.95 }, {}, 950_000_000)
  f({ cost: 0.05, is_byok: true, cost_details: { upstream_inference_cost: 1 } }, {}, 1_050_000_000)
  f({ cost: 0.95, is_byok: false, cost_details: { upstream_inference_cost: 0.9 } }, {}, 950_000_000)
  // Perplexity.
  f({ cost: { total_cost: 0.006 } }, {}, 6_000_000)
  f(
    { prompt_tokens: 30, prompt_tokens_details: { text_tokens: 10, image_tokens: 20 } },
    { inputByModality: { text: 10, image: 20 } },
  )
})

test('there is room for so many calls whose end is not told', () => {
  const calls = new OpenCalls<number>()
  for (let index = 0; index < 5000; index++) calls.set(String(index), index)
  expect(calls.get('0')).toBeUndefined()
  expect(calls.get('3999')).toBeUndefined()
  expect(calls.take('4000')).toBe(4000)
  expect(calls.take('4000')).toBeUndefined()
})
