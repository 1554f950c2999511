// Started in code, with clients instrumented one by one: works in any bundle.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { start } from 'tokmeter'
import { instrument } from 'tokmeter/instrumentation'

const tokmeter = start({ serviceName: 'in-code', prometheus: { port: 0 } })
const openai = instrument(new OpenAI())
const anthropic = instrument(new Anthropic())

await openai.chat.completions.create({ model: 'gpt-4.1-nano', messages: [{ role: 'user', content: 'Hello' }] })
const stream = anthropic.messages.stream({
  model: 'claude-fable-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hello' }],
})
await stream.finalMessage()

for (const [model, totals] of Object.entries(tokmeter.stats().byModel)) {
  console.log(model, totals.inputTokens, 'in', totals.outputTokens, 'out', totals.costNanoDollars / 1e9, 'USD')
}
await tokmeter.shutdown()
