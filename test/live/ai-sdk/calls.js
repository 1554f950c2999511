/** The calls made with the AI SDK, whose functions are its own. What is true of them is in `truths.js`. */
import { embed, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai'
import { chatUsage, TOKENS } from '../calls.js'

/** @param {object} control */
const emulate = (control) => ({ headers: { 'x-emulate': JSON.stringify(control) }, maxRetries: 0 })
const prompt = 'SECRET question'

const weather = tool({
  inputSchema: jsonSchema({ type: 'object', properties: { city: { type: 'string' } } }),
  execute: async () => 'SECRET weather',
})

/** @param {{ model: (name: string) => any, embeddingModel: (name: string) => any }} models */
export async function makeAiCalls({ model, embeddingModel }) {
  await generateText({
    model: model('gpt-4o-mini'),
    prompt,
    ...emulate({ text: 'SECRET answer', usage: chatUsage(TOKENS.chat) }),
  })
  const stream = streamText({
    model: model('gpt-4o'),
    prompt,
    ...emulate({ chunks: 5, usage: chatUsage(TOKENS.stream) }),
  })
  for await (const _text of stream.textStream);
  await stream.finishReason
  await generateText({ model: model('gpt-4.1-mini'), prompt, ...emulate({ status: 429 }) }).then(
    () => {
      throw new Error('BUG: the call that is to fail did not')
    },
    () => {},
  )
  if (process.argv.includes('--nested')) return
  await generateText({
    model: model('gpt-4.1-nano'),
    prompt,
    tools: { weather },
    stopWhen: isStepCount(3),
    ...emulate({ toolCall: { name: 'weather', arguments: '{"city":"SECRET"}' }, usage: chatUsage(TOKENS.tool) }),
  })
  await embed({
    model: embeddingModel('text-embedding-3-small'),
    value: 'SECRET text',
    ...emulate({ chunks: 1, usage: { prompt_tokens: TOKENS.embeddings.input, total_tokens: TOKENS.embeddings.input } }),
  })
}
