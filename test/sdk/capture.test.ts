import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import type { Operation } from '../../src/operation.js'
import {
  type Capture,
  createCapture,
  measureWith,
  NO_HANDLE,
  type OperationEnd,
  type OperationHandle,
  type OperationStart,
} from '../../src/sdk/capture.js'

const chat: OperationStart = { operation: 'chat', provider: 'openai', requestModel: 'gpt-4o' }

function capture(): Capture & { recorded: Operation[] } {
  const recorded: Operation[] = []
  const made = createCapture({ record: (operation) => recorded.push(operation), beginSpan: () => undefined })
  return Object.assign(Object.create(made), { recorded }) as Capture & { recorded: Operation[] }
}

/** The one operation that `use` of a handle makes. */
function operationOf(use: (handle: OperationHandle) => void, start: OperationStart = chat): Operation {
  const { begin, recorded } = capture()
  use(begin(start))
  expect(recorded).toHaveLength(1)
  return recorded[0]!
}

test('whatever comes first makes the one operation, and what comes after is ignored', () => {
  const f = (use: (handle: OperationHandle) => void, errorType: string | undefined) =>
    expect(operationOf(use).error?.type).toBe(errorType)
  f((handle) => handle.end(), undefined)
  f((handle) => handle.fail(new TypeError('no')), 'TypeError')
  f((handle) => {
    handle.end()
    handle.fail(new TypeError('too late'))
    handle.end({ finishReason: 'stop' })
    handle.chunk()
  }, undefined)
  f((handle) => {
    handle.fail(new RangeError('no'))
    handle.end()
  }, 'RangeError')
})

test('an operation holds what was given at its begin, and over it what was given at its end', () => {
  const usage = { inputTokens: 10, outputTokens: 2 }
  const operation = operationOf((handle) => {
    expect(handle.ended).toBe(false)
    handle.end({ responseModel: 'gpt-4o-2024', requestModel: 'other', usage, finishReason: 'stop' })
    expect(handle.ended).toBe(true)
  })
  expect(operation).toMatchObject({ ...chat, requestModel: 'other', responseModel: 'gpt-4o-2024', usage })
  expect(operation.durationMs).toBeGreaterThanOrEqual(0)
  expect(operation.error).toBeUndefined()
  expect(operation.outputChunks).toBeUndefined()
})

test('a failed operation keeps what it used', () => {
  const operation = operationOf((handle) =>
    handle.fail({ name: 'APIError', status: 429 }, { usage: { inputTokens: 5 } }),
  )
  expect(operation.error).toEqual({ type: 'APIError', code: '429', message: undefined })
  expect(operation.usage).toEqual({ inputTokens: 5 })
})

/** How many gaps: the second of each pair. */
const gapsIn = ({ outputChunkGaps = [] }: Operation) =>
  outputChunkGaps.reduce((sum, count, index) => (index % 2 === 1 ? sum + count : sum), 0)

test('chunks set the time to the first of them, and each later one a gap', () => {
  const operation = operationOf((handle) => {
    for (let i = 0; i < 5; i++) handle.chunk()
    handle.end()
  })
  expect(operation.outputChunks).toBe(5)
  expect(gapsIn(operation)).toBe(4)
  expect(operation.timeToFirstChunkMs).toBeGreaterThanOrEqual(0)
  expect(operation.timeToFirstChunkMs).toBeLessThanOrEqual(operation.durationMs!)
})

test('the first chunk alone says when, not how many', () => {
  const f = (use: (handle: OperationHandle) => void, end: OperationEnd, chunks: number | undefined, gaps: number) => {
    const operation = operationOf((handle) => {
      use(handle)
      handle.end(end)
    })
    expect(operation.outputChunks).toBe(chunks)
    expect(gapsIn(operation)).toBe(gaps)
  }
  const first = (handle: OperationHandle) => handle.firstChunk()
  f(first, {}, undefined, 0)
  f(first, { streamed: true }, undefined, 0)
  f(first, { outputChunks: 40 }, 40, 0)
  const firstAndLater = (handle: OperationHandle) => {
    handle.firstChunk()
    handle.firstChunk()
    handle.chunk()
    handle.chunk()
  }
  f(firstAndLater, {}, 3, 2)
  f(() => {}, { streamed: true }, 0, 0) // a stream that brought nothing
  f(() => {}, {}, undefined, 0)
})

test('the first chunk is the first one, however often it is told', () => {
  const { begin, recorded } = capture()
  const handle = begin(chat)
  handle.firstChunk()
  const end = performance.now() + 5
  while (performance.now() < end);
  handle.firstChunk()
  handle.end()
  expect(recorded[0]!.timeToFirstChunkMs).toBeLessThan(recorded[0]!.durationMs! - 4)
})

test('retries are counted', () => {
  const operation = operationOf((handle) => {
    handle.retry()
    handle.retry()
    handle.end()
  })
  expect(operation.retries).toBe(2)
  expect(operationOf((handle) => handle.end({ retries: 3 })).retries).toBe(3)
  expect(operationOf((handle) => handle.end()).retries).toBeUndefined()
})

test('a clock that jumps moves the time of an operation and never its duration', () => {
  const now = Date.now
  const f = (jump: number) => {
    try {
      const operation = operationOf((handle) => {
        Date.now = () => now() + jump
        handle.chunk()
        handle.chunk()
        handle.end()
      })
      expect(operation.durationMs).toBeGreaterThanOrEqual(0)
      expect(operation.durationMs).toBeLessThan(60_000)
      expect(operation.timeToFirstChunkMs).toBeLessThan(60_000)
      expect(operation.outputChunkGaps![0]).toBeLessThan(60_000)
      expect(Math.abs(operation.startTime! - now())).toBeLessThan(60_000)
    } finally {
      Date.now = now
    }
  }
  f(3_600_000)
  f(-3_600_000)
})

test('operations still open are ended as abandoned, once, and lasted until something was last heard of them', () => {
  const made = capture()
  const handles = [made.begin(chat), made.begin(chat), made.begin(chat)]
  handles[0]!.end()
  handles[1]!.responded()
  handles[1]!.chunk()
  expect(made.open).toBe(2)
  made.abandonOpen()
  made.abandonOpen()
  for (const handle of handles) handle.end()
  expect(made.open).toBe(0)
  expect(made.recorded.map(({ error }) => error?.type)).toEqual([undefined, 'abandoned', 'abandoned'])
  expect(made.recorded[1]!.durationMs).toBeGreaterThanOrEqual(made.recorded[1]!.timeToFirstChunkMs!)
  expect(made.recorded[2]!.durationMs).toBeUndefined()
})

test('open operations are bounded: beyond the limit the oldest is ended as abandoned', () => {
  const made = capture()
  const handles = Array.from({ length: 10_001 }, (_, index) =>
    made.begin({ operation: 'chat', requestModel: `m${index}` }),
  )
  expect(made.open).toBe(10_000)
  expect(made.recorded.map(({ requestModel, error }) => [requestModel, error?.type])).toEqual([['m0', 'abandoned']])
  expect(handles[0]!.ended).toBe(true)
  expect(handles[1]!.ended).toBe(false)
})

test('a handle that is dropped is counted when it is collected, as abandoned and once', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const made = capture()
  const kept = made.begin({ operation: 'chat', requestModel: 'kept' })
  const begin = () => {
    for (let i = 0; i < 10; i++) made.begin({ operation: 'chat', requestModel: 'dropped' }).chunk()
    made.begin({ operation: 'chat', requestModel: 'ended' }).end()
  }
  begin()
  while (made.recorded.length < 11) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const dropped = made.recorded.filter(({ requestModel }) => requestModel === 'dropped')
  expect(dropped.map(({ error }) => error?.type)).toEqual(Array(10).fill('abandoned'))
  expect(made.open).toBe(1)
  expect(kept.ended).toBe(false)
  made.abandonOpen()
  expect(made.recorded).toHaveLength(12)
})

test('what is thrown may be anything, and no method throws', () => {
  const f = (thrown: unknown, type: string, code?: string, message?: string) =>
    expect(operationOf((handle) => handle.fail(thrown)).error).toEqual(
      code === undefined && message === undefined ? expect.objectContaining({ type }) : { type, code, message },
    )
  class RateLimitError extends Error {
    status = 429
    code = 'rate_limit_exceeded'
  }
  f(new RateLimitError('slow down'), 'RateLimitError', '429', 'slow down')
  f(new DOMException('aborted', 'AbortError'), 'AbortError')
  f(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 'ECONNREFUSED', 'refused')
  f(Object.assign(new Error('bad'), { status: 500 }), '500', '500', 'bad')
  f(new Error('plain'), '_OTHER', undefined, 'plain')
  f('text', '_OTHER', undefined, 'text')
  for (const odd of [undefined, null, 5, true, Symbol('x'), {}, () => {}, Object.create(null)]) f(odd, '_OTHER')
  const hostile = {
    get name(): string {
      throw new Error('no')
    },
  }
  f(hostile, '_OTHER')
  f(
    new Proxy(new Error('x'), {
      get() {
        throw new Error('no')
      },
    }),
    '_OTHER',
  )
  // A minifier's class name tells nothing.
  class e extends Error {}
  f(new e('x'), '_OTHER')
})

test('fields that cannot be read are left out, and the operation is counted', () => {
  const hostile = {
    get usage(): never {
      throw new Error('no')
    },
  }
  expect(operationOf((handle) => handle.end(hostile))).toMatchObject({ ...chat })
  expect(operationOf((handle) => handle.end(5 as never))).toMatchObject({ ...chat })
})

test('a start that can be read only once does not make the end throw', () => {
  let reads = 0
  const once = {
    get operation(): string {
      if (reads++ > 0) throw new Error('no')
      return 'chat'
    },
  }
  const operation = operationOf((handle) => handle.end({ usage: { inputTokens: 5 } }), once)
  expect(operation.operation).toBe('chat')
  expect(operation.usage).toEqual({ inputTokens: 5 })
})

test('work runs in the context of the span, where there is one', () => {
  const key = Symbol('span')
  const span = { traceId: '', spanId: '', sampled: true, context: ROOT_CONTEXT.setValue(key, 1), end: () => {} }
  const ended: unknown[] = []
  const { begin } = createCapture({ record: (_, its) => ended.push(its), beginSpan: () => span as never })
  const handle = begin(chat)
  expect(handle.run(() => 5)).toBe(5)
  expect(() =>
    handle.run(() => {
      throw new Error('mine')
    }),
  ).toThrow('mine')
  handle.end()
  expect(ended).toEqual([span])
})

test('a measured function returns what it returns and throws what it throws, and is one operation', async () => {
  const f = async (fn: () => unknown, errorType: string | undefined, read?: (result: unknown) => OperationEnd) => {
    const { begin, recorded } = capture()
    let outcome: unknown
    try {
      outcome = await measureWith(begin, chat, fn, read)
    } catch (error) {
      outcome = error
    }
    expect(recorded).toHaveLength(1)
    expect(recorded[0]!.error?.type).toBe(errorType)
    return { outcome, operation: recorded[0]! }
  }
  const no = new RangeError('no')
  expect((await f(() => 5, undefined)).outcome).toBe(5)
  expect((await f(async () => 5, undefined)).outcome).toBe(5)
  expect(
    (
      await f(() => {
        throw no
      }, 'RangeError')
    ).outcome,
  ).toBe(no)
  expect(
    (
      await f(async () => {
        throw no
      }, 'RangeError')
    ).outcome,
  ).toBe(no)
  expect((await f(() => Promise.reject(undefined), '_OTHER')).outcome).toBeUndefined()
  const usage = { inputTokens: 3 }
  expect(
    (
      await f(
        async () => ({ usage }),
        undefined,
        (result) => result as OperationEnd,
      )
    ).operation.usage,
  ).toEqual(usage)
  // What reading the result throws is nobody's business but ours.
  expect(
    (
      await f(
        () => 5,
        undefined,
        () => {
          throw no
        },
      )
    ).outcome,
  ).toBe(5)
})

test('a synchronous result stays synchronous', () => {
  const { begin, recorded } = capture()
  expect(measureWith(begin, chat, (handle) => handle.ended)).toBe(false)
  expect(recorded).toHaveLength(1)
})

test('where nobody measures, a handle does nothing but run', () => {
  expect(NO_HANDLE.run(() => 5)).toBe(5)
  expect(NO_HANDLE.ended).toBe(true)
  for (const method of ['responded', 'firstChunk', 'chunk', 'retry', 'end'] as const) NO_HANDLE[method]()
  NO_HANDLE.fail(new Error('x'))
})
