import type { Attributes } from '@opentelemetry/api'
import { MeterProvider, type ViewOptions } from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import type { SemconvEdition } from '../src/catalogue.js'
import { createInstruments, gapBucket, type InstrumentsOptions } from '../src/instruments.js'
import { meterSource } from '../src/meter-source.js'
import type { Operation } from '../src/operation.js'
import { attribute, boundaries, metric, SCHEMA_URL } from '../src/semconv.js'
import { InMemoryReader, type Point } from './in-memory.js'

const always = () => false

/** Instruments on a real MeterProvider, and what was told of overflows and errors. */
function instruments(options: Partial<InstrumentsOptions> = {}, views: ViewOptions[] = []) {
  const reader = new InMemoryReader()
  const provider = new MeterProvider({ readers: [reader], views })
  const overflows: string[] = []
  const errors: unknown[] = []
  const { record, flush } = createInstruments(
    meterSource(provider.getMeter('test', '1', { schemaUrl: SCHEMA_URL }), (error) => errors.push(error)),
    {
      edition: 'current',
      tagAttributes: [],
      attributeValueLimit: 100,
      seriesLimit: 100,
      onOverflow: (name) => overflows.push(name),
      ...options,
    },
  )
  return { record, flush, reader, overflows, errors }
}

/** What operations are measured as. */
async function measured(operations: readonly Operation[], options?: Partial<InstrumentsOptions>): Promise<Point[]> {
  const { record, flush, reader } = instruments(options)
  for (const operation of operations) record(operation)
  expect(flush(always)).toBe(true)
  return reader.points()
}

/** A point as one line: `name{modality} = value`, `name{} = sum/count`. */
function line({ name, attributes, value, sum, count }: Point): string {
  const variant = [attribute.tokenModality, attribute.tokenType, attribute.costSource].map((key) => attributes[key])
  return `${name}{${variant.filter(Boolean)}} = ${value ?? `${sum}/${count}`}`
}

const chat: Operation = {
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  responseModel: 'gpt-4o-2024-08-06',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  durationMs: 1500,
  usage: { inputTokens: 1000, outputTokens: 200 },
  cost: { nanoDollars: 4_500_000, source: 'catalogue' },
}

test('each sort of operation becomes exactly the measurements of its edition', async () => {
  const f = async (edition: SemconvEdition, operation: Operation, lines: string[]) =>
    expect((await measured([operation], { edition })).map(line).sort()).toEqual([...lines].sort())

  const chatNow = [
    'gen_ai.client.inference.duration{} = 1.5/1',
    'gen_ai.client.inference.usage.input_tokens{unknown} = 1000',
    'gen_ai.client.inference.usage.output_tokens{unknown} = 200',
    'gen_ai.client.inference.operation.input_tokens{} = 1000/1',
    'gen_ai.client.inference.operation.output_tokens{} = 200/1',
  ]
  const chatThen = [
    'gen_ai.client.operation.duration{} = 1.5/1',
    'gen_ai.client.token.usage{input} = 1000/1',
    'gen_ai.client.token.usage{output} = 200/1',
  ]
  const cost = 'tokmeter.operation.cost{catalogue} = 0.0045/1'
  await f('current', chat, [...chatNow, cost])
  await f('v1.41', chat, [...chatThen, cost])
  await f('both', chat, [...chatNow, ...chatThen, cost])
  await f('current', { ...chat, operation: 'generate_content' }, [...chatNow, cost])
  await f('current', { ...chat, operation: 'text_completion' }, [...chatNow, cost])

  // Every detail of usage, in its own counter and by its own modality.
  const usage = {
    inputTokens: 1000,
    outputTokens: 200,
    cacheReadTokens: 600,
    cacheWriteTokens: 100,
    reasoningTokens: 50,
    inputByModality: { text: 700, audio: 300 },
    outputByModality: { text: 150 },
    cacheReadByModality: { image: 600 },
  }
  await f('current', { ...chat, usage }, [
    'gen_ai.client.inference.duration{} = 1.5/1',
    'gen_ai.client.inference.usage.input_tokens{text} = 700',
    'gen_ai.client.inference.usage.input_tokens{audio} = 300',
    'gen_ai.client.inference.usage.output_tokens{text} = 150',
    'gen_ai.client.inference.usage.output_tokens{unknown} = 50',
    'gen_ai.client.inference.usage.cache_read.input_tokens{image} = 600',
    'gen_ai.client.inference.usage.cache_write.input_tokens{unknown} = 100',
    'gen_ai.client.inference.usage.reasoning.output_tokens{unknown} = 50',
    'gen_ai.client.inference.operation.input_tokens{} = 1000/1',
    'gen_ai.client.inference.operation.output_tokens{} = 200/1',
    cost,
  ])

  // A stream: time to the first chunk, and one measurement for every chunk after it.
  const streamed = { ...chat, timeToFirstChunkMs: 400, outputChunkGaps: [50, 3] }
  await f('both', streamed, [
    ...chatNow,
    ...chatThen,
    'gen_ai.client.inference.time_to_first_chunk{} = 0.4/1',
    'gen_ai.client.operation.time_to_first_chunk{} = 0.4/1',
    'gen_ai.client.inference.time_per_output_chunk{} = 0.15000000000000002/3',
    'gen_ai.client.operation.time_per_output_chunk{} = 0.15000000000000002/3',
    cost,
  ])

  // Missing usage is counted, and both totals exist with 0; missing cost is counted, and is no cost of 0.
  const unknown = [
    'gen_ai.client.inference.usage.input_tokens{unknown} = 0',
    'gen_ai.client.inference.usage.output_tokens{unknown} = 0',
    'tokmeter.operation.usage_missing{} = 1',
    'tokmeter.operation.unpriced{} = 1',
  ]
  await f('current', { ...chat, usage: undefined, cost: undefined }, [
    'gen_ai.client.inference.duration{} = 1.5/1',
    ...unknown,
  ])
  // Nobody knows how long an abandoned operation took.
  await f('current', { operation: 'chat', error: { type: 'abandoned' } }, unknown)
  await f('current', { ...chat, cost: { nanoDollars: 0, source: 'override' } }, [
    ...chatNow,
    'tokmeter.operation.cost{override} = 0/1',
  ])
  await f('current', { ...chat, retries: 2, cost: { nanoDollars: 7e9, source: 'provider' } }, [
    ...chatNow,
    'tokmeter.operation.cost{provider} = 7/1',
    'tokmeter.operation.retries{} = 2',
  ])
  await f('current', { ...chat, retries: 0 }, [...chatNow, cost])

  const embeddings = { ...chat, operation: 'embeddings', usage: { inputTokens: 8 } }
  const embeddingsNow = [
    'gen_ai.client.embeddings.duration{} = 1.5/1',
    'gen_ai.client.embeddings.operation.input_tokens{} = 8/1',
  ]
  const embeddingsThen = ['gen_ai.client.operation.duration{} = 1.5/1', 'gen_ai.client.token.usage{input} = 8/1']
  await f('current', embeddings, [...embeddingsNow, cost])
  await f('v1.41', embeddings, [...embeddingsThen, cost])
  await f('both', embeddings, [...embeddingsNow, ...embeddingsThen, cost])

  const tool = { operation: 'execute_tool', toolName: 'search', durationMs: 20 }
  const agent = { operation: 'invoke_agent', agentName: 'planner', durationMs: 6000, inferenceCalls: 4, toolCalls: 0 }
  const workflow = { operation: 'invoke_workflow', workflowName: 'nightly', durationMs: 60_000 }
  for (const edition of ['current', 'v1.41', 'both'] as const) {
    await f(edition, tool, ['gen_ai.execute_tool.duration{} = 0.02/1'])
    // The usage and cost of an agent are those of the calls inside it, and not counted again.
    await f(edition, { ...agent, usage, cost: chat.cost }, [
      'gen_ai.invoke_agent.duration{} = 6/1',
      'gen_ai.invoke_agent.inference_calls{} = 4/1',
      'gen_ai.invoke_agent.tool_calls{} = 0/1',
    ])
    await f(edition, workflow, ['gen_ai.invoke_workflow.duration{} = 60/1'])
    await f(edition, { operation: 'rerank', durationMs: 250 }, ['gen_ai.client.operation.duration{} = 0.25/1'])
  }
  // No token usage for an answer fetched again: it was counted when it was made.
  await f('both', { ...chat, operation: 'fetch_response', cost: undefined }, [
    'gen_ai.client.operation.duration{} = 1.5/1',
  ])
})

test('a measurement carries the attributes of its operation, and none without a value', async () => {
  const attributesOf = async (operation: Operation, name: string) => {
    const points = await measured([operation])
    return points.find((point) => point.name === name)?.attributes
  }
  const call: Attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
    'server.address': 'api.openai.com',
    'server.port': 443,
  }
  expect(await attributesOf(chat, metric.inferenceDuration)).toEqual(call)
  expect(await attributesOf({ operation: 'chat', durationMs: 1 }, metric.inferenceDuration)).toEqual({
    'gen_ai.operation.name': 'chat',
  })

  const failed = { ...chat, error: { type: 'RateLimitError', code: '429', message: 'slow down' } }
  expect(await attributesOf(failed, metric.inferenceDuration)).toEqual({ ...call, 'error.type': 'RateLimitError' })
  expect(await attributesOf(failed, metric.inferenceUsageInput)).toEqual({
    ...call,
    'gen_ai.token.modality': 'unknown',
  })
  expect(await attributesOf(failed, metric.cost)).toEqual({ ...call, 'tokmeter.cost.source': 'catalogue' })

  const flex = { ...chat, serviceTier: 'flex' }
  const tier = { 'openai.response.service_tier': 'flex' }
  expect(await attributesOf(flex, metric.inferenceDuration)).toEqual({ ...call, ...tier })
  expect(await attributesOf({ ...flex, timeToFirstChunkMs: 1 }, metric.inferenceTimeToFirstChunk)).toEqual(call)
  expect(await attributesOf({ ...flex, provider: 'anthropic' }, metric.inferenceDuration)).toEqual({
    ...call,
    'gen_ai.provider.name': 'anthropic',
  })

  const tool = {
    operation: 'execute_tool',
    toolName: 'search',
    toolType: 'function',
    agentName: 'planner',
    durationMs: 1,
  }
  expect(await attributesOf({ ...tool, error: { type: 'TimeoutError' } }, metric.executeToolDuration)).toEqual({
    'gen_ai.tool.name': 'search',
    'gen_ai.tool.type': 'function',
    'gen_ai.agent.name': 'planner',
    'error.type': 'TimeoutError',
  })
  const agent = { operation: 'invoke_agent', agentName: 'planner', requestModel: 'gpt-4o', durationMs: 1, toolCalls: 1 }
  expect(await attributesOf(agent, metric.invokeAgentDuration)).toEqual({
    'gen_ai.agent.name': 'planner',
    'gen_ai.request.model': 'gpt-4o',
  })
  expect(await attributesOf(agent, metric.invokeAgentToolCalls)).toEqual({ 'gen_ai.agent.name': 'planner' })
  const workflow = { operation: 'invoke_workflow', workflowName: 'nightly', durationMs: 1, provider: 'openai' }
  expect(await attributesOf(workflow, metric.invokeWorkflowDuration)).toEqual({ 'gen_ai.workflow.name': 'nightly' })
})

test('operations that differ in one attribute are different series, whatever the value looks like', async () => {
  const series = async (changes: Partial<Operation>[], name: string = metric.inferenceDuration) => {
    const operations = changes.map((change) => ({ operation: 'chat', durationMs: 1000, ...change }))
    const points = await measured(operations, { tagAttributes: ['flag'] })
    return points.filter((point) => point.name === name).length
  }
  expect(await series([{}, {}])).toBe(1)
  expect(await series([{ provider: 'undefined' }, {}])).toBe(2)
  expect(await series([{ requestModel: 'a' }, { responseModel: 'a' }])).toBe(2)
  expect(await series([{ serverPort: 80 }, { serverPort: 443 }])).toBe(2)
  expect(await series([{ error: { type: 'a' } }, { error: { type: 'b' } }, {}])).toBe(3)
  expect(await series([{ serviceTier: 'flex' }, {}])).toBe(1)
  expect(await series([{ provider: 'openai', serviceTier: 'flex' }, { provider: 'openai' }])).toBe(2)
  expect(await series([{ tags: { flag: true } }, { tags: { flag: 'true' } }, {}])).toBe(3)
  const tool = (changes: Partial<Operation>) => ({ operation: 'execute_tool', ...changes })
  expect(
    await series([tool({ toolType: 'function' }), tool({}), tool({ toolName: 'a' })], metric.executeToolDuration),
  ).toBe(3)
})

test('the buckets of histograms are those of the conventions', async () => {
  const points = await measured(
    [
      { ...chat, durationMs: 10 },
      { ...chat, durationMs: 10.1 },
      { ...chat, durationMs: 90_000 },
    ],
    { edition: 'both' },
  )
  const duration = points.find((point) => point.name === metric.inferenceDuration)
  expect(duration?.unit).toBe('s')
  expect(duration?.buckets?.boundaries).toEqual(boundaries.duration)
  expect(duration?.buckets?.counts).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  const tokens = points.find((point) => point.name === metric.inferenceOperationInput)
  expect(tokens?.unit).toBe('{token}')
  expect(tokens?.buckets?.boundaries).toEqual(boundaries.tokens)
  const cost = points.find((point) => point.name === metric.cost)
  expect(cost?.unit).toBe('USD')
  expect(cost?.buckets?.boundaries).toEqual(boundaries.cost)
})

test('counters are summed: one call a series and a flush, however many operations', async () => {
  const { reader, record, flush } = instruments({}, [
    { instrumentName: metric.inferenceUsageInput, attributesProcessors: [{ process: counting }] },
  ])
  let calls = 0
  function counting(attributes: Attributes): Attributes {
    calls++
    return attributes
  }
  for (let i = 0; i < 1000; i++) record({ ...chat, requestModel: i % 2 === 0 ? 'a' : 'b' })
  expect(calls).toBe(0)
  expect(flush(always)).toBe(true)
  expect(calls).toBe(2)
  expect(flush(always)).toBe(true)
  expect(calls).toBe(2)
  const points = await reader.points(metric.inferenceUsageInput)
  expect(points.map(({ value }) => value)).toEqual([500_000, 500_000])
})

test('a gap falls into the bucket a histogram would put it in', () => {
  const f = (milliseconds: number, bucket: number) => expect(gapBucket(milliseconds)).toBe(bucket)
  f(0, 0)
  f(10, 0)
  f(10.001, 1)
  f(20, 1)
  f(81_920, 13)
  f(81_921, 14)
  f(Infinity, 14)
})

test('gaps between chunks keep their count, their sum and their distribution', async () => {
  const gaps = [5, 10, 15, 20, 1000, 3, 100_000, 1]
  const points = await measured([
    { ...chat, outputChunkGaps: gaps },
    { ...chat, outputChunkGaps: [7, 10] },
    { ...chat, outputChunkGaps: [] },
    chat,
  ])
  const point = points.find(({ name }) => name === metric.inferenceTimePerOutputChunk)
  expect(point?.count).toBe(44)
  expect(point?.sum).toBeCloseTo(0.05 + 0.07 + 0.3 + 3 + 100, 9)
  expect(point?.buckets?.counts).toEqual([20, 20, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1])
})

test('a flush that runs out of time goes on where it stopped, and loses and repeats nothing', async () => {
  const { reader, record, flush } = instruments()
  record({
    ...chat,
    outputChunkGaps: [30, 1000, 300, 1000],
  })
  record({ ...chat, requestModel: 'b', outputChunkGaps: [30, 50] })
  let flushes = 0
  let more = 0
  while (!flush(() => true)) {
    flushes++
    // What comes between the halves is not lost either.
    if (more++ < 10) record({ ...chat, outputChunkGaps: [30, 1] })
  }
  expect(flushes).toBeGreaterThan(60)
  const points = await reader.points(metric.inferenceTimePerOutputChunk)
  expect(points.map(({ count }) => count).sort()).toEqual([2010, 50])
  expect(points.reduce((sum, point) => sum + point.sum!, 0)).toBeCloseTo(30 + 300 + 1.5 + 0.3, 6)
  const usage = await reader.points(metric.inferenceUsageInput)
  expect(usage.map(({ value }) => value)).toEqual([11_000, 1000])
})

test('sums are not held back by gaps that wait', async () => {
  const { reader, record, flush } = instruments()
  record({ ...chat, outputChunkGaps: [30, 1000] })
  expect(flush(() => true)).toBe(false)
  expect((await reader.point(metric.inferenceUsageInput)).value).toBe(1000)
})

test('a value beyond the limit of its attribute becomes _OTHER and is told each time', async () => {
  const { reader, record, flush, overflows } = instruments({ attributeValueLimit: 3 })
  for (const model of ['a', 'b', 'c', 'd', 'e', 'd', 'a'])
    record({ operation: 'chat', requestModel: model, durationMs: 1 })
  flush(always)
  const points = await reader.points(metric.inferenceDuration)
  const counts = Object.fromEntries(points.map((point) => [point.attributes['gen_ai.request.model'], point.count]))
  expect(counts).toEqual({ a: 2, b: 1, c: 1, _OTHER: 3 })
  expect(overflows).toEqual(['gen_ai.request.model', 'gen_ai.request.model', 'gen_ai.request.model'])
})

test('the service tier, which comes from the wire, is bounded like every other value', async () => {
  const { reader, record, flush, overflows } = instruments({ attributeValueLimit: 2 })
  for (const serviceTier of ['a', 'b', 'c', 'd'])
    record({ operation: 'chat', provider: 'openai', serviceTier, durationMs: 1 })
  flush(always)
  const points = await reader.points(metric.inferenceDuration)
  expect(points.map((point) => point.attributes['openai.response.service_tier'])).toEqual(['a', 'b', '_OTHER'])
  expect(overflows).toEqual(['openai.response.service_tier', 'openai.response.service_tier'])
})

test('what is beyond the limit of series goes into one, marked as OpenTelemetry marks it, and is told', async () => {
  const { reader, record, flush, overflows } = instruments({ seriesLimit: 2 })
  for (const model of ['a', 'b', 'c', 'd', 'c', 'a']) record({ ...chat, requestModel: model, outputChunkGaps: [10, 2] })
  flush(always)
  const durations = await reader.points()
  const of = (name: string) =>
    durations
      .filter((point) => point.name === name)
      .map(({ attributes, count, value }) => [attributes['gen_ai.request.model'] ?? attributes, count ?? value])
  const overflow = { 'otel.metric.overflow': true }
  expect(of(metric.inferenceDuration)).toEqual([
    ['a', 2],
    ['b', 1],
    [overflow, 3],
  ])
  expect(of(metric.inferenceTimePerOutputChunk)).toContainEqual([overflow, 6])
  expect(of(metric.inferenceUsageInput)).toContainEqual([overflow, 3000])
  expect(overflows).toEqual(['otel.metric.overflow', 'otel.metric.overflow', 'otel.metric.overflow'])
})

test('a flood of names takes bounded room and counts every operation', async () => {
  const { reader, record, flush, overflows } = instruments({ seriesLimit: 10, attributeValueLimit: 20 })
  for (let i = 0; i < 5000; i++) record({ ...chat, requestModel: `model-${i}` })
  for (let i = 0; i < 100; i++) record({ ...chat, requestModel: 'model-0' })
  flush(always)
  const points = await reader.points(metric.inferenceDuration)
  expect(points.length).toBe(11)
  expect(points.reduce((sum, { count }) => sum + count!, 0)).toBe(5100)
  expect(points.find((point) => point.attributes['gen_ai.request.model'] === 'model-0')?.count).toBe(101)
  const usage = await reader.points(metric.inferenceUsageInput)
  expect(usage.reduce((sum, { value }) => sum + value!, 0)).toBe(5_100_000)
  expect(overflows.length).toBe(4990 + 4980)
})

test('tags become attributes only where they are asked for', async () => {
  const tagged = { ...chat, tags: { tenant: 'acme', feature: 'search', plan: 3, trial: false } }
  const attributesOf = async (tagAttributes: string[], operation: Operation = tagged) => {
    const points = await measured([operation], { tagAttributes })
    return Object.entries(points[0]!.attributes).filter(([name]) => name.startsWith('tokmeter.tag.'))
  }
  expect(await attributesOf([])).toEqual([])
  expect(await attributesOf(['tenant', 'missing'])).toEqual([['tokmeter.tag.tenant', 'acme']])
  expect(await attributesOf(['plan', 'trial'])).toEqual([
    ['tokmeter.tag.plan', 3],
    ['tokmeter.tag.trial', false],
  ])
  expect(await attributesOf(['tenant'], { ...tagged, operation: 'execute_tool', durationMs: 1 })).toHaveLength(1)
  expect(await attributesOf(['tenant'], { ...tagged, operation: 'invoke_agent', durationMs: 1 })).toHaveLength(1)
  expect(await attributesOf(['tenant'], { ...tagged, operation: 'invoke_workflow', durationMs: 1 })).toHaveLength(1)
})

test("an attribute processor of the application's that throws is told, and neither stops nor repeats the rest", async () => {
  const refusing = [
    {
      process: () => {
        throw new Error('no')
      },
    },
  ]
  const { reader, record, flush, errors } = instruments({}, [
    { instrumentName: metric.inferenceUsageInput, attributesProcessors: refusing },
    { instrumentName: metric.inferenceTimePerOutputChunk, attributesProcessors: refusing },
  ])
  record({ ...chat, outputChunkGaps: [10, 500] })
  expect(flush(always)).toBe(true)
  expect(flush(always)).toBe(true)
  expect(errors.length).toBe(2)
  expect((await reader.point(metric.inferenceUsageOutput)).value).toBe(200)
  expect((await reader.point(metric.inferenceDuration)).count).toBe(1)
})
