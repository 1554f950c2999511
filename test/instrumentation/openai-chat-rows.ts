/** What programs do with `chat.completions.create` of an openai client, and what must be counted. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Any } from './client-under-test.js'
import type { Row, Scene } from './compatibility.js'

const MESSAGES = [{ role: 'user', content: 'Say something.' }]
export const PARAMETERS = { model: 'gpt-test', messages: MESSAGES }
const WITH_USAGE = { ...PARAMETERS, stream: true, stream_options: { include_usage: true } }
const STREAM = { ...PARAMETERS, stream: true }

export const USAGE = { inputTokens: 11, outputTokens: 7, cacheReadTokens: 4, reasoningTokens: 3 }
export const BEGUN = { operation: 'chat', provider: 'openai', requestModel: 'gpt-test', serverAddress: '127.0.0.1' }
export const ANSWERED = {
  ...BEGUN,
  responseModel: 'gpt-test',
  responseId: 'chatcmpl-emulated',
  serviceTier: 'default',
  finishReason: 'stop',
  error: undefined,
  usage: USAGE,
}
const WHOLE = { ...ANSWERED, streamed: false, retries: undefined }
const STREAMED = { ...ANSWERED, streamed: true, outputChunks: 5 }
const UNUSED = { usage: undefined, finishReason: undefined }
export const failed = (type: string, code?: string) => ({
  error: expect.objectContaining(code ? { type, code } : { type }),
})

/** Whether request options may be a promise: told by the version, since it cannot be tried. */
function takesLaterOptions({ client }: Scene): boolean {
  const [, major, minor] = /JS (\d+)\.(\d+)/.exec(client.getUserAgent()) ?? []
  return Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 57)
}

const create = ({ client }: Scene, parameters: Any, options?: object): Any =>
  client.chat.completions.create(parameters, options)

export async function all(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const received: unknown[] = []
  for await (const event of events) received.push(event)
  return received
}

/** Reads `count` events, then does something. */
export async function some(events: AsyncIterable<unknown>, count: number, then: () => unknown): Promise<unknown[]> {
  const received: unknown[] = []
  for await (const event of events) {
    received.push(event)
    if (received.length === count && then() === 'break') break
  }
  return received
}

export const CHAT_ROWS: readonly Row[] = [
  { name: 'an answer', run: (scene) => create(scene, PARAMETERS), operations: [WHOLE] },
  {
    name: 'parameters that are frozen through and through, and remain as they are',
    async run(scene) {
      const parameters = structuredClone(PARAMETERS)
      for (const part of [parameters, parameters.messages, ...parameters.messages]) Object.freeze(part)
      await create(scene, parameters)
      return parameters
    },
    operations: [WHOLE],
  },
  {
    name: 'the promise: its classes, its properties, what it can do',
    async run(scene) {
      const promise = create(scene, PARAMETERS)
      const own = { keys: Object.keys(promise), isPromise: promise instanceof Promise, tag: String(promise) }
      const classes = []
      for (let next = Object.getPrototypeOf(promise); next !== null; next = Object.getPrototypeOf(next)) {
        classes.push([next.constructor.name, Object.getOwnPropertyNames(next).sort()])
      }
      const first = await promise
      return { ...own, classes, isSameValue: first === (await promise), isResponse: (await promise.asResponse()).ok }
    },
    operations: [WHOLE],
  },
  {
    name: 'create itself: its name, its length, its place',
    run({ client }) {
      const { create } = client.chat.completions
      const prototype = Object.getPrototypeOf(client.chat.completions)
      const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, 'create') ?? {}
      const keys = [...Object.keys(client.chat.completions), ...Object.getOwnPropertyNames(prototype).sort()]
      return { name: create.name, length: create.length, writable, enumerable, configurable, keys }
    },
    operations: [],
  },
  {
    name: 'withResponse()',
    async run(scene) {
      const { data, response, ...rest } = await create(scene, PARAMETERS).withResponse()
      return { data, status: response.status, rest }
    },
    operations: [WHOLE],
  },
  {
    name: 'asResponse(): the body is the caller’s to read',
    async run(scene) {
      const response = await create(scene, PARAMETERS).asResponse()
      await delay(20)
      return [response.status, response.bodyUsed, await response.json()]
    },
    operations: [{ ...BEGUN, ...UNUSED, error: undefined }],
  },
  {
    name: 'asResponse(), and then the answer all the same',
    async run(scene) {
      const promise = create(scene, PARAMETERS)
      const { status } = await promise.asResponse()
      return [status, await promise]
    },
    operations: [WHOLE],
  },
  {
    name: 'then, catch and finally',
    async run(scene) {
      const calls: string[] = []
      await create(scene, PARAMETERS).finally(() => calls.push('finally'))
      await create(scene, PARAMETERS, scene.emulate({ status: 400 })).catch(() => calls.push('catch'))
      await create(scene, PARAMETERS).then(() => calls.push('then'))
      return calls
    },
    operations: [WHOLE, { ...BEGUN, ...failed('BadRequestError', '400') }, WHOLE],
  },
  ...[400, 401, 403, 404, 409, 422, 429, 500].map(
    (status): Row => ({
      name: `an error ${status}`,
      run: (scene) => create(scene, PARAMETERS, scene.emulate({ status }, { maxRetries: 0 })),
      operations: [
        { ...BEGUN, ...UNUSED, error: expect.objectContaining({ code: String(status) }), retries: undefined },
      ],
    }),
  ),
  {
    name: 'an error after retries',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ status: 503, retryAfter: 0.01 }, { maxRetries: 1 })),
    operations: [{ ...BEGUN, ...failed('InternalServerError', '503'), retries: 1 }],
  },
  {
    name: 'retries that succeed',
    run: (scene) =>
      create(
        scene,
        PARAMETERS,
        scene.emulate({ status: 429, failures: 2, retryAfter: 0.01, id: `retries ${Math.random()}` }),
      ),
    operations: [{ ...WHOLE, retries: 2 }],
  },
  {
    name: 'options of the caller’s, which remain as they are, and are used again',
    async run(scene) {
      const id = `options ${Math.random()}`
      const options = Object.freeze(scene.emulate({ status: 503, failures: 1, retryAfter: 0.01, id }))
      const calls = [create(scene, PARAMETERS, options), create(scene, PARAMETERS, options)]
      return { answers: await Promise.all(calls), keys: Reflect.ownKeys(options) }
    },
    operations: [WHOLE, WHOLE].map(({ retries: _, ...rest }) => rest),
    check: (operations) => expect(operations.map(({ retries = 0 }) => retries).sort()).toEqual([0, 1]),
  },
  {
    name: 'options that come later, retried',
    needs: (scene) => takesLaterOptions(scene),
    run: (scene) =>
      create(
        scene,
        PARAMETERS,
        Promise.resolve(scene.emulate({ status: 503, failures: 1, retryAfter: 0.01, id: `later ${Math.random()}` })),
      ),
    operations: [{ ...WHOLE, retries: 1 }],
  },
  {
    name: 'what the client writes to its log',
    needs: ({ client }) => client.logLevel !== undefined,
    async run(scene) {
      const written: unknown[] = []
      const write = (line: string, details?: Any) => {
        written.push([line.replace(/log_\w+|\d+ms|:\d+/g, '…'), details?.options && Reflect.ownKeys(details.options)])
      }
      const logger = { error: write, warn: write, info: write, debug: write }
      const client = scene.client.withOptions({ logger, logLevel: 'debug' })
      const options = scene.emulate({ status: 503, failures: 1, retryAfter: 0.01, id: `log ${Math.random()}` })
      await create({ ...scene, client }, PARAMETERS, options)
      return written.map((line) =>
        JSON.stringify(line, (_, value) => (typeof value === 'symbol' ? String(value) : value)),
      )
    },
    operations: [{ ...WHOLE, retries: 1 }],
  },
  {
    name: 'a connection that is reset, and no retry',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ reset: true }, { maxRetries: 0 })),
    operations: [{ ...BEGUN, ...UNUSED, ...failed('APIConnectionError') }],
  },
  {
    name: 'a connection that is reset, and a retry',
    run: (scene) =>
      create(scene, PARAMETERS, scene.emulate({ reset: true, failures: 1, id: `reset ${Math.random()}` })),
    operations: [{ ...WHOLE, retries: 1 }],
  },
  {
    name: 'a timeout',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ hang: true }, { timeout: 60, maxRetries: 0 })),
    operations: [{ ...BEGUN, ...UNUSED, ...failed('APIConnectionTimeoutError') }],
    check: ([operation]) => expect(operation?.durationMs).toBeGreaterThan(50),
  },
  {
    name: 'an abort before the call',
    run: (scene) => create(scene, PARAMETERS, { signal: AbortSignal.abort() }),
    operations: [{ ...BEGUN, ...UNUSED, ...failed('APIUserAbortError') }],
  },
  {
    name: 'an abort while waiting for the answer',
    run(scene) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 30)
      return create(scene, PARAMETERS, scene.emulate({ hang: true }, { signal: controller.signal }))
    },
    operations: [{ ...BEGUN, ...UNUSED, ...failed('APIUserAbortError') }],
  },
  {
    name: 'a body that breaks off',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ cutAfterChunks: 1 }, { maxRetries: 0 })),
    operations: [{ ...BEGUN, ...UNUSED, error: expect.objectContaining({ type: expect.any(String) }) }],
  },
  {
    name: 'an answer that is no JSON',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ notJson: true })),
    operations: [{ ...BEGUN, ...UNUSED, error: undefined }],
  },
  {
    name: 'an answer without usage',
    run: (scene) => create(scene, PARAMETERS, scene.emulate({ noUsage: true })),
    operations: [{ ...WHOLE, usage: undefined }],
  },
  {
    name: 'an option the client refuses',
    run: (scene) => create(scene, PARAMETERS, { timeout: -1 }),
    operations: [{ ...BEGUN, error: expect.anything() }],
  },
  {
    name: 'no parameters at all',
    run(scene) {
      const calls: string[] = []
      try {
        return create(scene, undefined, { maxRetries: 0 }).catch((error: Error) => [...calls, 'rejects', error.message])
      } catch (error) {
        return ['throws', (error as Error).message]
      }
    },
    operations: [{ operation: 'chat', requestModel: undefined, error: expect.anything() }],
  },
  {
    name: 'a failure nobody handles',
    async run(scene) {
      create(scene, PARAMETERS, scene.emulate({ status: 400 }))
      await delay(100)
    },
    operations: [{ ...BEGUN, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'a failure handled late, as by Promise.all',
    async run(scene) {
      const failing = create(scene, PARAMETERS, scene.emulate({ status: 400 }))
      await Promise.all([failing, delay(50)])
    },
    operations: [{ ...BEGUN, ...failed('BadRequestError', '400') }],
  },
  {
    name: 'a cost the provider tells',
    run: (scene) =>
      create(scene, PARAMETERS, scene.emulate({ usage: { prompt_tokens: 5, completion_tokens: 6, cost: 0.00123 } })),
    operations: [
      { ...WHOLE, usage: { inputTokens: 5, outputTokens: 6 }, cost: { nanoDollars: 1_230_000, source: 'provider' } },
    ],
  },
  {
    name: 'a stream',
    run: async (scene) => all(await create(scene, WITH_USAGE, scene.emulate({ chunks: 5 }))),
    operations: [STREAMED],
  },
  {
    name: 'a stream whose usage nobody asked for',
    run: async (scene) => all(await create(scene, STREAM, scene.emulate({ chunks: 5 }))),
    operations: [{ ...STREAMED, usage: undefined }],
  },
  {
    name: 'the times of a slow stream',
    run: async (scene) =>
      all(await create(scene, WITH_USAGE, scene.emulate({ chunks: 4, delayMs: 60, chunkDelayMs: 30 }))),
    operations: [{ ...STREAMED, outputChunks: 4 }],
    check([operation]) {
      const gaps = operation?.outputChunkGaps ?? []
      expect(operation?.timeToFirstChunkMs).toBeGreaterThan(80)
      expect(operation?.durationMs).toBeGreaterThan(170)
      const pairs = gaps.flatMap((ms, index) => (index % 2 === 0 ? [[ms, gaps[index + 1] ?? 0] as const] : []))
      expect(pairs.reduce((sum, [, count]) => sum + count, 0)).toBe(3)
      expect(pairs.reduce((sum, [ms, count]) => sum + ms * count, 0)).toBeGreaterThan(30)
    },
  },
  {
    name: 'a stream that calls a tool',
    run: async (scene) =>
      all(await create(scene, WITH_USAGE, scene.emulate({ toolCall: { name: 'look', arguments: '{"at":"it"}' } }))),
    operations: [{ ...ANSWERED, streamed: true, finishReason: 'tool_calls' }],
    check: ([operation]) => expect(operation?.outputChunks).toBeGreaterThan(0),
  },
]

export { create, STREAM, STREAMED, UNUSED, WHOLE, WITH_USAGE }
