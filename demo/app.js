/**
 * The program that is measured: a loop of calls by the real clients, as anybody might have written it. It knows nothing of
 * tokmeter, which is put in from outside by `node --import tokmeter/register demo/app.js`.
 *
 * EMULATOR_URL says where the provider is; CALLS holds calls to make once, as JSON; without it they go on until SIGTERM.
 */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { everyCall } from './plan.js'

const url = process.env.EMULATOR_URL ?? 'http://127.0.0.1:8080'
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' })
const anthropic = new Anthropic({ baseURL: url, apiKey: 'none' })

/** @param {AsyncIterable<unknown>} stream */
async function readAll(stream) {
  for await (const _chunk of stream);
}

/** @param {import('./plan.js').Call} call @param {object} [emulate] */
async function make({ api, model, stream, recording }, emulate = {}) {
  const headers = { 'x-emulate': JSON.stringify({ recording, ...emulate }) }
  const messages = [{ role: /** @type {const} */ ('user'), content: 'Hello' }]
  if (api === 'embeddings') {
    await openai.embeddings.create({ model, input: 'Hello' }, { headers })
  } else if (api === 'messages') {
    const body = { model, max_tokens: 1000, messages }
    if (stream) await readAll(await anthropic.messages.create({ ...body, stream: true }, { headers }))
    else await anthropic.messages.create(body, { headers })
  } else if (api === 'responses') {
    if (stream) await readAll(await openai.responses.create({ model, input: 'Hello', stream: true }, { headers }))
    else await openai.responses.create({ model, input: 'Hello' }, { headers })
  } else if (stream) {
    const body = { model, messages, stream: /** @type {const} */ (true), stream_options: { include_usage: true } }
    await readAll(await openai.chat.completions.create(body, { headers }))
  } else {
    await openai.chat.completions.create({ model, messages }, { headers })
  }
}

/** What fails is what the recording says; the program goes on. @param {Promise<void>} call */
const attempt = (call) => call.catch(() => {})

if (process.env.CALLS !== undefined) {
  for (const call of JSON.parse(process.env.CALLS)) await attempt(make(call))
  process.send?.('done')
  // The metrics are to be looked at before the end, which comes by SIGTERM.
  setInterval(() => {}, 60_000)
} else {
  const calls = everyCall()
  const between = (least, most) => least + Math.random() * (most - least)
  const user = async () => {
    for (;;) {
      const call = calls[Math.floor(Math.random() * calls.length)]
      await attempt(make(call, { delayMs: between(50, 600), chunkDelayMs: between(1, 20) }))
      await new Promise((resolve) => setTimeout(resolve, between(50, 500)))
    }
  }
  await Promise.all(Array.from({ length: 8 }, user))
}
