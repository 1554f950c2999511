import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { AzureOpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Emulator, type LoggedRequest, startEmulator } from '../../demo/emulator.js'
import type { Control } from '../../demo/faults.js'
import { defaultRecordings, expected } from '../../demo/recordings.js'
import { SYNTHETIC_USAGE } from '../../demo/synthetic.js'

let emulator: Emulator
let openai: OpenAI
let anthropic: Anthropic

beforeAll(async () => {
  emulator = await startEmulator()
  openai = new OpenAI({ apiKey: 'test', baseURL: `${emulator.url}/v1` })
  anthropic = new Anthropic({ apiKey: 'test', baseURL: emulator.url })
})
afterAll(() => emulator.close())
beforeEach(() => {
  emulator.requests.length = 0
})

const asking = (control: Control) => ({ headers: { 'x-emulate': JSON.stringify(control) } })
const messages = [{ role: 'user' as const, content: 'Hello' }]
const chat = (model: string) => ({ model, messages })
const message = (model: string) => ({ model, messages, max_tokens: 100 })

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

/** What arrived until the stream failed, and how it did. */
async function untilFailure<T>(stream: AsyncIterable<T>): Promise<{ items: T[]; error: unknown }> {
  const items: T[] = []
  try {
    for await (const item of stream) items.push(item)
  } catch (error) {
    return { items, error }
  }
  throw new Error('the stream did not fail')
}

async function failure(
  promise: PromiseLike<unknown>,
): Promise<Error & { status?: number; code?: string; type?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('did not fail')
}

/** Waits until the emulator has seen how the newest request ended. */
async function ended(): Promise<LoggedRequest> {
  const request = emulator.requests.at(-1)
  if (request === undefined) throw new Error('no request')
  await expect.poll(() => request.outcome).not.toBe('pending')
  return request
}

const contentful = (items: readonly OpenAI.ChatCompletionChunk[]) =>
  items.filter((item) => item.choices[0]?.delta.content).length

describe('OpenAI chat', () => {
  test('answers whole from the recording of the model', async () => {
    const answer = await openai.chat.completions.create(chat('gpt-4.1-nano'))
    expect(answer.model).toBe('gpt-4.1-nano-2025-04-14')
    expect(answer.usage).toMatchObject({ prompt_tokens: 16, completion_tokens: 363, total_tokens: 379 })
    expect(await ended()).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      model: 'gpt-4.1-nano',
      stream: false,
      attempt: 1,
      recording: 'openai-text.json',
      status: 200,
      outcome: 'answered',
    })
  })

  test('streams, with usage only where it is asked for', async () => {
    const body = { ...chat('gpt-4.1-nano'), stream: true as const }
    const told = await all(await openai.chat.completions.create({ ...body, stream_options: { include_usage: true } }))
    expect([told.length, contentful(told)]).toEqual([303, 300])
    expect(told.at(-1)?.usage).toMatchObject({ prompt_tokens: 16, completion_tokens: 300 })
    expect(told[0]?.usage).toBeNull()

    const untold = await all(await openai.chat.completions.create(body))
    expect([untold.length, contentful(untold)]).toEqual([302, 300])
    expect(untold.some((chunk) => 'usage' in chunk)).toBe(false)
    expect((await ended()).chunks).toBe(300)
  })

  test('answers for an unknown model with a synthetic one', async () => {
    const answer = await openai.chat.completions.create(chat('my-model'))
    expect(answer.model).toBe('my-model')
    expect(answer.choices[0]?.message.content).toBe('word word word word word ')
    expect(answer.usage).toEqual(SYNTHETIC_USAGE.chat)

    const body = { ...chat('my-model'), stream: true as const, stream_options: { include_usage: true } }
    const chunks = await all(await openai.chat.completions.create(body, asking({ chunks: 1234 })))
    expect(contentful(chunks)).toBe(1234)
    expect(chunks.at(-1)?.usage).toEqual(SYNTHETIC_USAGE.chat)
    expect((await ended()).recording).toBeUndefined()
  })

  test('keeps Azure’s first chunk, which has no choices', async () => {
    const azure = new AzureOpenAI({ apiKey: 'test', apiVersion: '2024-10-21', endpoint: emulator.url })
    const chunks = await all(await azure.chat.completions.create({ ...chat('model-router'), stream: true }))
    expect(chunks.length).toBe(7)
    expect(chunks[0]?.choices).toEqual([])
    expect(contentful(chunks)).toBe(4)
    expect((await ended()).path).toBe('/openai/deployments/model-router/chat/completions?api-version=2024-10-21')
  })

  test('calls a tool until the conversation holds its result', async () => {
    const runner = openai.chat.completions.runTools(
      {
        ...chat('my-model'),
        tools: [
          {
            type: 'function',
            function: {
              name: 'add',
              description: 'Adds.',
              parameters: { type: 'object' },
              parse: JSON.parse,
              function: ({ a, b }: { a: number; b: number }) => String(a + b),
            },
          },
        ],
      },
      asking({ toolCall: { name: 'add', arguments: '{"a":1,"b":2}' }, text: 'It is 3.' }),
    )
    expect(await runner.finalContent()).toBe('It is 3.')
    expect(emulator.requests.length).toBe(2)
  })

  test('answers a helper stream with a text of one’s own', async () => {
    const text = '{"answer":42}'
    const completion = await openai.chat.completions
      .stream(chat('my-model'), asking({ text, chunks: 3 }))
      .finalChatCompletion()
    expect(completion.choices[0]?.message.content).toBe(text)
    expect((await ended()).chunks).toBe(3)
  })
})

describe('OpenAI’s other endpoints', () => {
  test('responses, whole', async () => {
    const answer = await openai.responses.create({ model: 'gpt-5.3-codex', input: 'Hello' })
    expect(answer.usage).toMatchObject({ input_tokens: 7243, output_tokens: 423 })
    expect(answer.output_text.length).toBeGreaterThan(100)
  })

  test('responses, streamed', async () => {
    const events = await all(
      await openai.responses.create({ model: 'gpt-5.1-codex-max', input: 'Hello', stream: true }),
    )
    const end = events.at(-1)
    expect(end?.type === 'response.completed' && end.response.usage?.total_tokens).toBe(162)
    expect(events.filter((event) => event.type === 'response.completed').length).toBe(1)
  })

  test('responses, synthetic, through the helper that puts the stream together', async () => {
    const stream = openai.responses.stream({ model: 'my-model', input: 'Hello' }, asking({ text: 'Hello there' }))
    const final = await stream.finalResponse()
    expect(final.output_text).toBe('Hello there')
    expect(final.usage).toEqual(SYNTHETIC_USAGE.responses)
  })

  test('responses, synthetic, with a tool call', async () => {
    const control = { toolCall: { name: 'add', arguments: '{"a":1}' } }
    const stream = openai.responses.stream({ model: 'my-model', input: 'Hello' }, asking(control))
    const final = await stream.finalResponse()
    expect(final.output[0]).toMatchObject({ type: 'function_call', name: 'add', arguments: '{"a":1}' })
    const whole = await openai.responses.create({ model: 'my-model', input: 'Hello' }, asking(control))
    expect(whole.output[0]).toMatchObject({ type: 'function_call', name: 'add', arguments: '{"a":1}' })
  })

  test('embeddings, in the encoding the client asks for by itself and in the plain one', async () => {
    const body = { model: 'text-embedding-3-small', input: ['a', 'b'] }
    const asBase64 = await openai.embeddings.create(body)
    const asFloats = await openai.embeddings.create({ ...body, encoding_format: 'float' })
    expect(asFloats.data[0]?.embedding).toEqual([0.0057293195, -0.012727811, 0.020042092, -0.013437585, 0.022833068])
    const rounded = asFloats.data.map(({ embedding }) => embedding.map(Math.fround))
    expect(asBase64.data.map(({ embedding }) => [...embedding])).toEqual(rounded)
    expect(asBase64.usage).toEqual({ prompt_tokens: 12, total_tokens: 12 })
  })

  test('embeddings, synthetic, as many as there are inputs', async () => {
    const answer = await openai.embeddings.create({ model: 'my-model', input: ['a', 'b', 'c'], dimensions: 4 })
    expect(answer.data.map(({ embedding }) => [...embedding])).toEqual(Array(3).fill([0.0625, 0.125, 0.1875, 0.25]))
  })

  test('legacy text completions', async () => {
    const answer = await openai.completions.create({ model: 'my-model', prompt: 'Hello' })
    expect(answer.usage).toEqual(SYNTHETIC_USAGE.completions)
    const chunks = await all(await openai.completions.create({ model: 'my-model', prompt: 'Hello', stream: true }))
    expect(chunks.map((chunk) => chunk.choices[0]?.text)).toEqual([...Array(5).fill('word '), ''])
  })

  test('models', async () => {
    expect((await all(openai.models.list())).map(({ id }) => id)).toContain('gpt-4.1-nano')
    expect((await all(anthropic.models.list())).map(({ id }) => id)).toContain('claude-sonnet-4-5')
  })
})

describe('Anthropic messages', () => {
  test('answers whole', async () => {
    const answer = await anthropic.messages.create(message('claude-opus-5'))
    expect(answer.usage).toMatchObject({ input_tokens: 51, output_tokens: 1699 })
    expect(answer.stop_reason).toBe('end_turn')
  })

  test('streams, and its helper puts the message together', async () => {
    const events = await all(await anthropic.messages.create({ ...message('anthropic-text'), stream: true }))
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      ...Array(6).fill('content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    const final = await anthropic.messages.stream(message('anthropic-text')).finalMessage()
    expect(final.usage).toMatchObject({ input_tokens: 12, output_tokens: 30 })
  })

  test('streams by the beta endpoint, with cumulative cache counts', async () => {
    const final = await anthropic.beta.messages.stream(message('claude-sonnet-5')).finalMessage()
    expect(final.usage).toMatchObject({
      input_tokens: 6,
      cache_creation_input_tokens: 3337,
      cache_read_input_tokens: 6289,
      output_tokens: 198,
    })
    // Older clients add a query.
    const body = JSON.stringify({ ...message('claude-opus-5') })
    const older = await fetch(`${emulator.url}/v1/messages?beta=true`, { method: 'POST', body })
    expect(older.status).toBe(200)
  })

  test('synthetic, whole and streamed, text and tool', async () => {
    const answer = await anthropic.messages.create(message('my-model'))
    expect(answer.usage).toEqual(SYNTHETIC_USAGE.messages)
    const final = await anthropic.messages.stream(message('my-model'), asking({ chunks: 9 })).finalMessage()
    expect(final.content).toMatchObject([{ type: 'text', text: 'word '.repeat(9) }])
    expect(final.usage).toEqual(SYNTHETIC_USAGE.messages)
    const control = { toolCall: { name: 'add', arguments: '{"a":1}' } }
    const called = await anthropic.messages.stream(message('my-model'), asking(control)).finalMessage()
    expect(called.content).toMatchObject([{ type: 'tool_use', name: 'add', input: { a: 1 } }])
    expect(called.stop_reason).toBe('tool_use')
  })
})

describe('a recording by name', () => {
  test('as the model, or by the control', async () => {
    const byModel = await anthropic.messages.create(message('anthropic-web-fetch-tool.1'))
    expect(byModel.usage.input_tokens).toBe(4234)
    const byControl = await anthropic.messages.create(
      message('my-model'),
      asking({ recording: 'anthropic-tool-no-args' }),
    )
    expect(byControl.usage.input_tokens).toBe(602)
    const third = { recording: 'openai-reasoning-encrypted-content.1#3' }
    const stream = await openai.responses.create({ model: 'x', input: 'Hello', stream: true }, asking(third))
    const end = (await all(stream)).at(-1)
    expect(end?.type === 'response.completed' && end.response.usage?.input_tokens).toBe(260)
  })

  test('that does not fit is refused', async () => {
    const error = await failure(openai.chat.completions.create(chat('x'), asking({ recording: 'anthropic-text' })))
    expect(error.message).toBe('400 x-emulate: no recording anthropic-text for chat, whole')
  })

  test('error answers come with their status, in place of a stream too', async () => {
    const recording = { recording: 'reasoning-model-legacy-parameter-error.json' }
    const error = await failure(openai.chat.completions.create({ ...chat('x'), stream: true }, asking(recording)))
    expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter', type: 'invalid_request_error' })
    const quota = await failure(openai.responses.create({ model: 'gpt-5-nano', input: 'x' }, { maxRetries: 0 }))
    expect(quota).toMatchObject({ status: 429, code: 'insufficient_quota' })
    const { items, error: inStream } = await untilFailure(
      await openai.responses.create({ model: 'gpt-5-nano', input: 'x', stream: true }),
    )
    expect(items.map(({ type }) => type)).toEqual(['response.created', 'response.in_progress'])
    expect(inStream).toMatchObject({ status: undefined, code: 'insufficient_quota' })
  })
})

describe('faults', () => {
  const streamed = { ...chat('gpt-4.1-nano'), stream: true as const }

  test('a status, for all attempts or for the first ones', async () => {
    const error = await failure(openai.chat.completions.create(chat('x'), asking({ status: 503, retryAfter: 0.001 })))
    expect([error.status, emulator.requests.length]).toEqual([503, 3])
    expect(error.constructor.name).toBe('InternalServerError')

    const control = { status: 429, retryAfter: 0.001, failures: 2 }
    const answer = await openai.chat.completions.create(chat('gpt-4.1-nano'), asking(control))
    expect(answer.usage?.total_tokens).toBe(379)
    const log = emulator.requests.slice(3)
    expect(log.map(({ attempt, retryCount, status }) => [attempt, retryCount, status])).toEqual([
      [1, '0', 429],
      [2, '1', 429],
      [3, '2', 200],
    ])
  })

  test('attempts are counted by id where one is given', async () => {
    const control = { id: 'one', status: 500, failures: 1 }
    const call = () => openai.chat.completions.create(chat('x'), { ...asking(control), maxRetries: 0 })
    expect((await failure(call())).status).toBe(500)
    expect((await call()).model).toBe('x')
  })

  test('in Anthropic’s words', async () => {
    const f = async (status: number, type: string) => {
      const error = await failure(anthropic.messages.create(message('x'), { ...asking({ status }), maxRetries: 0 }))
      expect([error.status, error.type]).toEqual([status, type])
    }
    await f(400, 'invalid_request_error')
    await f(401, 'authentication_error')
    await f(429, 'rate_limit_error')
    await f(500, 'api_error')
    await f(529, 'overloaded_error')
  })

  test('a reset connection, once', async () => {
    const answer = await openai.chat.completions.create(chat('gpt-4.1-nano'), asking({ reset: true, failures: 1 }))
    expect(answer.usage?.total_tokens).toBe(379)
    expect(emulator.requests.map(({ outcome }) => outcome).slice(0, 1)).toEqual(['cut'])
    const error = await failure(anthropic.messages.create(message('x'), { ...asking({ reset: true }), maxRetries: 0 }))
    expect(error).toBeInstanceOf(Anthropic.APIConnectionError)
  })

  test('no answer at all', async () => {
    const error = await failure(
      openai.chat.completions.create(chat('x'), { ...asking({ hang: true }), timeout: 1000, maxRetries: 0 }),
    )
    expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    expect(await ended()).toMatchObject({ status: undefined, outcome: 'aborted' })
  })

  test('a cut after a number of chunks: all of them arrive first', async () => {
    for (const [cutAfterChunks, items] of [
      [0, 1],
      [1, 2],
      [7, 8],
      [300, 301],
    ] as const) {
      const cut = await untilFailure(await openai.chat.completions.create(streamed, asking({ cutAfterChunks })))
      expect([cut.items.length, contentful(cut.items)]).toEqual([items, cutAfterChunks])
      expect((await ended()).outcome).toBe('cut')
    }
    const stream = await anthropic.messages.create(
      { ...message('anthropic-text'), stream: true },
      asking({ cutAfterChunks: 2 }),
    )
    expect((await untilFailure(stream)).items.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
    ])
  })

  test('a cut inside a chunk', async () => {
    const cut = await untilFailure(await openai.chat.completions.create(streamed, asking({ cutInsideChunk: 5 })))
    expect(contentful(cut.items)).toBe(4)
    expect(await ended()).toMatchObject({ chunks: 4, outcome: 'cut' })
  })

  test('a body cut half-way', async () => {
    const call = openai.chat.completions.create(chat('gpt-4.1-nano'), asking({ cutAfterChunks: 1 }))
    expect((await failure(call)).message).toMatch(/terminated|JSON|Premature/)
  })

  test('an error inside the stream, in each provider’s words', async () => {
    const control = asking({ errorAfterChunks: 3 })
    const inChat = await untilFailure(await openai.chat.completions.create(streamed, control))
    expect(contentful(inChat.items)).toBe(3)
    expect(inChat.error).toMatchObject({ code: 'server_error' })

    const responses = await openai.responses.create({ model: 'x', input: 'x', stream: true }, control)
    const inResponses = await untilFailure(responses)
    expect(inResponses.items.filter(({ type }) => type === 'response.output_text.delta').length).toBe(3)
    expect(inResponses.error).toMatchObject({ code: 'server_error' })

    const events = await anthropic.messages.create({ ...message('x'), stream: true }, control)
    const inMessages = await untilFailure(events)
    expect(inMessages.items.filter(({ type }) => type === 'content_block_delta').length).toBe(3)
    expect(inMessages.error).toMatchObject({ type: 'overloaded_error' })
  })

  test('HTML in place of JSON', async () => {
    const answer: unknown = await openai.chat.completions.create(chat('x'), asking({ notJson: true }))
    expect(answer).toMatch(/^<!doctype html>/)
  })

  test('a padded body, and a padded stream', async () => {
    const bodyBytes = 3_000_000
    const response = await openai.chat.completions.create(chat('gpt-4.1-nano'), asking({ bodyBytes })).asResponse()
    const text = await response.text()
    expect(Math.abs(text.length - bodyBytes)).toBeLessThan(100)
    expect(JSON.parse(text).usage.total_tokens).toBe(379)
    const chunks = await all(await openai.chat.completions.create(streamed, asking({ bodyBytes })))
    expect(contentful(chunks)).toBe(300)
    expect(Math.abs(JSON.stringify(chunks[1]).length - bodyBytes)).toBeLessThan(100)
  })

  test('usage left out, or replaced', async () => {
    const include = { ...streamed, stream_options: { include_usage: true } }
    const noUsage = asking({ noUsage: true })
    expect('usage' in (await openai.chat.completions.create(chat('gpt-4.1-nano'), noUsage))).toBe(false)
    expect((await all(await openai.chat.completions.create(include, noUsage))).some(({ usage }) => usage)).toBe(false)
    const mistral = { ...include, model: 'mistral-small-latest' }
    expect((await all(await openai.chat.completions.create(mistral, noUsage))).some(({ usage }) => usage)).toBe(false)
    const final = await anthropic.messages.stream(message('anthropic-text'), noUsage).finalMessage()
    expect(final.usage).toEqual({ output_tokens: undefined })
    expect('usage' in (await openai.responses.create({ model: 'gpt-5.3-codex', input: 'x' }, noUsage))).toBe(false)

    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
    const chunks = await all(await openai.chat.completions.create(include, asking({ usage })))
    expect(chunks.at(-1)?.usage).toEqual(usage)
    const whole = await openai.chat.completions.create(chat('gpt-4.1-nano'), asking({ usage }))
    expect(whole.usage).toEqual(usage)
  })

  test('time before the headers and before each chunk', async () => {
    const start = performance.now()
    const stream = await openai.chat.completions.create(streamed, asking({ delayMs: 60, chunkDelayMs: 20, chunks: 4 }))
    const headers = performance.now() - start
    const chunks = await all(stream)
    const total = performance.now() - start
    expect(contentful(chunks)).toBe(4)
    expect(headers).toBeGreaterThanOrEqual(55)
    expect(total - headers).toBeGreaterThanOrEqual(4 * 20 - 10)
  })

  test('a client that leaves is noticed', async () => {
    const stream = await openai.chat.completions.create(streamed, asking({ chunkDelayMs: 5 }))
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    const log = await ended()
    expect(log.outcome).toBe('aborted')
    expect(log.chunks).toBeLessThan(100)
  })

  test('a control that says nothing known is refused', async () => {
    const f = async (header: string, text: string) => {
      const error = await failure(openai.chat.completions.create(chat('x'), { headers: { 'x-emulate': header } }))
      expect([error.status, error.message]).toEqual([400, `400 ${text}`])
    }
    await f('{', 'x-emulate must be JSON; got {')
    await f('{"status":200}', 'x-emulate: status cannot be 200')
    await f('{"delayMs":"1"}', 'x-emulate: delayMs cannot be "1"')
  })
})

describe('the emulator itself', () => {
  test('refuses what it does not know in the provider’s words', async () => {
    const unknown = await fetch(`${emulator.url}/v1/nothing`, { method: 'POST', body: '{}' })
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
    const wrong = await fetch(`${emulator.url}/v1/messages`, { method: 'POST', body: 'no' })
    expect(wrong.status).toBe(400)
    expect(await wrong.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
    const method = await fetch(`${emulator.url}/v1/embeddings`)
    expect(method.status).toBe(405)
  })

  test('takes defaults, keeps a bounded log without keys, and closes with answers open', async () => {
    const other = await startEmulator({ logCapacity: 2, defaults: { chunks: 3 } })
    const client = new OpenAI({ apiKey: 'secret-key', baseURL: `${other.url}/v1`, maxRetries: 0 })
    for (let call = 0; call < 3; call++) {
      const answer = await client.chat.completions.create(chat('gpt-4.1-nano'))
      expect(answer.choices[0]?.message.content).toBe('word word word ')
    }
    expect([other.requests.length, other.total]).toEqual([2, 3])
    expect(JSON.stringify(other.requests)).not.toContain('secret-key')
    other.defaults = { hang: true }
    const hanging = failure(client.chat.completions.create(chat('x')))
    await expect.poll(() => other.total).toBe(4)
    await other.close()
    await other.close()
    expect(await hanging).toBeInstanceOf(OpenAI.APIConnectionError)
  })

  test('replays every recording to the client it was made for, and the client reads what is expected', async () => {
    for (const [name, { api, status }] of defaultRecordings()) {
      if (status !== 200) continue
      const want = expected(name)
      const control = asking({ recording: name })
      const isStream = want.chunks !== undefined
      if (api === 'chat' && isStream) {
        const body = { ...chat('x'), stream: true as const, stream_options: { include_usage: true } }
        const chunks = await all(await openai.chat.completions.create(body, control))
        expect([name, chunks.at(-1)?.model]).toEqual([name, want.responseModel])
      } else if (api === 'chat') {
        const answer = await openai.chat.completions.create(chat('x'), control)
        expect([name, answer.usage?.prompt_tokens]).toEqual([name, want.usage?.inputTokens])
      } else if (api === 'responses' && isStream) {
        const stream = await openai.responses.create({ model: 'x', input: 'x', stream: true }, control)
        if (want.error) await untilFailure(stream)
        else expect((await all(stream)).at(-1)).toMatchObject({ response: { model: want.responseModel } })
      } else if (api === 'responses') {
        const answer = await openai.responses.create({ model: 'x', input: 'x' }, control)
        expect([name, answer.usage?.output_tokens]).toEqual([name, want.usage?.outputTokens])
      } else if (api === 'embeddings') {
        const answer = await openai.embeddings.create({ model: 'x', input: 'x' }, control)
        expect([name, answer.usage.prompt_tokens]).toEqual([name, want.usage?.inputTokens])
      } else {
        const answer = isStream
          ? await anthropic.messages.stream(message('x'), control).finalMessage()
          : await anthropic.messages.create(message('x'), control)
        expect([name, answer.usage.output_tokens, answer.model]).toEqual([
          name,
          want.usage?.outputTokens,
          want.responseModel,
        ])
      }
      const log = await ended()
      expect([log.recording, log.chunks]).toEqual([name, want.chunks ?? 0])
    }
  })
})
