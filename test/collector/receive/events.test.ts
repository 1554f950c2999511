import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Refused } from '../../../src/collector/receive/intake.js'
import { EVENTS_PATH } from '../../../src/collector/receive/receive.js'
import { type Exchange, send } from './http-exchange.js'
import { receiving } from './receiving.js'

const completed = {
  event_id: 'evt_6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  timestamp_ms: 1_765_000_000_500,
  event_type: 'llm_request_completed',
  provider_id: 'ip_openai-001',
  provider: 'openai',
  model: 'gpt-4',
  agent_id: 'agent_abc123',
  input_tokens: 150,
  output_tokens: 50,
  cost_micros: 6000,
}
const failed = {
  event_id: 'evt_2',
  timestamp_ms: 1_765_000_000_000,
  event_type: 'llm_request_failed',
  provider: 'unknown',
  model: 'my-model',
  error_code: '429',
  error_message: 'slow down, somebody@example.com',
}

const json = { 'content-type': 'application/json' }
const answerOf = ({ status, body }: Exchange) => [status, JSON.parse(body.toString())]
const post = async (url: string, value: unknown, headers: { readonly [name: string]: string } = json) => {
  const body = typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
  return answerOf(await send(url, { path: EVENTS_PATH, headers, body }))
}
/** What is there of an operation. */
const told = (operation: unknown) => JSON.parse(JSON.stringify(operation))

test('a completed request is an operation, its cost in nano-dollars', async () => {
  const { url, intake, outcomes } = await receiving()
  expect(await post(url, completed)).toEqual([
    202,
    { event_id: completed.event_id, status: 'accepted', accepted: 1, duplicates: 0 },
  ])
  expect(told(intake.events[0]?.operations)).toEqual([
    {
      id: completed.event_id,
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4',
      startTime: 1_765_000_000_500,
      streamed: false,
      sampled: false,
      usage: { inputTokens: 150, outputTokens: 50 },
      cost: { nanoDollars: 6_000_000, source: 'provider' },
      agentName: 'agent_abc123',
      tags: { provider_id: 'ip_openai-001' },
    },
  ])
  expect(outcomes).toEqual([{ signal: 'events', outcome: 'accepted', statusCode: 202, reason: 'ok' }])
})

test('a failed request is an operation with its error, redacted, and without tokens or cost', async () => {
  const { url, intake } = await receiving()
  await post(url, failed)
  expect(told(intake.events[0]?.operations)).toEqual([
    {
      id: 'evt_2',
      operation: 'chat',
      requestModel: 'my-model',
      startTime: 1_765_000_000_000,
      streamed: false,
      sampled: false,
      error: { type: '429', code: '429', message: 'slow down, [EMAIL]' },
    },
  ])
})

test('all other fields of an operation may be told too; the time is that of its end', async () => {
  const { url, intake, discarded } = await receiving()
  await post(url, {
    ...completed,
    operation: 'generate_content',
    response_model: 'gpt-4-0613',
    duration_ms: 1500.5,
    time_to_first_chunk_ms: 200,
    output_chunks: 7,
    cache_read_tokens: 100,
    reasoning_tokens: 20,
    finish_reason: 'stop',
    service: 'chat-api',
    environment: 'prod',
    region: 'eu-west-1',
    trace_id: '5b8efff798038103d269b633813fc60c',
    span_id: 'eee19b7ec3c1b174',
    user_id: 'user-1',
    conversation_id: 'conversation-1',
    tags: { feature: 'search', api_key: 'sk-0123456789abcdef', tries: 2 },
    ic_token: 'ic_secret',
    synced: false,
    retries: null,
  })
  expect(told(intake.events[0]?.operations[0])).toEqual({
    id: completed.event_id,
    operation: 'generate_content',
    provider: 'openai',
    requestModel: 'gpt-4',
    responseModel: 'gpt-4-0613',
    startTime: 1_764_999_999_000 - 0.5,
    durationMs: 1500.5,
    timeToFirstChunkMs: 200,
    outputChunks: 7,
    streamed: true,
    sampled: false,
    usage: { inputTokens: 150, outputTokens: 50, cacheReadTokens: 100, reasoningTokens: 20 },
    cost: { nanoDollars: 6_000_000, source: 'provider' },
    finishReason: 'stop',
    agentName: 'agent_abc123',
    service: 'chat-api',
    environment: 'prod',
    region: 'eu-west-1',
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    userId: 'hash of user-1',
    conversationId: 'hash of conversation-1',
    tags: { feature: 'search', tries: 2, provider_id: 'ip_openai-001' },
  })
  expect(discarded).toEqual(['tags'])
})

test('what the sender does not say is unknown, not zero', async () => {
  const { url, intake } = await receiving()
  const { cost_micros, agent_id, provider_id, ...rest } = completed
  await post(url, rest)
  expect(intake.events[0]?.operations[0]?.cost).toBeUndefined()
  await post(url, { ...rest, event_id: 'free', cost_micros: 0 })
  expect(intake.events[1]?.operations[0]?.cost).toMatchObject({ nanoDollars: 0 })
})

test('events come one by one, as a list, or one a line; gzipped too', async () => {
  const { url, intake } = await receiving()
  const lines = `${JSON.stringify(completed)}\r\n\n${JSON.stringify(failed)}`
  const ndjson = { 'content-type': 'application/x-ndjson' }
  const gzipped = { ...ndjson, 'content-encoding': 'gzip' }
  const both = { status: 'accepted', accepted: 2, duplicates: 0 }
  const duplicates = { status: 'duplicate', accepted: 0, duplicates: 2 }

  expect(await post(url, [completed, failed])).toEqual([202, both])
  expect(await post(url, lines, ndjson)).toEqual([200, duplicates])
  expect(await post(url, gzipSync(lines), gzipped)).toEqual([200, duplicates])
  expect(await post(url, [{ ...completed, event_id: 'new' }, failed])).toEqual([
    202,
    { status: 'accepted', accepted: 1, duplicates: 1 },
  ])
  expect(await post(url, failed)).toEqual([200, { event_id: 'evt_2', status: 'duplicate', accepted: 0, duplicates: 1 }])
  expect(await post(url, [])).toEqual([202, { status: 'accepted', accepted: 0, duplicates: 0 }])
  expect(intake.events.map(({ operations }) => operations.length)).toEqual([2, 2, 2, 2, 1, 0])
  expect(intake.events[2]?.received).toEqual({
    contentType: 'application/x-ndjson',
    contentEncoding: 'gzip',
    bytes: gzipSync(lines),
  })
})

test('names of events as the library writes them to its own disk are known too', async () => {
  const { url, intake } = await receiving()
  await post(url, [
    { ...completed, event_type: 'LlmRequestCompleted' },
    { ...failed, event_type: 'LlmRequestFailed', error_code: 503 },
  ])
  expect(intake.events[0]?.operations.map(({ error }) => error?.type)).toEqual([undefined, '503'])
})

test('a wrong field is named, with what was got and what is allowed', async () => {
  const { url, intake, outcomes } = await receiving()
  const f = async (change: object, field: string, got: string, allowed: string | RegExp) => {
    const [status, answer] = await post(url, { ...completed, ...change })
    const expected = { index: 0, field, got, allowed: expect.stringMatching(allowed) }
    expect(answer.error).toMatchObject({ code: 'VALIDATION_ERROR', details: expected })
    expect(status).toBe(400)
    expect(answer.error.message).toBe(
      `event 0: ${field} must be ${answer.error.details.allowed}; got ${answer.error.details.got}`,
    )
  }
  await f({ input_tokens: undefined }, 'input_tokens', 'nothing', /^a number$/)
  await f({ input_tokens: -1 }, 'input_tokens', 'the number -1', /^at least 0$/)
  await f({ output_tokens: 1.5 }, 'output_tokens', 'the number 1.5', /^a whole number$/)
  await f({ output_tokens: '50' }, 'output_tokens', '"50"', /^a number$/)
  await f({ output_tokens: 1e13 }, 'output_tokens', 'the number 10000000000000', /^at most 1000000000000$/)
  await f({ cost_micros: 0.5 }, 'cost_micros', 'the number 0.5', /^a whole number$/)
  await f({ event_id: '' }, 'event_id', '""', /^at least 1 character$/)
  await f({ event_id: 5 }, 'event_id', 'the number 5', /^a string$/)
  await f({ model: 'm'.repeat(300) }, 'model', 'a text of 300 characters', /^at most 256 characters$/)
  await f({ timestamp_ms: 'now' }, 'timestamp_ms', '"now"', /^a number$/)
  await f({ timestamp_ms: 9e15 }, 'timestamp_ms', 'the number 9000000000000000', /^at most 9000000000000$/)
  await f({ event_type: 'router_started' }, 'event_type', '"router_started"', /^one of llm_request_completed, llm_/)
  await f({ event_type: undefined }, 'event_type', 'nothing', /^one of llm_request_completed, llm_request_failed$/)
  await f({ trace_id: 'XYZ' }, 'trace_id', '"XYZ"', /^a text that matches/)
  await f({ tags: { a: ['b'] } }, 'tags.a', 'a list', /^a string, a number or a boolean$/)
  await f({ ic_token: 5 }, 'ic_token', 'the number 5', /^a string$/)
  await f({ cost_micro: 5 }, 'cost_micro', 'an unknown field', /^one of event_id, timestamp_ms.*cost_micros/)
  await f({ prompt: 'hello' }, 'prompt', 'an unknown field', /^one of event_id/)
  expect(intake.events).toEqual([])
  expect(new Set(outcomes.map(({ outcome, reason }) => `${outcome} ${reason}`))).toEqual(new Set(['rejected invalid']))
})

test('of a list the wrong event is named by its index, all wrong ones are told, and nothing is taken', async () => {
  const { url, intake, outcomes } = await receiving()
  const wrong = { ...failed, timestamp_ms: null }
  const [status, { error }] = await post(url, [completed, wrong, 'text', { ...completed, model: 7 }])
  expect([
    status,
    error.errors.map(({ index, field, got }: { [name: string]: unknown }) => [index, field, got]),
  ]).toEqual([
    400,
    [
      [1, 'timestamp_ms', 'null'],
      [2, '', '"text"'],
      [3, 'model', 'the number 7'],
    ],
  ])
  expect(intake.events).toEqual([])
  const [, many] = await post(url, Array(100).fill({}))
  expect(many.error.errors).toHaveLength(20)
  expect(outcomes.map(({ outcome, items }) => [outcome, items])).toEqual([
    ['rejected', 4],
    ['rejected', 100],
  ])
})

test('what is said of a wrong value repeats no secret', async () => {
  const { url } = await receiving()
  const secrets = ['ic_secret_of_the_sender', 'sk-0123456789abcdefghij', 'somebody@example.com']
  const [, answer] = await post(url, {
    ...completed,
    ic_token: [secrets[0]],
    tags: { secret: { secrets } },
    cost_micros: secrets[1],
    input_tokens: secrets[2],
  })
  expect(answer.error.errors).toHaveLength(4)
  for (const secret of secrets) expect(JSON.stringify(answer)).not.toContain(secret)
})

test('a body that is no JSON is refused with the line that is wrong, and not repeated', async () => {
  const { url } = await receiving()
  const ndjson = { 'content-type': 'application/x-ndjson' }
  const error = (message: string) => [400, { error: { code: 'VALIDATION_ERROR', message } }]
  expect(await post(url, '{"event_id": secret')).toEqual(error('the body is not valid JSON'))
  expect(await post(url, `${JSON.stringify(failed)}\n{"secret`, ndjson)).toEqual(error('line 2 is not valid JSON'))
  expect(await post(url, Buffer.from([0x22, 0xff, 0x22]))).toEqual(error('the body is not valid UTF-8'))
  expect(await post(url, '')).toEqual(error('the body is not valid JSON'))
})

test('the number of events in a request is bounded, in lines before they are read', async () => {
  const { url, intake } = await receiving({ eventsLimit: 2 })
  const message = 'there must be at most 2 events in one request'
  const tooMany = [400, { error: { code: 'VALIDATION_ERROR', message } }]
  const list = [1, 2, 3].map((id) => ({ ...failed, event_id: `${id}` }))
  expect(await post(url, list)).toEqual(tooMany)
  const lines = `${list.map((event) => JSON.stringify(event)).join('\n')}\nno JSON`
  expect(await post(url, lines, { 'content-type': 'application/x-ndjson' })).toEqual(tooMany)
  expect((await post(url, list.slice(1)))[0]).toBe(202)
  expect(intake.events).toHaveLength(1)
})

test('other content types, sizes and refusals are told in the form of this interface', async () => {
  const { url, intake } = await receiving()
  expect((await post(url, '{}', { 'content-type': 'application/x-protobuf' }))[1].error.code).toBe(
    'UNSUPPORTED_MEDIA_TYPE',
  )
  expect((await post(url, ' '.repeat(1024 * 1024 + 1)))[1].error.code).toBe('TOO_LARGE')
  intake.instead = () =>
    Promise.reject(new Refused('the queue is full', { reason: 'queue_full', retryAfterSeconds: 7 }))
  const refused = await send(url, { path: EVENTS_PATH, headers: json, body: JSON.stringify(completed) })
  expect([refused.headers['retry-after'], ...answerOf(refused)]).toEqual([
    '7',
    503,
    { error: { code: 'UNAVAILABLE', message: 'the queue is full' } },
  ])
})
