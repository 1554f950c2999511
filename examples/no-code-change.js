// A program as it is, with nothing of tokmeter in it. It is measured from outside:
//
//   OTEL_METRICS_EXPORTER=prometheus node --import tokmeter/register examples/no-code-change.js
//
// and its metrics are at http://127.0.0.1:9464/metrics while it runs.
import OpenAI from 'openai'

const openai = new OpenAI()
const completion = await openai.chat.completions.create({
  model: 'gpt-4.1-nano',
  messages: [{ role: 'user', content: 'Say hello.' }],
})
console.log('answered by', completion.model)
