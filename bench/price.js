/** What pricing one operation costs, over a realistic mix, beside the catalogue's own calcPrice. Prints JSON lines. */

import { calcPrice } from '@pydantic/genai-prices'
import { createPricer } from '../dist/src/price.js'

const startTime = Date.UTC(2026, 8, 1, 12)

/** Weight, provider, catalogue id, model, usage. */
const kinds = [
  [30, 'openai', 'openai', 'gpt-4o-mini-2024-07-18', { inputTokens: 1200, outputTokens: 300, cacheReadTokens: 1024 }],
  [15, 'openai', 'openai', 'gpt-5.6-sol', { inputTokens: 300_000, outputTokens: 2000, reasoningTokens: 1500 }],
  [
    25,
    'anthropic',
    'anthropic',
    'claude-sonnet-4-5-20250929',
    {
      inputTokens: 24_000,
      outputTokens: 700,
      cacheReadTokens: 20_000,
      cacheWriteTokens: 3000,
      cacheWrite1hTokens: 1000,
    },
  ],
  [10, 'gcp.gemini', 'google', 'gemini-2.5-flash', { inputTokens: 5000, outputTokens: 900, reasoningTokens: 400 }],
  [5, 'aws.bedrock', 'aws', 'us.anthropic.claude-haiku-4-5-20251001-v1:0', { inputTokens: 800, outputTokens: 90 }],
  [5, 'deepseek', 'deepseek', 'deepseek-chat', { inputTokens: 4000, outputTokens: 800, cacheReadTokens: 3000 }],
  [5, 'openai', 'openai', 'text-embedding-3-small', { inputTokens: 8000 }],
  [5, 'openai', 'openai', 'a-model-nobody-knows', { inputTokens: 100, outputTokens: 100 }],
]

const operations = []
const questions = []
for (const [weight, provider, providerId, model, usage] of kinds) {
  const question = {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_reasoning_tokens: usage.reasoningTokens,
  }
  for (let count = 0; count < weight; count++) {
    const operation = usage.outputTokens === undefined ? 'embeddings' : 'chat'
    operations.push({
      operation,
      provider,
      requestModel: model,
      responseModel: model,
      startTime,
      durationMs: 900,
      usage,
    })
    questions.push({ question, model, options: { providerId, timestamp: new Date(startTime) } })
  }
}
// Interleaved by a step prime to their number, so that no branch and no cache line is warmer than in life.
const shuffled = (list) => list.map((_, index) => list[(index * 37) % list.length])
const mix = shuffled(operations)
const questionMix = shuffled(questions)

const pricer = createPricer()
const rate = pricer.rate('openai', 'gpt-4o-mini')
const plainUsage = operations[0].usage

/** Best of several rounds, since whatever else the machine does only ever adds. */
function nanosecondsPerCall(round, calls, rounds) {
  let best = Number.POSITIVE_INFINITY
  for (let index = 0; index < rounds; index++) {
    const start = process.hrtime.bigint()
    round()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls)
  }
  return best
}

let checksum = 0
const ours = nanosecondsPerCall(
  () => {
    for (let pass = 0; pass < 2000; pass++) {
      for (const operation of mix) checksum += pricer.price(operation)?.nanoDollars ?? 0
    }
  },
  2000 * mix.length,
  7,
)
const plain = nanosecondsPerCall(
  () => {
    for (let pass = 0; pass < 500_000; pass++) checksum += rate.nanoDollars(plainUsage, startTime)
  },
  500_000,
  7,
)
const theirs = nanosecondsPerCall(
  () => {
    for (let pass = 0; pass < 10; pass++) {
      for (const { question, model, options } of questionMix) {
        checksum += calcPrice(question, model, options)?.total_price ?? 0
      }
    }
  },
  10 * questionMix.length,
  5,
)

const print = (name, value, unit) => console.log(JSON.stringify({ name, value: Math.round(value * 10) / 10, unit }))
print('price: price(operation) over the mix', ours, 'ns/op')
print('price: rate.nanoDollars, plain list', plain, 'ns/op')
print('price: calcPrice over the same mix', theirs, 'ns/op')
print('price: calcPrice / price(operation)', theirs / ours, 'times')
if (!Number.isFinite(checksum)) throw new Error('BUG: a price was not a number')
