import { MeterProvider, type ViewOptions } from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import { createInstruments } from '../src/instruments.js'
import { meterSource } from '../src/meter-source.js'
import type { Operation } from '../src/operation.js'
import { metric } from '../src/semconv.js'
import {
  attributesOfMetric,
  costBuckets,
  dropAttributes,
  dropMetrics,
  exponentialHistograms,
  isTagAttributesView,
  keepAttributes,
  LONG_LATENCY,
  latencyBuckets,
  limitSeries,
  mergeViews,
  tagAttributes,
  tokenBuckets,
} from '../src/views.js'
import { InMemoryReader } from './in-memory.js'

const chat: Operation = {
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  serverAddress: 'api.openai.com',
  durationMs: 100_000,
  timeToFirstChunkMs: 700,
  usage: { inputTokens: 500, outputTokens: 20 },
  cost: { nanoDollars: 20_000_000, source: 'catalogue' },
}
const tool: Operation = { operation: 'execute_tool', toolName: 'search', durationMs: 100_000 }

/** What a chat for each model, and a tool, are measured as under these views. */
async function measured(
  views: readonly ViewOptions[],
  models: readonly string[] = ['gpt-4o'],
): Promise<InMemoryReader> {
  const reader = new InMemoryReader()
  const provider = new MeterProvider({ readers: [reader], views: [...views] })
  const { record, flush } = createInstruments(
    meterSource(provider.getMeter('test'), () => {}),
    {
      edition: 'current',
      tagAttributes: [],
      attributeValueLimit: 100,
      seriesLimit: 100,
      onOverflow: () => {},
    },
  )
  for (const requestModel of models) record({ ...chat, requestModel })
  record(tool)
  flush(() => false)
  return reader
}

async function boundariesOf(views: readonly ViewOptions[], name: string) {
  return (await (await measured(views)).point(name)).buckets?.boundaries
}

test('latency buckets reach ten minutes, for the durations of calls and not for those of tools', async () => {
  expect(await boundariesOf(latencyBuckets(), metric.inferenceDuration)).toEqual(LONG_LATENCY)
  expect(await boundariesOf(latencyBuckets(), metric.inferenceTimeToFirstChunk)).toEqual(LONG_LATENCY)
  expect((await boundariesOf(latencyBuckets(), metric.executeToolDuration))?.at(-1)).toBe(81.92)
  expect((await boundariesOf(latencyBuckets(), metric.inferenceOperationInput))?.at(0)).toBe(1)
  const own = latencyBuckets([1, 100, 200], [metric.executeToolDuration])
  const point = await (await measured(own)).point(metric.executeToolDuration)
  expect(point.buckets).toEqual({ boundaries: [1, 100, 200], counts: [0, 1, 0, 0] })
  expect((await boundariesOf(own, metric.inferenceDuration))?.at(-1)).toBe(81.92)
})

test('token and cost buckets are those asked for', async () => {
  expect(await boundariesOf(tokenBuckets([100, 1000]), metric.inferenceOperationInput)).toEqual([100, 1000])
  expect(await boundariesOf(tokenBuckets([100, 1000]), metric.inferenceOperationOutput)).toEqual([100, 1000])
  expect(await boundariesOf(costBuckets([0.01, 0.1]), metric.cost)).toEqual([0.01, 0.1])
})

test('exponential histograms have no boundaries, and keep count and sum', async () => {
  const point = await (await measured(exponentialHistograms())).point(metric.inferenceDuration)
  expect(point).toMatchObject({ count: 1, sum: 100 })
  expect(point.buckets).toBeUndefined()
  const reader = await measured(exponentialHistograms(20, [metric.cost]))
  expect((await reader.point(metric.cost)).buckets).toBeUndefined()
  expect((await reader.point(metric.inferenceDuration)).buckets?.boundaries).toHaveLength(14)
})

test('attributes are kept or left out, and what they told apart is added up', async () => {
  const models = ['a', 'b', 'c']
  const kept = await measured(keepAttributes(['gen_ai.provider.name']), models)
  expect(await kept.point(metric.inferenceUsageInput)).toMatchObject({
    attributes: { 'gen_ai.provider.name': 'openai' },
    value: 1500,
  })
  const dropped = await measured(
    dropAttributes(['gen_ai.request.model', 'server.address'], [metric.inferenceDuration]),
    models,
  )
  expect(await dropped.point(metric.inferenceDuration)).toMatchObject({
    attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' },
    count: 3,
  })
  expect(await dropped.points(metric.inferenceUsageInput)).toHaveLength(3)
})

test('a dropped metric is gone, and the others stay', async () => {
  const names = await (await measured(dropMetrics([metric.inferenceOperationInput, metric.cost]))).names()
  expect(names).not.toContain(metric.inferenceOperationInput)
  expect(names).not.toContain(metric.cost)
  expect(names).toContain(metric.inferenceOperationOutput)
})

test('series are limited a metric, and what is beyond is added up in one marked series', async () => {
  const reader = await measured(limitSeries(3), ['a', 'b', 'c', 'd', 'e'])
  const points = await reader.points(metric.inferenceDuration)
  expect(points).toHaveLength(3)
  expect(points.reduce((sum, { count }) => sum + count!, 0)).toBe(5)
  expect(points.filter(({ attributes }) => attributes['otel.metric.overflow'] === true)).toHaveLength(1)
})

test('views of the same metric are merged into one stream: later aggregations win, processors add up', async () => {
  const views = mergeViews([
    ...latencyBuckets([1, 2]),
    ...keepAttributes(['gen_ai.provider.name', 'gen_ai.request.model']),
    ...dropAttributes(['gen_ai.request.model']),
    ...latencyBuckets([5, 10], [metric.inferenceDuration]),
    ...limitSeries(50),
  ])
  expect(new Set(views.map((view) => view.instrumentName)).size).toBe(views.length)
  const point = await (await measured(views, ['a', 'b'])).point(metric.inferenceDuration)
  expect(point.attributes).toEqual({ 'gen_ai.provider.name': 'openai' })
  expect(point.buckets).toEqual({ boundaries: [5, 10], counts: [0, 0, 2] })
  expect(mergeViews([])).toEqual([])
  const byType: ViewOptions[] = [
    { instrumentName: '*', name: undefined },
    { instrumentName: '*', meterName: 'tokmeter' },
  ] as ViewOptions[]
  expect(mergeViews(byType)).toHaveLength(2)
})

test('views that cannot be meant are refused, saying what was got', () => {
  const f = (make: () => unknown, message: string) => expect(make).toThrow(message)
  const rising = 'boundaries must be rising finite numbers, at least one; got '
  f(() => latencyBuckets([]), `${rising}[]`)
  f(() => tokenBuckets([1, 1]), `${rising}[1, 1]`)
  f(() => costBuckets([2, 1]), `${rising}[2, 1]`)
  f(() => costBuckets([1, Number.NaN]), `${rising}[1, NaN]`)
  f(() => costBuckets([1, Infinity]), `${rising}[1, Infinity]`)
  f(() => limitSeries(1), 'limit must be an integer of at least 2; got 1')
})

test('tags as attributes are told from the views of OpenTelemetry', () => {
  expect(isTagAttributesView(tagAttributes('tenant', 'feature'))).toBe(true)
  expect(tagAttributes('tenant', 'feature').tagAttributes).toEqual(['tenant', 'feature'])
  expect(latencyBuckets().some(isTagAttributesView)).toBe(false)
})

test('the attributes of a metric can be asked for', () => {
  expect(attributesOfMetric(metric.invokeAgentToolCalls)).toEqual(['gen_ai.agent.name'])
  expect(attributesOfMetric('no.such.metric')).toEqual([])
})
