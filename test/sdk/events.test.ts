import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../src/clean.js'
import { resolveConfig } from '../../src/sdk/config.js'
import { Events } from '../../src/sdk/events.js'
import { createResource } from '../../src/sdk/meters.js'
import { Outcomes } from '../../src/sdk/outcomes.js'
import { type Answer, OtlpServer } from './otlp-server.js'
import { chat, started } from './started.js'
import { registerTracerProvider } from './traced.js'

let server: OtlpServer

beforeEach(async () => {
  server = await OtlpServer.listen()
  return () => server.close()
})

const exporting = (options: object = {}) => started({ otlp: { url: server.url, protocol: 'http/json' }, ...options })

const logsAnswer = (answer: Answer) => server.answer((path) => (path === '/v1/logs' ? answer : 200))

test('each operation arrives as a log record: its name, its time, everything known of it, and no content', async () => {
  const tokmeter = exporting({ identityKey: 'key' })
  tokmeter.record({ ...chat, id: 'my-id', userId: 'bob', conversationId: 'c', tags: { tenant: 'acme' } })
  tokmeter.record({ operation: 'execute_tool', toolName: 'search', startTime: 1000.5, durationMs: 0.25 })
  await tokmeter.forceFlush()
  const [inference, tool] = server.logs()
  expect(inference).toMatchObject({ eventName: 'gen_ai.client.inference.operation.details' })
  expect(inference?.time).toBe(BigInt(chat.startTime! + 1500) * 1_000_000n)
  expect(inference?.attributes).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 500,
    'gen_ai.conversation.id': expect.stringMatching(/^[0-9a-f]{32}$/),
    'user.id': expect.stringMatching(/^[0-9a-f]{32}$/),
    'tokmeter.operation.id': 'my-id',
    'tokmeter.operation.duration_ms': 1500,
    'tokmeter.cost.nano_dollars': 7_500_000,
    'tokmeter.cost.source': 'catalogue',
    'tokmeter.cost.version': expect.stringMatching(/^genai-prices@/),
    'tokmeter.tag.tenant': 'acme',
  })
  expect(tool).toMatchObject({ eventName: 'tokmeter.operation.details', time: 1_000_750_000n })
})

test('an event has the ids of its span', async () => {
  const exporter = new InMemorySpanExporter()
  registerTracerProvider(exporter)
  const tokmeter = exporting()
  tokmeter.record({ ...chat })
  tokmeter.begin({ operation: 'execute_tool' }).end()
  await tokmeter.forceFlush()
  const spans = exporter.getFinishedSpans().map((span) => span.spanContext())
  expect(server.logs().map(({ traceId, spanId }) => [traceId, spanId])).toEqual(
    spans.map(({ traceId, spanId }) => [traceId, spanId]),
  )
  expect(server.logs().map(({ attributes }) => attributes['tokmeter.operation.id'])).toEqual(
    spans.map(({ traceId, spanId }) => `${traceId}-${spanId}`),
  )
})

test('events are sent in batches, each operation once', async () => {
  const tokmeter = exporting()
  for (let i = 0; i < 1050; i++) tokmeter.record({ ...chat, id: `id-${i}` })
  await tokmeter.forceFlush()
  // How many batches there are the clock decides: one that has waited for a second goes, full or not.
  expect(Math.max(...server.logBatches().map((batch) => batch.length))).toBe(50)
  const ids = server.logs().map(({ attributes }) => attributes['tokmeter.operation.id'])
  expect(ids).toHaveLength(1050)
  expect(new Set(ids).size).toBe(1050)
  expect(tokmeter.stats().events).toEqual({
    exported: 1050,
    dropped: { queue_full: 0, export_failed: 0, not_accepted: 0, deadline: 0 },
    size: 0,
  })
})

test('without events none are sent', async () => {
  const tokmeter = exporting({ events: false })
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(server.of('/v1/logs')).toEqual([])
  expect(server.of('/v1/metrics')).toHaveLength(1)
  expect(tokmeter.stats().events).toBeUndefined()
})

test('an endpoint that takes no logs is told once and left alone, counted, and metrics go on', async () => {
  const warnings: string[] = []
  const listener = ({ message }: Error) => void warnings.push(message)
  process.on('warning', listener)
  for (const status of [404, 405, 415, 501]) {
    server.requests.length = 0
    logsAnswer(status)
    const tokmeter = exporting()
    for (let i = 0; i < 3; i++) {
      tokmeter.record({ ...chat })
      await tokmeter.forceFlush()
    }
    expect(server.of('/v1/logs')).toHaveLength(1)
    expect(server.of('/v1/metrics')).toHaveLength(3)
    const { events, exports } = tokmeter.stats()
    expect(events).toMatchObject({ exported: 0, dropped: { not_accepted: 3 }, size: 0 })
    expect(exports).toMatchObject({ events: { failed: 1 }, metrics: { succeeded: 3, failed: 0 } })
    await tokmeter.shutdown()
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listener)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/takes no logs/)
})

test('an endpoint that is merely unwell is asked again', async () => {
  const tokmeter = exporting()
  logsAnswer(500)
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  logsAnswer(200)
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(tokmeter.stats().events).toMatchObject({ exported: 1, dropped: { export_failed: 1 }, size: 0 })
})

test('an endpoint that never answers loses events past the queue, counted, and delays no measurement', async () => {
  server.answer((path) => (path === '/v1/logs' ? 'hang' : 200))
  const tokmeter = exporting({
    otlp: { url: server.url, protocol: 'http/json', timeoutMs: 20_000 },
    shutdownTimeoutMs: 100,
  })
  for (let i = 0; i < 6000; i++) tokmeter.record({ ...chat })
  while (tokmeter.stats().size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  await tokmeter.shutdown()
  const { events, measured } = tokmeter.stats()
  expect(measured).toBe(6000)
  const { exported, dropped, size } = events!
  expect(exported).toBe(0)
  expect(dropped.queue_full).toBe(6000 - 4096 - 400)
  // What was under way when the deadline passed may still arrive: it is counted as neither sent nor lost.
  expect([dropped.deadline, size]).toEqual([4096, 400])
})

test('exported + dropped + waiting = operations measured, whatever the exporter does', async () => {
  const operation = (id: number): IdentifiedOperation => ({ id: String(id), operation: 'chat', startTime: 0 })
  const resource = createResource(resolveConfig({}, {}))
  const outcome = fc.constantFrom<'sent' | 'failed' | 'throws' | 404 | 'later'>(
    'sent',
    'failed',
    'throws',
    404,
    'later',
  )
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 250 }) }),
    fc.record({ outcome }),
    fc.constant({ answer: true as const }),
    fc.constant({ flush: true as const }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, wasThere) => {
      let current = 'sent' as 'sent' | 'failed' | 'throws' | 404 | 'later'
      const waiting: (() => void)[] = []
      const sent: unknown[] = []
      const exporter = {
        export(batch: readonly unknown[], done: (result: { code: number; error?: Error }) => void) {
          if (current === 'throws') throw new Error('no')
          const failure = current === 404 ? Object.assign(new Error('no'), { code: 404 }) : new Error('no')
          const isSent = current === 'sent' || current === 'later'
          const answer = () => {
            if (isSent) sent.push(...batch)
            done(isSent ? { code: 0 } : { code: 1, error: failure })
          }
          if (current === 'later') waiting.push(answer)
          else answer()
        },
        shutdown: async () => {},
      }
      const outcomes = new Outcomes()
      // Once somebody was there, it is left to the exporter to find out whether somebody is.
      if (wasThere) outcomes.count('metrics')
      const events = new Events(exporter, 'http://127.0.0.1:1', resource, outcomes)
      let pushed = 0
      const balance = () => {
        const { exported, dropped, size } = events.ledger
        expect(exported).toBe(sent.length)
        expect(exported + size + Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(pushed)
      }
      for (const one of steps) {
        if ('push' in one) for (let i = 0; i < one.push; i++) events.push(operation(pushed++))
        else if ('outcome' in one) current = one.outcome
        else if ('answer' in one) for (const answer of waiting.splice(0)) answer()
        else if (current !== 'later' && waiting.length === 0) await events.flush()
        balance()
        await new Promise((resolve) => setImmediate(resolve))
        balance()
      }
      await events.shutdown()
      for (const answer of waiting.splice(0)) answer()
      while (events.ledger.size > 0) await new Promise((resolve) => setImmediate(resolve))
      balance()
    }),
    { numRuns: 60 },
  )
})
