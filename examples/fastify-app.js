// A web application: metrics on its own port at its own path, and a shutdown that loses nothing.
import Fastify from 'fastify'
import OpenAI from 'openai'
import { start } from 'tokmeter'
import { instrument } from 'tokmeter/instrumentation'

// `listen: false`: no server of tokmeter's own.
const tokmeter = start({ serviceName: 'chat-api', prometheus: { listen: false } })
const openai = instrument(new OpenAI())
const app = Fastify()

app.get('/chat', async () => {
  const messages = [{ role: /** @type {const} */ ('user'), content: 'Hello' }]
  const completion = await openai.chat.completions.create({ model: 'gpt-4.1-nano', messages })
  return { model: completion.model, tokens: completion.usage?.total_tokens }
})
// With Express: app.get('/metrics', (request, response) => tokmeter.prometheus.handler(request, response))
app.get('/metrics', (request, reply) => {
  reply.hijack()
  tokmeter.prometheus?.handler(request.raw, reply.raw)
})

console.log('listening on', await app.listen({ port: Number(process.env.PORT ?? 3000) }))
process.once('SIGTERM', async () => {
  await app.close()
  await tokmeter.shutdown()
})
