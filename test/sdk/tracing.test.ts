import { context, DiagLogLevel, diag, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
} from '@opentelemetry/sdk-trace'
import { afterEach, expect, test } from 'vitest'
import { measure } from '../../src/sdk/active.js'
import { metric } from '../../src/semconv.js'
import { InMemoryReader } from '../in-memory.js'
import { chat, started } from './started.js'
import { registerTracerProvider } from './traced.js'

const exporter = new InMemorySpanExporter()

const traced = (sampler?: Sampler) => registerTracerProvider(exporter, sampler)

afterEach(() => {
  exporter.reset()
  context.disable()
  diag.disable()
})

const milliseconds = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6

/** The spans of what `use` does with a started SDK. */
async function spansOf(
  use: (tokmeter: ReturnType<typeof started>) => unknown,
  options: Parameters<typeof started>[0] = {},
): Promise<ReadableSpan[]> {
  const tokmeter = started({ readers: [new InMemoryReader()], ...options })
  await use(tokmeter)
  await tokmeter.shutdown()
  return exporter.getFinishedSpans()
}

test('a call is a CLIENT span by the conventions, work in the process an INTERNAL one', async () => {
  traced()
  const f = async (operation: typeof chat, name: string, kind: SpanKind) => {
    exporter.reset()
    const [span] = await spansOf(({ record }) => record(operation))
    expect([span!.name, span!.kind]).toEqual([name, kind])
  }
  await f(chat, 'chat gpt-4o', SpanKind.CLIENT)
  await f({ operation: 'chat' }, 'chat', SpanKind.CLIENT)
  await f({ operation: 'embeddings', requestModel: 'e' }, 'embeddings e', SpanKind.CLIENT)
  await f({ operation: 'rerank' }, 'rerank', SpanKind.CLIENT)
  await f(
    { operation: 'execute_tool', toolName: 'search', requestModel: 'x' },
    'execute_tool search',
    SpanKind.INTERNAL,
  )
  await f({ operation: 'invoke_agent' }, 'invoke_agent', SpanKind.INTERNAL)
  await f({ operation: 'invoke_workflow' }, 'invoke_workflow', SpanKind.INTERNAL)
})

test('a span has the times, attributes and status of its operation', async () => {
  traced()
  const [span, failed] = await spansOf(({ record }) => {
    record({ ...chat, userId: 'bob', tags: { tenant: 'acme', email: 'bob@example.com' } })
    record({ ...chat, error: { type: 'APIError', code: '500', message: 'for bob@example.com' } })
  })
  expect(milliseconds(span!.startTime)).toBe(chat.startTime)
  expect(milliseconds(span!.endTime)).toBe(chat.startTime! + 1500)
  expect(span!.status.code).toBe(SpanStatusCode.UNSET)
  expect(span!.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 500,
    'tokmeter.cost.nano_dollars': 7_500_000,
    'tokmeter.tag.tenant': 'acme',
  })
  expect(JSON.stringify(span!.attributes)).not.toContain('bob')
  expect(failed!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'for [EMAIL]' })
  expect(failed!.attributes['error.type']).toBe('APIError')
})

test('an operation recorded without a time of its own has a span as long as it took', async () => {
  traced()
  const complaints: string[] = []
  const complain = (message: string) => void complaints.push(message)
  diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN)
  const before = Date.now()
  const [span] = await spansOf(({ record }) => record({ operation: 'chat', durationMs: 60_000 }))
  expect(milliseconds(span!.endTime) - milliseconds(span!.startTime)).toBeCloseTo(60_000, 3)
  expect(milliseconds(span!.endTime)).toBeGreaterThanOrEqual(before)
  expect(complaints).toEqual([])
})

test('what cannot be true of an operation is not on its span either', async () => {
  traced()
  const odd = { operation: 'chat', requestModel: `a\n${'x'.repeat(9999)}`, provider: 5, durationMs: 5 } as never
  for (const startTime of [Number.NaN, -1, Infinity, 9e15, '2026']) {
    exporter.reset()
    const [span] = await spansOf(({ record }) => record({ ...(odd as object), startTime } as never))
    expect(Math.abs(milliseconds(span!.startTime) - Date.now())).toBeLessThan(60_000)
    expect(span!.name).toBe(`chat a\ufffd${'x'.repeat(254)}`)
    expect(span!.attributes['gen_ai.provider.name']).toBeUndefined()
  }
})

test('a span is the child of the active one, and the parent of what runs inside the operation', async () => {
  const provider = traced()
  const spans = await spansOf(async (tokmeter) => {
    const tracer = provider.getTracer('app')
    await tracer.startActiveSpan('request', async (request) => {
      await tokmeter.measure({ operation: 'invoke_agent' }, async () => {
        await measure({ operation: 'execute_tool', toolName: 'search' }, async () => tracer.startSpan('http').end())
      })
      request.end()
    })
  })
  const by = Object.fromEntries(spans.map((span) => [span.name, span]))
  const parentOf = (name: string) => by[name]!.parentSpanContext?.spanId
  expect(parentOf('http')).toBe(by['execute_tool search']!.spanContext().spanId)
  expect(parentOf('execute_tool search')).toBe(by['invoke_agent']!.spanContext().spanId)
  expect(parentOf('invoke_agent')).toBe(by['request']!.spanContext().spanId)
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
})

test('operation and span have one identity, and one that brings its own gets no second span', async () => {
  traced()
  const seen: string[] = []
  const spans = await spansOf(async (tokmeter) => {
    tokmeter.subscribe(({ id }) => void seen.push(id))
    tokmeter.record(chat)
    tokmeter.begin({ operation: 'chat' }).end()
    tokmeter.record({ ...chat, traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' })
    await tokmeter.forceFlush()
  })
  const ids = spans.map((span) => `${span.spanContext().traceId}-${span.spanContext().spanId}`)
  expect(seen).toEqual([...ids, '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'])
  expect(spans).toHaveLength(2)
})

test('an operation that cannot be read to its end is invalid, and its span is ended all the same', async () => {
  traced()
  const hostile = {
    operation: 'chat',
    get usage(): never {
      throw new Error('no')
    },
  }
  const spans = await spansOf(async (tokmeter) => {
    tokmeter.record(hostile)
    tokmeter.record({ ...chat })
    await tokmeter.forceFlush()
    expect(tokmeter.stats()).toMatchObject({ recorded: 2, measured: 1, dropped: { invalid: 1 }, size: 0 })
  })
  expect(spans).toHaveLength(2)
})

test.for(['finishReason', 'startTime'])(
  'an operation that records another while its %s is read takes nothing from it',
  async (field) => {
    traced()
    const seen: string[] = []
    const spans = await spansOf(async (tokmeter) => {
      tokmeter.subscribe(({ operation }) => void seen.push(operation))
      const inner = { operation: 'embeddings', traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
      let isRecorded = false
      tokmeter.record({
        operation: 'chat',
        // With an identity of its own it gets no span, and is settled later.
        ...(field === 'startTime' && { ...inner, operation: 'chat', spanId: '00f067aa0ba902b7' }),
        get [field]() {
          if (!isRecorded) {
            isRecorded = true
            tokmeter.record(inner)
          }
          return undefined
        },
      })
      await tokmeter.forceFlush()
      const { recorded, measured, size } = tokmeter.stats()
      expect({ recorded, measured, size }).toEqual({ recorded: 2, measured: 2, size: 0 })
    })
    expect(seen.sort()).toEqual(['chat', 'embeddings'])
    expect(spans).toHaveLength(field === 'startTime' ? 0 : 1)
  },
)

test('the same object recorded again later is another operation, with a span and an id of its own', async () => {
  traced()
  const seen: string[] = []
  const spans = await spansOf(async (tokmeter) => {
    tokmeter.subscribe(({ id }) => void seen.push(id))
    for (let i = 0; i < 3; i++) {
      tokmeter.record(chat)
      await tokmeter.forceFlush()
    }
  })
  expect(spans).toHaveLength(3)
  expect(new Set(seen).size).toBe(3)
})

test('metrics do not depend on sampling', async () => {
  traced(new AlwaysOffSampler())
  const reader = new InMemoryReader()
  const spans = await spansOf(
    async (tokmeter) => {
      for (let i = 0; i < 5; i++) tokmeter.record({ ...chat })
      await tokmeter.forceFlush()
      expect((await reader.point(metric.inferenceDuration)).count).toBe(5)
    },
    { readers: [reader] },
  )
  expect(spans).toEqual([])
})

test('without spans there are none, and operations have ids of their own', async () => {
  traced()
  const seen: string[] = []
  const spans = await spansOf(
    async (tokmeter) => {
      tokmeter.subscribe(({ id, spanId }) => void seen.push(`${id} ${spanId}`))
      tokmeter.record(chat)
      tokmeter.begin(chat).end()
      await tokmeter.forceFlush()
    },
    { spans: false },
  )
  expect(spans).toEqual([])
  expect(seen).toHaveLength(2)
  for (const one of seen) expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7.* undefined$/)
})

test('where nobody traces nothing is made up', async () => {
  const seen: unknown[] = []
  const tokmeter = started({ readers: [new InMemoryReader()] })
  tokmeter.subscribe((operation) => void seen.push(operation.traceId))
  tokmeter.record(chat)
  await tokmeter.forceFlush()
  expect(seen).toEqual([undefined])
  expect(trace.getActiveSpan()).toBeUndefined()
})

test('a dropped operation, an invalid one and an abandoned one have their span ended', async () => {
  traced()
  const spans = await spansOf(
    (tokmeter) => {
      tokmeter.begin(chat)
      tokmeter.record({ ...chat })
      tokmeter.record({ ...chat })
    },
    { bufferCapacity: 1 },
  )
  expect(spans).toHaveLength(3)
  expect(spans.filter((span) => span.attributes['error.type'] === 'abandoned')).toHaveLength(1)
})

test('a sampler is told at the begin what the conventions list for it, and nothing that is none of it', async () => {
  const told: unknown[] = []
  const sampler: Sampler = {
    shouldSample(...given) {
      told.push(given[4])
      return { decision: SamplingDecision.RECORD_AND_SAMPLED }
    },
  }
  traced(sampler)
  const start = { operation: 'chat', provider: 'openai', requestModel: 'gpt-4o', serverAddress: 'api.openai.com' }
  const spans = await spansOf(({ record, begin }) => {
    begin({ ...start, serverPort: 443 }).end()
    record({ ...start, serverPort: 8443 })
    for (const serverPort of [1.5, -1, 70_000, '443', Number.NaN])
      record({ ...start, serverAddress: 7, serverPort } as never)
  })
  const model = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
  }
  expect(told).toEqual([
    { ...model, 'server.address': 'api.openai.com', 'server.port': 443 },
    { ...model, 'server.address': 'api.openai.com', 'server.port': 8443 },
    ...Array(5).fill(model),
  ])
  expect(spans[0]!.attributes).toMatchObject({ 'server.address': 'api.openai.com', 'server.port': 443 })
})

test("a sampler or span processor of the application's that throws does not take the operation with it", async () => {
  const throwing = {
    shouldSample: () => {
      throw new Error('no')
    },
  }
  traced(throwing as never)
  const reader = new InMemoryReader()
  const tokmeter = started({ readers: [reader] })
  tokmeter.record(chat)
  tokmeter.begin(chat).end()
  await tokmeter.forceFlush()
  expect((await reader.points(metric.inferenceDuration)).reduce((sum, { count }) => sum + count!, 0)).toBe(2)
  expect(tokmeter.stats()).toMatchObject({ recorded: 2, measured: 2 })
})
