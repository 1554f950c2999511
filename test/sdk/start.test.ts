import { type MeterProvider as ApiMeterProvider, type Attributes, metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { begin, isSuppressed, measure, record, reportClient, suppress } from '../../src/sdk/active.js'
import type { BufferPolicy } from '../../src/sdk/buffer.js'
import type { StartOptions } from '../../src/sdk/options.js'
import { start } from '../../src/sdk/start.js'
import { metric } from '../../src/semconv.js'
import { tagAttributes } from '../../src/views.js'
import { InMemoryReader } from '../in-memory.js'
import { CHAT_NANO_DOLLARS, chat, imbalance, started } from './started.js'

/** An exporter that does as it is told: answers, fails, throws, or never answers. */
function exporter() {
  const state = { does: 'succeed' as 'succeed' | 'fail' | 'throw' | 'hang', exports: 0 }
  const made: PushMetricExporter = {
    export(_metrics: ResourceMetrics, done) {
      state.exports++
      if (state.does === 'throw') throw new Error('no')
      if (state.does === 'hang') return
      done(state.does === 'fail' ? { code: 1, error: new Error('no') } : { code: 0 })
    },
    forceFlush: async () => {},
    shutdown: () => (state.does === 'hang' ? new Promise(() => {}) : Promise.resolve()),
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  }
  const reader = new PeriodicExportingMetricReader({
    exporter: made,
    exportIntervalMillis: 60_000,
    exportTimeoutMillis: 50,
  })
  return { state, reader }
}

/** Warnings of tokmeter while the test runs. */
function warnings(): string[] {
  const seen: string[] = []
  const listener = ({ name, message }: Error) => void (name === 'TokmeterWarning' && seen.push(message))
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  return seen
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a full buffer drops the newest, and the totals hold every operation', () => {
  const tokmeter = started({ readers: [], bufferCapacity: 3 })
  const cost = { nanoDollars: 3_000_000, source: 'provider' } as const
  for (let i = 0; i < 5; i++) tokmeter.record({ operation: 'chat', cost })
  const { recorded, measured, dropped, size, capacity, totals } = tokmeter.stats()
  expect({ recorded, measured, dropped: dropped.buffer_full, size, capacity }).toEqual({
    recorded: 5,
    measured: 0,
    dropped: 2,
    size: 3,
    capacity: 3,
  })
  expect(totals).toMatchObject({ operations: 5, costNanoDollars: 15_000_000 })
})

test('what is recorded is priced, measured, and summed by model and provider', async () => {
  const reader = new InMemoryReader()
  const tokmeter = started({ readers: [reader] })
  tokmeter.record({ ...chat })
  tokmeter.record({ ...chat, responseModel: 'gpt-4o-2024-08-06', error: { type: 'TimeoutError' } })
  tokmeter.record({ ...chat, requestModel: 'no-such-model', provider: 'nobody' })
  await tokmeter.forceFlush()
  const { totals, byModel, byProvider } = tokmeter.stats()
  expect(totals).toMatchObject({
    operations: 3,
    failed: 1,
    inputTokens: 3000,
    costNanoDollars: 2 * CHAT_NANO_DOLLARS,
    costUnknown: 1,
  })
  expect(Object.keys(byModel)).toEqual(['gpt-4o', 'gpt-4o-2024-08-06', 'no-such-model'])
  expect(byProvider['openai']).toMatchObject({ operations: 2, costNanoDollars: 2 * CHAT_NANO_DOLLARS })
  expect((await reader.points(metric.cost)).map(({ sum }) => sum)).toEqual([0.0075, 0.0075])
  expect((await reader.point(metric.unpriced)).value).toBe(1)
})

test('the ledger balances after every step, in any order of steps, whatever the exporter does', async () => {
  type Step =
    | 'record'
    | 'invalid'
    | 'hostile'
    | 'begin'
    | 'turn'
    | 'flush'
    | 'shutdown'
    | 'succeed'
    | 'fail'
    | 'throw'
    | 'hang'
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: fc.constant('record' as const) },
    { weight: 4, arbitrary: fc.constantFrom('invalid', 'hostile', 'begin') },
    { weight: 4, arbitrary: fc.constantFrom('turn', 'flush') },
    { weight: 2, arbitrary: fc.constantFrom('succeed', 'fail', 'throw', 'hang') },
    { weight: 1, arbitrary: fc.constant('shutdown' as const) },
  )
  const policy = fc.constantFrom<BufferPolicy>('drop-newest', 'drop-oldest')
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      policy,
      fc.array(step, { maxLength: 40 }),
      async (bufferCapacity, bufferPolicy, steps) => {
        const { state, reader } = exporter()
        const memory = new InMemoryReader()
        const tokmeter = start({ readers: [reader, memory], bufferCapacity, bufferPolicy, shutdownTimeoutMs: 20 })
        let recorded = 0
        let readable = 0
        let open = 0
        let isShutDown = false
        const work: Promise<void>[] = []
        for (const one of steps) {
          if (one === 'record') tokmeter.record({ ...chat })
          else if (one === 'invalid') tokmeter.record(null as never)
          else if (one === 'hostile')
            tokmeter.record(
              new Proxy(
                {},
                {
                  get: () => {
                    throw new Error('no')
                  },
                },
              ) as never,
            )
          else if (one === 'begin') tokmeter.begin({ operation: 'chat' })
          else if (one === 'turn') await turn()
          else if (one === 'flush') work.push(tokmeter.forceFlush())
          else if (one === 'shutdown') {
            work.push(tokmeter.shutdown())
            if (!isShutDown) {
              recorded += open
              readable += open
            }
            isShutDown = true
          } else state.does = one
          if (one === 'record' || one === 'invalid' || one === 'hostile') recorded++
          if (one === 'record') readable++
          if (one === 'begin' && !isShutDown) open++

          const stats = tokmeter.stats()
          expect(imbalance(stats)).toBe(0)
          expect(stats.recorded).toBe(recorded)
          expect(stats.totals.operations).toBe(readable)
          expect(stats.size).toBeLessThanOrEqual(bufferCapacity)
        }
        await Promise.all(work)
        const { measured } = tokmeter.stats()
        if (!isShutDown) expect((await memory.points(metric.sdkMeasured))[0]?.value).toBe(measured)
        await tokmeter.shutdown()
        const stats = tokmeter.stats()
        expect(imbalance(stats)).toBe(0)
        expect(stats.size).toBe(0)
      },
    ),
    { numRuns: 40 },
  )
})

test('an exporter that fails, throws or hangs does not stop the processor', async () => {
  const { state, reader } = exporter()
  const memory = new InMemoryReader()
  const tokmeter = started({ readers: [reader, memory] })
  for (const does of ['fail', 'throw', 'hang', 'succeed'] as const) {
    state.does = does
    tokmeter.record({ ...chat })
    await tokmeter.forceFlush()
  }
  expect(state.exports).toBe(4)
  expect(tokmeter.stats()).toMatchObject({ recorded: 4, measured: 4, size: 0 })
  expect((await memory.point(metric.inferenceDuration)).count).toBe(4)
})

test('started twice, the first stays, with a warning; a wrong option is refused all the same', async () => {
  const seen = warnings()
  const first = started({ readers: [] })
  expect(start({ readers: [] })).toBe(first)
  expect(start({ serviceName: 'other' })).toBe(first)
  expect(() => start({ bufferCapacity: 0 })).toThrow('bufferCapacity')
  await turn()
  expect(seen).toEqual(['tokmeter is started already; the options of the second start are ignored'])
  await first.shutdown()
  const second = started({ readers: [] })
  expect(second).not.toBe(first)
})

test('before a start and after a shutdown nothing throws, and what comes late is counted', async () => {
  record({ ...chat })
  begin(chat).end()
  expect(measure(chat, () => 5)).toBe(5)
  const tokmeter = started({ readers: [new InMemoryReader()] })
  expect(tokmeter.stats().recorded).toBe(0)
  const late = tokmeter.begin(chat)
  await tokmeter.shutdown()
  expect(late.ended).toBe(true) // ended as abandoned
  tokmeter.record({ ...chat })
  tokmeter.begin(chat).end()
  await expect(tokmeter.measure(chat, async () => 5)).resolves.toBe(5)
  record({ ...chat })
  const stats = tokmeter.stats()
  expect(stats).toMatchObject({ recorded: 4, measured: 1, dropped: { shutdown: 3 }, size: 0 })
  expect(stats.totals).toMatchObject({ operations: 4, failed: 1 })
  expect(imbalance(stats)).toBe(0)
  await tokmeter.forceFlush()
})

test('a shutdown is one, however often and whenever it is asked for', async () => {
  const { state, reader } = exporter()
  const tokmeter = started({ readers: [reader] })
  const first = tokmeter.shutdown()
  expect(tokmeter.shutdown()).toBe(first)
  await first
  await tokmeter[Symbol.asyncDispose]()
  expect(state.exports).toBeGreaterThan(0)
})

test('a shutdown measures and exports all that waits', async () => {
  const { state, reader } = exporter()
  const tokmeter = started({ readers: [reader] })
  for (let i = 0; i < 3000; i++) tokmeter.record({ ...chat })
  await tokmeter.shutdown()
  expect(state.exports).toBeGreaterThan(0)
  expect(tokmeter.stats()).toMatchObject({ recorded: 3000, measured: 3000, size: 0 })
})

test('a shutdown ends within its deadline, with an exporter that hangs, and counts what it gave up', async () => {
  const { state, reader } = exporter()
  state.does = 'hang'
  const tokmeter = started({ readers: [reader], shutdownTimeoutMs: 30 })
  tokmeter.record({ ...chat })
  await tokmeter.shutdown()
  expect(tokmeter.stats()).toMatchObject({ recorded: 1, measured: 1, size: 0 })

  const none = started({ readers: [], shutdownTimeoutMs: 0 })
  for (let i = 0; i < 10_000; i++) none.record({ ...chat })
  await none.shutdown()
  const stats = none.stats()
  expect(imbalance(stats)).toBe(0)
  expect(stats.size).toBe(0)
  expect(stats.dropped.deadline).toBe(10_000 - stats.measured)
  expect(stats.dropped.deadline).toBeGreaterThan(0)
})

test('disabled by OTEL_SDK_DISABLED, everything is there and does nothing', async () => {
  process.env['OTEL_SDK_DISABLED'] = 'true'
  onTestFinished(() => void delete process.env['OTEL_SDK_DISABLED'])
  const tokmeter = start({ prometheus: { port: 0 } })
  tokmeter.record({ ...chat })
  tokmeter.begin(chat).end()
  expect(tokmeter.measure(chat, () => 5)).toBe(5)
  expect(tokmeter.stats()).toMatchObject({ recorded: 0, measured: 0, capacity: 0 })
  expect(tokmeter.prometheus).toBeUndefined()
  expect(tokmeter.meterProvider).toBeUndefined()
  tokmeter.subscribe(() => {}).unsubscribe()
  expect(tokmeter.reloadPrices()).toBe(true)
  await tokmeter.forceFlush()
  await tokmeter.shutdown()
  expect(() => start({ bufferCapacity: 0 })).toThrow('bufferCapacity')
})

test("the application's MeterProvider is measured with, flushed and left running", async () => {
  const reader = new InMemoryReader()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const tokmeter = started({ meterProvider, events: false, views: [tagAttributes('tenant')] })
  tokmeter.record({ ...chat, tags: { tenant: 'acme' } })
  await tokmeter.forceFlush()
  expect((await reader.point(metric.inferenceDuration)).attributes['tokmeter.tag.tenant']).toBe('acme')
  expect(tokmeter.meterProvider).toBe(meterProvider)
  await tokmeter.shutdown()
  expect((await reader.point(metric.inferenceDuration)).count).toBe(1)
  tokmeter.record({ ...chat })
  expect((await reader.point(metric.sdkRecorded)).value).toBe(1) // observed no longer
})

test('told to measure with the global MeterProvider, the drain is held until there is one', async () => {
  const tokmeter = started({ meterProvider: 'global', events: false })
  for (let i = 0; i < 3; i++) tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(tokmeter.stats()).toMatchObject({ recorded: 3, measured: 0, size: 3 })
  expect(tokmeter.meterProvider).toBeUndefined()
  const reader = new InMemoryReader()
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  await tokmeter.forceFlush()
  expect(tokmeter.stats()).toMatchObject({ recorded: 3, measured: 3, size: 0 })
  expect((await reader.point(metric.inferenceDuration)).count).toBe(3)
})

test('without one ever, what waited is dropped at shutdown, counted', async () => {
  const tokmeter = started({ meterProvider: 'global', events: false })
  tokmeter.record({ ...chat })
  await tokmeter.shutdown()
  expect(tokmeter.stats()).toMatchObject({ recorded: 1, measured: 0, dropped: { deadline: 1 }, size: 0 })
})

test('with nothing said, a global MeterProvider registered until the first measurement is honoured', async () => {
  const tokmeter = started({ otlp: false })
  await tokmeter.forceFlush() // with nothing to measure, nothing is settled
  const reader = new InMemoryReader()
  const provider = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(tokmeter.meterProvider).toBe(provider)
  expect((await reader.point(metric.inferenceDuration)).count).toBe(1)
  await tokmeter.shutdown()
  expect(metrics.getMeterProvider()).toBe(provider)
})

test('with nothing said and nothing registered, it is one of its own', async () => {
  const tokmeter = started({ otlp: false })
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(tokmeter.meterProvider).toBeInstanceOf(MeterProvider)
  // It exports nothing, and so takes nobody's place.
  expect(metrics.getMeterProvider()).not.toBe(tokmeter.meterProvider)
})

test("tokmeter's own MeterProvider is registered where there is none, unless told not to, and taken back at the end", async () => {
  const f = async (options: StartOptions, isGlobal: boolean) => {
    const tokmeter = started({ readers: [new InMemoryReader()], ...options })
    expect(metrics.getMeterProvider() === tokmeter.meterProvider).toBe(isGlobal)
    await tokmeter.shutdown()
    expect(metrics.getMeterProvider()).not.toBe(tokmeter.meterProvider)
  }
  await f({}, true)
  await f({ registerGlobally: false }, false)
  const theirs = new MeterProvider()
  metrics.setGlobalMeterProvider(theirs)
  await f({}, false)
  expect(metrics.getMeterProvider()).toBe(theirs)
})

test('instruments of the application live on the same provider', async () => {
  const reader = new InMemoryReader()
  const tokmeter = started({ readers: [reader] })
  tokmeter.meterProvider!.getMeter('app').createCounter('my.counter').add(5)
  expect((await reader.point('my.counter')).value).toBe(5)
})

test('a view that cannot be is refused at the start, not when it is first needed', () => {
  const impossible = [{ instrumentName: '*', name: 'one.name.for.all' }]
  expect(() => start({ views: impossible })).toThrow()
  expect(() => start({ views: impossible, readers: [] })).toThrow()
  expect(() => start({ views: [{ aggregation: { type: AggregationType.DROP } }] })).toThrow()
})

test("a MeterProvider or a view of the application's that throws does not throw into the program", async () => {
  const seen = warnings()
  const throwing: ApiMeterProvider = {
    getMeter: () => {
      throw new Error('no meter')
    },
  }
  const one = started({ meterProvider: throwing, events: false })
  one.record({ ...chat })
  await one.forceFlush()
  expect(one.stats()).toMatchObject({ recorded: 1, measured: 0, size: 1 })
  await one.shutdown()
  await turn()
  expect(one.stats().dropped.deadline).toBe(1)
  expect(seen).toEqual(['the MeterProvider cannot be measured with: Error: no meter'])

  const process = (): Attributes => {
    throw new Error('no')
  }
  const reader = new InMemoryReader()
  const two = started({
    readers: [reader],
    views: [{ instrumentName: metric.inferenceUsageInput, attributesProcessors: [{ process }] }],
  })
  two.record({ ...chat })
  await two.forceFlush()
  expect(two.stats()).toMatchObject({ recorded: 1, measured: 1, discarded: { measurement: 1 } })
  expect((await reader.point(metric.inferenceUsageOutput)).value).toBe(500)

  const three = { instrumentName: metric.inferenceDuration, attributesProcessors: [{ process }] }
  await two.shutdown()
  const last = started({ readers: [], views: [three] })
  last.record({ ...chat })
  await last.forceFlush()
  expect(imbalance(last.stats())).toBe(0)
})

test('a hostile start of an operation is counted as invalid, and its handle does nothing', async () => {
  const tokmeter = started({ readers: [] })
  const hostile = new Proxy({} as never, {
    ownKeys: () => {
      throw new Error('no')
    },
  })
  const handle = tokmeter.begin(hostile)
  handle.chunk()
  handle.end()
  tokmeter.begin(undefined as never).end()
  await tokmeter.forceFlush()
  expect(tokmeter.stats()).toMatchObject({ recorded: 2, measured: 1, dropped: { invalid: 1 }, open: 0 })
})

test('prices can be other ones while running; bad ones are refused whole', async () => {
  const tokmeter = started({ readers: [], prices: [{ model: 'gpt-4o', inputPerMillion: 1, outputPerMillion: 2 }] })
  const spent = () => tokmeter.stats().totals.costNanoDollars
  tokmeter.record({ ...chat })
  expect(spent()).toBe(2_000_000)
  expect(tokmeter.reloadPrices([{ model: 'gpt-4o', inputPerMillion: 10, outputPerMillion: 20 }])).toBe(true)
  tokmeter.record({ ...chat })
  expect(spent()).toBe(22_000_000)
  expect(tokmeter.reloadPrices([{ model: 'gpt-4o', inputPerMillion: -1 } as never])).toBe(false)
  tokmeter.record({ ...chat })
  expect(spent()).toBe(42_000_000)
  expect(() => start({ prices: [{ model: '' } as never] })).not.toThrow() // started already
})

test('a cost the provider reports wins over the price list', () => {
  const tokmeter = started({ readers: [] })
  tokmeter.record({ ...chat, cost: { nanoDollars: 5, source: 'provider' } })
  expect(tokmeter.stats().totals.costNanoDollars).toBe(5)
})

test('a subscriber sees each operation as it is measured, cleaned and priced', async () => {
  const tokmeter = started({ readers: [] })
  const seen: unknown[] = []
  const subscription = tokmeter.subscribe((operation) => void seen.push(operation))
  tokmeter.subscribe(() => {
    throw new Error('no')
  })
  tokmeter.record({ ...chat, userId: 'bob', tags: { email: 'bob@example.com', tenant: 'acme' } })
  expect(seen).toEqual([])
  await tokmeter.forceFlush()
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({
    ...chat,
    id: expect.any(String),
    cost: { nanoDollars: CHAT_NANO_DOLLARS, source: 'catalogue' },
    userId: expect.stringMatching(/^[0-9a-f]{32}$/),
    tags: { tenant: 'acme' },
  })
  subscription.unsubscribe()
  tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  expect(seen).toHaveLength(1)
  expect(() => tokmeter.subscribe(5 as never)).toThrow('listener must be a function')
})

test('a subscriber that keeps up misses nothing, however many come at once', async () => {
  const tokmeter = started({ readers: [] })
  let seen = 0
  tokmeter.subscribe(() => void seen++)
  for (let i = 0; i < 8000; i++) tokmeter.record({ ...chat })
  await tokmeter.forceFlush()
  await turn()
  expect(seen).toBe(8000)
  expect(tokmeter.stats().lagged).toBe(0)
})

test('identities are hashed with a key, which is the same only where it is given', async () => {
  const hashOf = async (options: StartOptions) => {
    const tokmeter = started({ readers: [], ...options })
    const seen: (string | undefined)[] = []
    tokmeter.subscribe((operation) => void seen.push(operation.userId))
    tokmeter.record({ ...chat, userId: 'bob' })
    await tokmeter.forceFlush()
    await tokmeter.shutdown()
    return seen[0]
  }
  expect(await hashOf({ identityKey: 'k' })).toBe(await hashOf({ identityKey: 'k' }))
  expect(await hashOf({})).not.toBe(await hashOf({}))
  expect(await hashOf({ hashIdentities: false })).toBe('bob')
})

test('process and runtime metrics come from the packages of OpenTelemetry', async () => {
  const reader = new InMemoryReader()
  const tokmeter = started({ readers: [reader], runtimeMetrics: true, hostMetrics: true })
  const names = await reader.names()
  expect(names.filter((name) => name.startsWith('nodejs.') || name.startsWith('v8js.')).length).toBeGreaterThan(0)
  expect(names.filter((name) => name.startsWith('process.')).length).toBeGreaterThan(0)
  await tokmeter.shutdown()
})

test('a client that is not a tested one is made visible, once', async () => {
  const seen = warnings()
  const reader = new InMemoryReader()
  const tokmeter = started({ readers: [reader] })
  for (let i = 0; i < 2; i++) {
    reportClient({ client: 'openai', version: '99.0.0', supported: false })
    reportClient({ client: 'openai', version: '7.0.0', supported: true })
  }
  reportClient({ client: 'mystery', version: undefined, supported: false })
  await turn()
  expect(tokmeter.stats().untestedClients).toEqual([
    { client: 'openai', version: '99.0.0' },
    { client: 'mystery', version: undefined },
  ])
  expect((await reader.points(metric.sdkUntestedClients)).map(({ attributes }) => attributes)).toEqual([
    { 'tokmeter.client': 'openai', 'tokmeter.client.version': '99.0.0' },
    { 'tokmeter.client': 'mystery' },
  ])
  expect(seen).toHaveLength(2)
})

test('what runs inside suppress is marked, also later on, and nothing outside it', async () => {
  expect(isSuppressed()).toBe(false)
  const inside = await suppress(async () => {
    await turn()
    return isSuppressed()
  })
  expect(inside).toBe(true)
  expect(isSuppressed()).toBe(false)
  expect(() =>
    suppress(() => {
      throw new Error('mine')
    }),
  ).toThrow('mine')
})

test('those who are not handed the SDK reach the one that runs', async () => {
  const tokmeter = started({ readers: [] })
  record({ ...chat })
  begin(chat).end({ usage: { inputTokens: 1 } })
  measure({ operation: 'execute_tool', toolName: 'search' }, () => 5)
  expect(tokmeter.stats()).toMatchObject({ recorded: 3, totals: { operations: 3, inputTokens: 1001 } })
  await tokmeter.shutdown()
  record({ ...chat })
  expect(tokmeter.stats().recorded).toBe(3)
})
