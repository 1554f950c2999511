/** What real providers answered, through real clients: what is counted is what an oracle that shares no code with us reads from the same JSON. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, describe, expect, test } from 'vitest'
import { startEmulator } from '../../demo/emulator.js'
import { defaultRecordings, expected } from '../../demo/recordings.js'
import { instrument } from '../../instrumentation/index.js'
import { type IdentifiedOperation, start } from '../../src/index.js'
import type { Any } from './client-under-test.js'

const emulator = await startEmulator()
const tokmeter = start({ otlp: false, prometheus: false, registerGlobally: false })
const operations: IdentifiedOperation[] = []
tokmeter.subscribe((operation) => {
  operations.push(operation)
})
const openai: Any = instrument(new OpenAI({ apiKey: 'key', baseURL: `${emulator.url}/v1`, maxRetries: 0 }))
const anthropic: Any = instrument(new Anthropic({ apiKey: 'key', baseURL: emulator.url, maxRetries: 0 }))
afterAll(async () => {
  await tokmeter.shutdown()
  await emulator.close()
})

const CALLS: { readonly [api: string]: (parameters: object, options: object) => Any } = {
  chat: (parameters, options) => openai.chat.completions.create({ ...parameters, messages: [] }, options),
  responses: (parameters, options) => openai.responses.create({ ...parameters, input: 'a' }, options),
  embeddings: (parameters, options) =>
    openai.embeddings.create({ ...parameters, input: 'a', encoding_format: 'float' }, options),
  messages: (parameters, options) => anthropic.messages.create({ ...parameters, messages: [], max_tokens: 5 }, options),
}

/** Plays a recording; of a stream, leaves after `afterChunks` content-bearing chunks, where that is given. */
async function play(name: string): Promise<IdentifiedOperation[]> {
  const { api, events } = defaultRecordings().get(name) ?? {}
  const stream =
    events === undefined ? {} : { stream: true, ...(api === 'chat' && { stream_options: { include_usage: true } }) }
  const options = { headers: { 'x-emulate': JSON.stringify({ recording: name }) } }
  operations.length = 0
  try {
    const answer = await CALLS[api ?? '']?.({ model: 'recorded', ...stream }, options)
    if (events !== undefined) for await (const _ of answer);
  } catch {
    // An error is an answer as well; the operation tells of it.
  }
  await tokmeter.forceFlush()
  await new Promise(setImmediate)
  return [...operations]
}

describe('recordings', () => {
  test.for([...defaultRecordings().keys()])('%s', async (name) => {
    const { chunks, error, provider: _, ...rest } = expected(name)
    const counted = await play(name)
    expect(counted).toHaveLength(1)
    const [operation] = counted
    expect(operation).toMatchObject(rest)
    expect(operation?.usage).toEqual(rest.usage)
    expect(operation?.finishReason).toBe(rest.finishReason)
    if (chunks !== undefined) expect(operation?.outputChunks).toBe(chunks)
    if (error === undefined) expect(operation?.error).toBeUndefined()
    else expect(operation?.error?.message).toContain(error.message)
  })
})
