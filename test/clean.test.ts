import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CleanOperation, createCleaner, identified, NAME_LIMIT, TAG_LIMIT, uuidv7 } from '../src/clean.js'

const RECORDED_AT = Date.UTC(2026, 10, 22)

/** A cleaner, and the fields it left out. */
function cleaner(hashIdentity = (identity: string) => `hash of ${identity}`) {
  const discarded: string[] = []
  const clean = createCleaner({ hashIdentity, onDiscard: (field) => discarded.push(field) })
  return {
    discarded,
    clean: (operation: unknown) => clean(operation, RECORDED_AT),
    /** Cleans a chat with these fields, and expects it to be an operation. */
    chat(fields: object): CleanOperation {
      const cleaned = clean({ operation: 'chat', ...fields }, RECORDED_AT)
      if (cleaned === undefined) throw new Error('not an operation')
      return cleaned
    },
  }
}

test('a whole operation comes out as it went in', () => {
  const operation = {
    id: 'my-id',
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    responseModel: 'gpt-4o-2024-08-06',
    startTime: 1_700_000_000_000.5,
    durationMs: 1234.5,
    timeToFirstChunkMs: 0,
    outputChunks: 7,
    outputChunkGaps: [12.5, 6],
    streamed: true,
    usage: {
      inputTokens: 100,
      outputTokens: 0,
      cacheReadTokens: 5,
      cacheWriteTokens: 6,
      cacheWrite1hTokens: 1,
      reasoningTokens: 0,
      inputByModality: { text: 90, audio: 10 },
      outputByModality: { text: 0 },
      cacheReadByModality: { text: 5 },
    },
    cost: { nanoDollars: 123, source: 'catalogue', version: 'v1' },
    error: { type: 'TimeoutError', code: '408', message: 'too late' },
    finishReason: 'stop',
    toolName: 'search',
    toolType: 'function',
    agentName: 'planner',
    workflowName: 'nightly',
    inferenceCalls: 3,
    toolCalls: 0,
    serverAddress: 'api.openai.com',
    serverPort: 443,
    retries: 1,
    serviceTier: 'flex',
    responseId: 'resp_1',
    service: 'api',
    environment: 'prod',
    region: 'eu',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    sampled: true,
    conversationId: 'c',
    userId: 'u',
    tags: { tenant: 'acme', plan: 3, trial: false },
  }
  const { chat, discarded } = cleaner((identity) => identity)
  expect(chat(operation)).toEqual(operation)
  expect(discarded).toEqual([])
})

test('a number that cannot be true is unknown, and counted', () => {
  const f = (value: unknown, field: string, kept?: number) => {
    const { chat, discarded } = cleaner()
    expect((chat({ [field]: value }) as { [field: string]: unknown })[field]).toBe(kept)
    expect(discarded).toEqual(kept === undefined ? [field] : [])
  }
  for (const field of ['durationMs', 'timeToFirstChunkMs', 'outputChunks', 'retries', 'inferenceCalls', 'toolCalls']) {
    for (const wrong of [Number.NaN, -1, -0.5, Infinity, -Infinity, 1e300, '5', true, {}, [], 5n]) f(wrong, field)
    f(0, field, 0)
  }
  f(1.5, 'durationMs', 1.5)
  f(1e10, 'durationMs', 1e10)
  f(1e10 + 1, 'durationMs')
  for (const field of ['outputChunks', 'retries', 'inferenceCalls']) f(1.5, field) // no half chunks
  f(Number.NaN, 'serverPort')
})

test('a token count that cannot be true is unknown, and counted, and the others stand', () => {
  for (const wrong of [Number.NaN, -1, Infinity, 1e13, 10.5, '10', {}, true]) {
    const { chat, discarded } = cleaner()
    const { usage } = chat({ usage: { inputTokens: wrong, outputTokens: 10 } })
    expect(usage?.inputTokens).toBeUndefined()
    expect(usage?.outputTokens).toBe(10)
    expect(discarded).toEqual(['usage.inputTokens'])
  }
  const { chat, discarded } = cleaner()
  // Without any total there is no usage; nothing at all is no defect.
  expect(chat({ usage: { inputTokens: Number.NaN } }).usage).toBeUndefined()
  expect(chat({ usage: {} }).usage).toBeUndefined()
  expect(chat({ usage: null }).usage).toBeUndefined()
  expect(chat({ usage: { inputTokens: null, outputTokens: undefined } }).usage).toBeUndefined()
  expect(chat({ usage: { inputTokens: 1, inputByModality: { text: -1 } } }).usage).toMatchObject({ inputTokens: 1 })
  expect(chat({ usage: 'many' }).usage).toBeUndefined()
  expect(discarded).toEqual(['usage.inputTokens', 'usage.inputByModality', 'usage'])
})

test('a cost is whole nano-dollars, or unknown', () => {
  const f = (cost: unknown, nanoDollars: number | undefined, source?: string) => {
    const { chat } = cleaner()
    expect([chat({ cost }).cost?.nanoDollars, chat({ cost }).cost?.source]).toEqual([nanoDollars, source])
  }
  f({ nanoDollars: 5, source: 'provider' }, 5, 'provider')
  f({ nanoDollars: 5, source: 'override' }, 5, 'override')
  f({ nanoDollars: 5 }, 5, 'provider')
  f({ nanoDollars: 0, source: 'catalogue' }, 0, 'catalogue')
  for (const wrong of [-1, 0.5, Number.NaN, Infinity, 2 ** 53, '5']) f({ nanoDollars: wrong }, undefined)
  f('free', undefined)
  f({}, undefined)
})

test('the time an operation began is its own, else what its duration tells, and always one that can be written down', () => {
  const { chat } = cleaner()
  expect(chat({ startTime: 5 }).startTime).toBe(5)
  expect(chat({}).startTime).toBe(RECORDED_AT)
  expect(chat({ durationMs: 500 }).startTime).toBe(RECORDED_AT - 500)
  for (const startTime of [Number.NaN, -1, Infinity, '2026', new Date(0)])
    expect(chat({ startTime, durationMs: 500 }).startTime).toBe(RECORDED_AT - 500)
  // Microseconds or nanoseconds taken for milliseconds: beyond what 64 bits of nanoseconds hold, which is how OTLP writes a time.
  for (const startTime of [RECORDED_AT * 1e3, RECORDED_AT * 1e6, Number.MAX_SAFE_INTEGER])
    expect(chat({ startTime, durationMs: 500 }).startTime).toBe(RECORDED_AT - 500)
})

test('a name holds nothing that breaks a line, and is cut', () => {
  const f = (text: string, cleaned: string | undefined) =>
    expect(cleaner().chat({ requestModel: text }).requestModel).toBe(cleaned)
  f('', undefined)
  f('gpt-4o', 'gpt-4o')
  f('say "hi" \\ {a="b"}', 'say "hi" \\ {a="b"}')
  f('a\nb\r\tc\0d', 'a\ufffdb\ufffd\ufffdc\ufffdd')
  f('a\u2028b\u2029c\u0085d', 'a\ufffdb\ufffdc\ufffdd')
  f('lone \ud83d and \ude00', 'lone \ufffd and \ufffd')
  f('whole 😀 日本', 'whole 😀 日本')
  f('x'.repeat(10_240), 'x'.repeat(NAME_LIMIT))
  f(`${'x'.repeat(NAME_LIMIT - 1)}😀`, `${'x'.repeat(NAME_LIMIT - 1)}\ufffd`)
  // A name seen before comes out the same.
  const { chat } = cleaner()
  expect([chat({ provider: 'a\nb' }).provider, chat({ provider: 'a\nb' }).provider]).toEqual(['a\ufffdb', 'a\ufffdb'])
})

test('a name that is no text is left out and counted', () => {
  const { chat, clean, discarded } = cleaner()
  expect(
    chat({ requestModel: { id: 'gpt' }, provider: 5, finishReason: ['stop'], toolName: null }).requestModel,
  ).toBeUndefined()
  expect(discarded).toEqual(['provider', 'requestModel', 'finishReason'])
  expect(clean({ operation: 5 })?.operation).toBe('_OTHER')
  expect(clean({})?.operation).toBe('_OTHER')
})

test('an error keeps a type of few values, a code and a message that is redacted', () => {
  const f = (error: unknown, type: string | undefined, code?: string, message?: string) => {
    const cleaned = cleaner().chat({ error }).error
    expect(cleaned && [cleaned.type, cleaned.code, cleaned.message]).toEqual(type && [type, code, message])
  }
  f(undefined, undefined)
  f(null, undefined)
  f(
    { type: 'APIError', code: 500, message: 'for bob@example.com\nfailed' },
    'APIError',
    '500',
    'for [EMAIL]\ufffdfailed',
  )
  f({}, '_OTHER')
  f('timeout', 'timeout')
  f({ type: 5, message: 5 }, '_OTHER')
  f({ type: 'x', message: 'm'.repeat(3000) }, 'x', undefined, 'm'.repeat(1000))
})

test('tags keep what is plain, and nothing that names a person or a secret', () => {
  const { chat, discarded } = cleaner()
  const circular: { [key: string]: unknown } = { tenant: 'acme' }
  circular['self'] = circular
  circular['list'] = [circular]
  circular['email'] = 'bob@example.com'
  circular['user.name'] = 'Bob'
  circular['when'] = new Date(0)
  circular['big'] = 10n
  circular['nan'] = Number.NaN
  circular['fn'] = () => 1
  circular['none'] = undefined
  circular['nothing'] = null
  circular['note'] = 'ask bob@example.com\u2028or not'
  circular['plan'] = -1.5
  circular['trial'] = true
  expect(chat({ tags: circular }).tags).toEqual({
    tenant: 'acme',
    note: 'ask [EMAIL]\ufffdor not',
    plan: -1.5,
    trial: true,
  })
  expect(discarded).toEqual(Array(8).fill('tags'))
  expect(chat({ tags: 'tags' }).tags).toBeUndefined()
  expect(chat({ tags: {} }).tags).toBeUndefined()
  // A key called __proto__ is a key like any other.
  const hostile = chat({ tags: JSON.parse('{"__proto__": "x", "constructor": "y"}') }).tags!
  expect(Object.entries(hostile)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

test('tags are bounded in number and length', () => {
  const { chat, discarded } = cleaner()
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`tag${index}`, 'x'.repeat(5000)]))
  const { tags } = chat({ tags: many })
  expect(Object.keys(tags!)).toHaveLength(TAG_LIMIT)
  expect(tags!['tag0']).toHaveLength(1000)
  expect(discarded).toHaveLength(50 - TAG_LIMIT)
  expect(Object.keys(chat({ tags: { ['k'.repeat(9999)]: 1 } }).tags!)[0]).toHaveLength(NAME_LIMIT)
})

test('identities are hashed, whatever they are made of, and what is none is left out', () => {
  const { chat, discarded } = cleaner()
  expect(chat({ userId: 'u1', conversationId: 7 })).toMatchObject({ userId: 'hash of u1', conversationId: 'hash of 7' })
  expect(chat({ userId: '', conversationId: null })).toMatchObject({ userId: undefined, conversationId: undefined })
  expect(chat({ userId: { id: 1 } }).userId).toBeUndefined()
  expect(discarded).toEqual(['userId'])
})

test('an id is kept, else made of trace and span, else a new UUID of the time the operation began', () => {
  const { chat } = cleaner()
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const spanId = 'b7ad6b7169203331'
  expect(chat({ id: 'mine', traceId, spanId }).id).toBe('mine')
  expect(chat({ traceId, spanId }).id).toBe(`${traceId}-${spanId}`)
  expect(identified(chat({ traceId })).id).toMatch(/^[0-9a-f-]{36}$/)
  expect(chat({ traceId: traceId.toUpperCase(), spanId: 'xyz' })).toMatchObject({
    traceId: undefined,
    spanId: undefined,
  })
  expect(identified(chat({ startTime: 1_700_000_000_000 })).id.slice(0, 13)).toBe('018bcfe5-6800')
  expect(identified(chat({ id: 'mine' })).id).toBe('mine')
})

test('gaps between chunks that cannot be true are left out, and groups are bounded', () => {
  const { chat, discarded } = cleaner()
  const gaps = [5, 2, -1, 1, 1, 0.5, null, 'x', Number.NaN, 1]
  expect(chat({ outputChunkGaps: gaps }).outputChunkGaps).toEqual([5, 2])
  expect(discarded).toEqual(Array(4).fill('outputChunkGaps'))
  expect(chat({ outputChunkGaps: Array(80).fill(1) }).outputChunkGaps).toHaveLength(64)
  expect(chat({ outputChunkGaps: 'x' }).outputChunkGaps).toBeUndefined()
})

test('what is no operation, or cannot be read, is none', () => {
  const { clean } = cleaner()
  for (const nothing of [undefined, null, 5, 'chat', true, Symbol('x'), () => {}])
    expect(clean(nothing)).toBeUndefined()
  const throwing = {
    operation: 'chat',
    get requestModel() {
      throw new Error('no')
    },
  }
  expect(clean(throwing)).toBeUndefined()
  const proxy = new Proxy(
    {},
    {
      get() {
        throw new Error('no')
      },
    },
  )
  expect(clean(proxy)).toBeUndefined()
})

test('nothing whatsoever makes the cleaner throw, and what it lets through can be relied on', () => {
  const { clean } = cleaner()
  const anything = fc.anything({ maxDepth: 1, maxKeys: 3 })
  const keyed = (...keys: string[]) => fc.anything({ maxDepth: 1, maxKeys: 3, key: fc.constantFrom(...keys) })
  const operation = fc.record(
    {
      operation: anything,
      provider: anything,
      requestModel: fc.string({ unit: fc.constantFrom('a', '"', '\n', '\0', '\u2028', '\ud83d', '\ude00', '😀') }),
      startTime: anything,
      durationMs: fc.oneof(fc.double(), anything),
      usage: keyed('inputTokens', 'outputTokens', 'inputByModality', 'text'),
      cost: keyed('nanoDollars', 'source'),
      error: keyed('type', 'code', 'message'),
      tags: anything,
      outputChunkGaps: anything,
      userId: anything,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(operation, (given) => {
      const cleaned = clean(given)
      expect(cleaned).toBeDefined()
      const { id, startTime, durationMs = 0, usage, cost, requestModel = '' } = identified(cleaned!)
      expect(id.length).toBeGreaterThan(0)
      for (const number of [startTime, durationMs, usage?.inputTokens ?? 0, cost?.nanoDollars ?? 0])
        expect(Number.isFinite(number) && number >= 0).toBe(true)
      expect(requestModel).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u)
    }),
    { numRuns: 100 },
  )
})

test('UUIDs of version 7 are well-formed, ordered by time and unique', () => {
  const ids = Array.from({ length: 2000 }, () => uuidv7(1_700_000_000_000.9))
  const form = /^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  expect(ids.filter((id) => !form.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(2000)
  expect(uuidv7(5) < uuidv7(6)).toBe(true)
  expect(uuidv7(0)).toMatch(/^00000000-0000-7/)
  expect(uuidv7(2 ** 50)).toMatch(/^ffffffff-ffff-7/)
  for (const variant of ['8', '9', 'a', 'b']) expect(ids.some((id) => id[19] === variant)).toBe(true)
})
