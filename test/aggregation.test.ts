/** tokmeter's own aggregation beside OpenTelemetry's: the same operations, collected by the same readers, give the same metrics. */

import type { MetricData, MetricReaderOptions, ResourceMetrics, ViewOptions } from '@opentelemetry/sdk-metrics'
import { AggregationTemporality, AggregationType, type InstrumentType, MeterProvider } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { Aggregation } from '../src/aggregation.js'
import { createInstruments, type InstrumentSource } from '../src/instruments.js'
import { meterSource } from '../src/meter-source.js'
import type { Operation } from '../src/operation.js'
import { metric } from '../src/semconv.js'
import { exponentialHistograms, keepAttributes, latencyBuckets, limitSeries } from '../src/views.js'
import { InMemoryReader } from './in-memory.js'

const SCOPE = { name: 'test', version: '1', schemaUrl: 'https://example.test/schema' }
const delta: MetricReaderOptions = { aggregationTemporalitySelector: () => AggregationTemporality.DELTA }
const cumulative: MetricReaderOptions = {}

const unexpected = (error: unknown) => {
  throw error
}

/** Instruments of a MeterProvider with such readers; `isOwn`: aggregated by tokmeter. */
function measuring(isOwn: boolean, options: readonly MetricReaderOptions[], views: readonly ViewOptions[] = []) {
  const readers = options.map((one) => new InMemoryReader(one))
  const aggregation = new Aggregation({ scope: SCOPE, readers, views })
  const provider = new MeterProvider({ readers: isOwn ? [...aggregation.readers] : readers, views: [...views] })
  const meter = provider.getMeter(SCOPE.name, SCOPE.version, { schemaUrl: SCOPE.schemaUrl })
  const plain = meterSource(meter, unexpected)
  const source: InstrumentSource = isOwn ? aggregation.source(plain) : plain
  const { record, flush } = createInstruments(source, {
    edition: 'both',
    tagAttributes: ['tenant'],
    attributeValueLimit: 50,
    seriesLimit: 50,
    onOverflow: () => {},
  })
  return {
    record,
    meter,
    provider,
    readers,
    async collect(reader: number): Promise<ResourceMetrics> {
      flush(() => false)
      const { resourceMetrics, errors } = await readers[reader]!.collect()
      expect(errors).toEqual([])
      return resourceMetrics
    },
  }
}

/** Metrics without their times, in the order of their names and attributes, numbers to twelve digits. */
function comparable({ scopeMetrics }: ResourceMetrics) {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(12)) : value
  const byKey = (one: { key: string }, other: { key: string }) => (one.key < other.key ? -1 : 1)
  const pointsOf = ({ dataPoints }: MetricData) =>
    dataPoints
      .map(({ attributes, value }) => ({
        key: JSON.stringify(Object.entries(attributes).sort()),
        value: JSON.parse(JSON.stringify(value, rounded)),
      }))
      .sort(byKey)
  return scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics
      .map(({ descriptor, aggregationTemporality, dataPointType, ...rest }) => ({
        key: descriptor.name,
        scope: { ...scope },
        unit: descriptor.unit,
        description: descriptor.description,
        valueType: descriptor.valueType,
        aggregationTemporality,
        dataPointType,
        isMonotonic: 'isMonotonic' in rest && rest.isMonotonic,
        points: pointsOf({ descriptor, aggregationTemporality, dataPointType, ...rest } as MetricData),
      }))
      .sort(byKey),
  )
}

const tokens = fc.option(fc.nat(100_000), { nil: undefined })
const milliseconds = fc.double({ min: 0, max: 200_000, noNaN: true })
const operations: fc.Arbitrary<Operation> = fc.record({
  operation: fc.constantFrom('chat', 'embeddings', 'execute_tool', 'invoke_agent', 'custom'),
  provider: fc.constantFrom('openai', 'anthropic'),
  requestModel: fc.constantFrom('a', 'b', 'c'),
  durationMs: fc.option(milliseconds, { nil: undefined }),
  timeToFirstChunkMs: fc.option(milliseconds, { nil: undefined }),
  // One length a bucket: OpenTelemetry's instruments are told the mean of a bucket's gaps, tokmeter's aggregation each group's.
  outputChunkGaps: fc.option(
    fc
      .array(fc.tuple(fc.constantFrom(5, 15, 100, 2000, 100_000), fc.integer({ min: 1, max: 40 })))
      .map((pairs) => pairs.flat()),
    { nil: undefined },
  ),
  usage: fc.option(
    fc.record({
      inputTokens: tokens,
      outputTokens: tokens,
      cacheReadTokens: tokens,
      inputByModality: fc.constant({ text: 7 }),
    }),
    { nil: undefined },
  ),
  cost: fc.option(
    fc.record({ nanoDollars: fc.nat(1e9), source: fc.constantFrom('catalogue' as const, 'provider' as const) }),
    {
      nil: undefined,
    },
  ),
  error: fc.option(fc.constant({ type: 'timeout' }), { nil: undefined }),
  tags: fc.option(fc.constantFrom({ tenant: '1' }, { tenant: 1 }, { tenant: true }), { nil: undefined }),
})

afterEach(() => {
  vi.useRealTimers()
})

const READERS = [cumulative, delta, cumulative, delta]
const step = fc.oneof({ weight: 5, arbitrary: operations }, { weight: 1, arbitrary: fc.nat(READERS.length - 1) })

async function expectSame(steps: readonly (Operation | number)[], views: readonly ViewOptions[] = []): Promise<void> {
  const own = measuring(true, READERS, views)
  const plain = measuring(false, READERS, views)
  for (const one of [...steps, 0, 1, 2, 3, 1]) {
    if (typeof one === 'number')
      expect(comparable(await own.collect(one))).toEqual(comparable(await plain.collect(one)))
    else for (const { record } of [own, plain]) record(one)
  }
}

test('whatever is measured and whoever collects when, the metrics are those OpenTelemetry would have made', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => expectSame(steps)),
    { numRuns: 100 },
  )
})

test('views are honoured, whatever they select and whatever they ask for', async () => {
  const views = fc.constantFrom<ViewOptions[]>(
    exponentialHistograms(),
    latencyBuckets([1, 2, 3]),
    keepAttributes(['gen_ai.request.model']),
    limitSeries(3),
    [{ instrumentName: metric.inferenceDuration, name: 'renamed' }],
    [{ instrumentName: metric.inferenceDuration.toUpperCase(), description: 'by another case' }],
    [{ instrumentName: 'gen_ai.client.*', aggregation: { type: AggregationType.DROP } }],
    [{ meterName: SCOPE.name, instrumentName: '*', aggregation: { type: AggregationType.SUM } }],
    [{ instrumentUnit: 's', aggregation: { type: AggregationType.DROP } }],
    [{ instrumentName: 'somebody.elses', aggregation: { type: AggregationType.DROP } }],
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), views, (steps, some) => expectSame(steps, some)),
    { numRuns: 50 },
  )
})

test('a reader that wants another aggregation gets it, and the readers beside it what they would have got', async () => {
  const options = [
    { aggregationSelector: () => ({ type: AggregationType.EXPONENTIAL_HISTOGRAM }) as const },
    { aggregationSelector: () => ({ type: AggregationType.DROP }) as const },
    cumulative,
  ]
  const [own, plain] = [measuring(true, options), measuring(false, options)]
  for (const { record } of [own, plain]) record({ operation: 'chat', requestModel: 'a', durationMs: 70 })
  for (const reader of options.keys())
    expect(comparable(await own.collect(reader))).toEqual(comparable(await plain.collect(reader)))
  expect((await own.collect(1)).scopeMetrics.flatMap(({ metrics }) => metrics)).toEqual([])
})

test('series beyond the limit of a reader go into one, marked as OpenTelemetry marks it, and nothing is lost', async () => {
  const own = measuring(true, [{ cardinalitySelector: (_: InstrumentType) => 10 }])
  for (let index = 0; index < 30; index++)
    own.record({ operation: 'chat', requestModel: `m${index}`, durationMs: 1000 })
  const points = await own.readers[0]!.points(metric.inferenceDuration)
  expect(points).toHaveLength(10)
  const overflow = points.filter(({ attributes }) => attributes['otel.metric.overflow'] === true)
  expect(overflow).toMatchObject([{ attributes: { 'otel.metric.overflow': true }, count: 21, sum: 21 }])
})

test('times are those of the measurements: since the first one, or since the last collection', async () => {
  vi.useFakeTimers({ now: 1_000_500 })
  const own = measuring(true, [cumulative, delta])
  const times = async (reader: number) =>
    (await own.collect(reader)).scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === metric.inferenceDuration)
      .flatMap(({ dataPoints }) => dataPoints.map(({ startTime, endTime }) => [startTime, endTime]))
  const measure = () => own.record({ operation: 'chat', durationMs: 1 })
  measure()
  vi.setSystemTime(1_002_000)
  expect(await times(0)).toEqual([
    [
      [1000, 5e8],
      [1002, 0],
    ],
  ])
  expect(await times(1)).toEqual([
    [
      [1000, 5e8],
      [1002, 0],
    ],
  ])
  expect(await times(1)).toEqual([])
  measure()
  vi.setSystemTime(1_003_250)
  expect(await times(0)).toEqual([
    [
      [1000, 5e8],
      [1003, 25e7],
    ],
  ])
  expect(await times(1)).toEqual([
    [
      [1002, 0],
      [1003, 25e7],
    ],
  ])
})

test('what was collected stays as it was while more is measured', async () => {
  const own = measuring(true, [cumulative, delta])
  own.record({ operation: 'chat', durationMs: 1 })
  const [before, since] = [await own.collect(0), await own.collect(1)]
  const texts = [JSON.stringify(before.scopeMetrics), JSON.stringify(since.scopeMetrics)]
  own.record({ operation: 'chat', durationMs: 1 })
  await own.collect(1)
  expect([JSON.stringify(before.scopeMetrics), JSON.stringify(since.scopeMetrics)]).toEqual(texts)
})

test('other metrics of the same scope stand beside them, in one scope', async () => {
  const own = measuring(true, [cumulative])
  own.record({ operation: 'chat', durationMs: 1 })
  own.meter.createCounter('another').add(1)
  const { scopeMetrics } = await own.collect(0)
  expect(scopeMetrics.map(({ scope }) => scope)).toEqual([SCOPE])
  const names = scopeMetrics[0]!.metrics.map(({ descriptor }) => descriptor.name)
  expect(names).toContain('another')
  expect(names).toContain(metric.inferenceDuration)
})

test('a provider without readers takes measurements, and its end is the end of its readers', async () => {
  measuring(true, []).record({ operation: 'chat', durationMs: 1 })
  const own = measuring(true, [cumulative])
  const ended = vi.spyOn(own.readers[0]!, 'shutdown')
  const flushed = vi.spyOn(own.readers[0]!, 'forceFlush')
  await own.provider.forceFlush()
  await own.provider.shutdown()
  expect(flushed).toHaveBeenCalledTimes(1)
  expect(ended).toHaveBeenCalledTimes(1)
})
