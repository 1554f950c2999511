/** Attributes of the conventions, of every edition, and of those who add names of their own: one row a span, the exact operation expected. */
import { expect, test } from 'vitest'
import { logsRequest, type PlainAttributes, type PlainSpan, START, TRACE_ID, tracesRequest } from '../otlp/request.js'
import { fieldsOf, NOW, normalised, normaliserOf, toldBy } from './normalising.js'

const SPAN = {
  id: `${TRACE_ID}-0000000000000001`,
  startTime: START,
  durationMs: 1000,
  streamed: false,
  service: 'shop',
  traceId: TRACE_ID,
  spanId: '0000000000000001',
  sampled: true,
}

const costOf = (input: number, output: number) => ({
  nanoDollars: input * 100 + output * 1000,
  source: 'catalogue',
  version: 'test',
})

/** The operation of a span of these attributes is `expected`, besides what every span has. */
function f(attributes: PlainAttributes, expected: object, span: PlainSpan = {}, scope = 'test') {
  const result = normalised(tracesRequest([{ ...span, attributes }], { scope }))
  expect(fieldsOf(result.operations)).toEqual([{ ...SPAN, ...expected }])
}

/** A span of these attributes is no operation, of that dialect or of none. */
function ignored(attributes: PlainAttributes, dialect: string | undefined, span: PlainSpan = {}, scope = 'test') {
  const result = normalised(tracesRequest([{ ...span, attributes }], { scope }))
  expect(result.operations).toEqual([])
  expect(toldBy(result)).toEqual(dialect === undefined ? {} : { [dialect]: [0, 1, 0] })
  expect(result.foreign).toBe(dialect === undefined ? 1 : 0)
}

test('current names', () => {
  f(
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.request.stream': true,
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.response.finish_reasons': ['length', 'stop'],
      'gen_ai.response.time_to_first_chunk': 0.25,
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.cache_read.input_tokens': 600,
      'gen_ai.usage.cache_write.input_tokens': 100,
      'gen_ai.usage.reasoning.output_tokens': 20,
      'gen_ai.usage.audio.input_tokens': 10,
      'gen_ai.usage.text.output_tokens': 30,
      'gen_ai.usage.image.cache_read.input_tokens': 5,
      'gen_ai.conversation.id': 'conversation-1',
      'gen_ai.agent.name': 'helper',
      'openai.response.service_tier': 'flex',
      'server.address': 'api.openai.com',
      'server.port': 443,
      'user.id': 'user-1',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.input.messages': 'SECRET',
    },
    {
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      responseId: 'chatcmpl-1',
      finishReason: 'length',
      timeToFirstChunkMs: 250,
      streamed: true,
      usage: {
        inputTokens: 1000,
        outputTokens: 50,
        cacheReadTokens: 600,
        cacheWriteTokens: 100,
        reasoningTokens: 20,
        inputByModality: { audio: 10 },
        outputByModality: { text: 30 },
        cacheReadByModality: { image: 5 },
      },
      cost: costOf(1000, 50),
      conversationId: 'hash of conversation-1',
      userId: 'hash of user-1',
      agentName: 'helper',
      serviceTier: 'flex',
      serverAddress: 'api.openai.com',
      serverPort: 443,
    },
  )
})

test('names of v1.41 and before, back to v1.27', () => {
  f(
    {
      'gen_ai.operation.name': 'text_completion',
      'gen_ai.system': 'az.ai.openai',
      'gen_ai.request.model': 'gpt-35',
      'gen_ai.usage.prompt_tokens': '12',
      'gen_ai.usage.completion_tokens': '3',
      'gen_ai.usage.cache_creation.input_tokens': 4,
      'gen_ai.openai.response.service_tier': 'default',
    },
    {
      operation: 'text_completion',
      provider: 'azure.ai.openai',
      requestModel: 'gpt-35',
      usage: { inputTokens: 12, outputTokens: 3, cacheWriteTokens: 4 },
      cost: costOf(12, 3),
      serviceTier: 'default',
    },
  )
})

test('without the name of the operation a model and its usage are enough', () => {
  const call = { 'gen_ai.system': 'cohere', 'gen_ai.request.model': 'embed-v4' }
  f(call, { operation: 'chat', provider: 'cohere', requestModel: 'embed-v4' })
  f(call, { operation: 'embeddings', provider: 'cohere', requestModel: 'embed-v4' }, { name: 'embeddings embed-v4' })
  ignored({ 'gen_ai.usage.input_tokens': 5 }, 'opentelemetry')
  ignored({ 'gen_ai.request.model': 'gpt-4o' }, 'opentelemetry')
})

test('tools, agents and workflows; what an agent used is not priced again', () => {
  f(
    { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', 'gen_ai.tool.type': 'function' },
    { operation: 'execute_tool', toolName: 'search', toolType: 'function' },
    { kind: 1 },
  )
  f(
    {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'planner',
      'gen_ai.usage.input_tokens': 9,
      'gen_ai.usage.output_tokens': 1,
    },
    { operation: 'invoke_agent', agentName: 'planner', usage: { inputTokens: 9, outputTokens: 1 } },
  )
  f(
    { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': 'nightly' },
    { operation: 'invoke_workflow', workflowName: 'nightly' },
  )
  f({ 'gen_ai.operation.name': 'my own thing' }, { operation: 'my own thing' })
  ignored({ 'gen_ai.operation.name': 'agent_step' }, 'opentelemetry')
})

test('failures: the type that is sent, the exception, the HTTP status, or nothing to go by', () => {
  const call = { 'gen_ai.operation.name': 'chat' }
  f(
    { ...call, 'error.type': 'timeout' },
    { operation: 'chat', error: { type: 'timeout', message: 'it took too long' } },
    { failure: 'it took too long' },
  )
  f(
    { ...call, 'http.response.status_code': 429 },
    { operation: 'chat', error: { type: 'RateLimitError', code: '429', message: 'slow down, [EMAIL]' } },
    { failure: 'x', exception: { type: 'RateLimitError', message: 'slow down, a@example.com' } },
  )
  f(
    { ...call, 'http.response.status_code': 500 },
    { operation: 'chat', error: { type: '500', code: '500', message: 'x' } },
    { failure: 'x' },
  )
  f(call, { operation: 'chat', error: { type: '_OTHER' } }, { failure: '' })
  // A sender that tells the type, but sets no status.
  f({ ...call, 'error.type': 'timeout' }, { operation: 'chat', error: { type: 'timeout' } })
  // Recorded, but dealt with.
  f(call, { operation: 'chat' }, { exception: { type: 'Error', message: 'x' } })
})

test('costs that were sent are kept; a 0 of those who estimate is unknown', () => {
  const call = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'm',
    'gen_ai.usage.input_tokens': 1,
    'gen_ai.usage.output_tokens': 1,
  }
  const kept = { operation: 'chat', requestModel: 'm', usage: { inputTokens: 1, outputTokens: 1 } }
  f(
    {
      ...call,
      'gen_ai.usage.cost.amount': 0.0123,
      'gen_ai.usage.cost.currency': 'USD',
      'gen_ai.usage.cost.source': 'provider',
    },
    { ...kept, cost: { nanoDollars: 12_300_000, source: 'provider' } },
  )
  f(
    { ...call, 'gen_ai.usage.cost.amount': 0.5, 'gen_ai.usage.cost.source': 'local' },
    { ...kept, cost: { nanoDollars: 500_000_000, source: 'provider', version: 'sender' } },
  )
  f({ ...call, 'gen_ai.usage.cost.amount': 0.5, 'gen_ai.usage.cost.currency': 'EUR' }, { ...kept, cost: costOf(1, 1) })
  f(
    { ...call, 'gen_ai.usage.cost': 0.25 },
    { ...kept, cost: { nanoDollars: 250_000_000, source: 'provider', version: 'sender' } },
  )
  f({ ...call, 'gen_ai.usage.cost': 0 }, { ...kept, cost: costOf(1, 1) })
  f({ ...call, 'gen_ai.usage.cost': -1 }, { ...kept, cost: costOf(1, 1) })
  f({ ...call, 'gen_ai.request.model': 'unpriced' }, { ...kept, requestModel: 'unpriced' })
})

test('input that leaves out what was cached is completed', () => {
  const call = (input: number) => ({
    'gen_ai.operation.name': 'chat',
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.cache_read_input_tokens': 500,
    'gen_ai.usage.cache_creation_input_tokens': 40,
  })
  const usage = (input: number) => ({
    operation: 'chat',
    usage: { inputTokens: input, cacheReadTokens: 500, cacheWriteTokens: 40 },
    cost: costOf(input, 0),
  })
  f(call(10), usage(550))
  f(call(540), usage(540))
  f(call(900), usage(900))
})

test("a model server's own span is the other side of a call that its client tells of", () => {
  ignored({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'llama' }, 'opentelemetry', { kind: 2 })
})

test('OpenLLMetry of before the conventions', () => {
  f(
    {
      'gen_ai.system': 'Anthropic',
      'llm.request.type': 'completion',
      'gen_ai.request.model': 'claude-haiku-4-5',
      'gen_ai.response.model': 'claude-haiku-4-5-20251001',
      'gen_ai.usage.prompt_tokens': 8,
      'gen_ai.usage.completion_tokens': 2,
      'llm.usage.total_tokens': 10,
      'llm.is_streaming': true,
      'gen_ai.prompt.0.content': 'SECRET',
      'gen_ai.completion.0.content': 'SECRET',
      'gen_ai.completion.0.finish_reason': 'end_turn',
      'traceloop.association.properties.user_id': 'user-1',
      'traceloop.association.properties.session_id': 'session-1',
      'traceloop.association.properties.plan': 'gold',
      'traceloop.association.properties.email': 'a@example.com',
      'traceloop.workflow.name': 'answer',
    },
    {
      operation: 'text_completion',
      provider: 'anthropic',
      requestModel: 'claude-haiku-4-5',
      responseModel: 'claude-haiku-4-5-20251001',
      streamed: true,
      usage: { inputTokens: 8, outputTokens: 2 },
      cost: costOf(8, 2),
      finishReason: 'end_turn',
      workflowName: 'answer',
      userId: 'hash of user-1',
      conversationId: 'hash of session-1',
      tags: { plan: 'gold' },
    },
    {},
    'opentelemetry.instrumentation.anthropic',
  )
})

test("OpenLLMetry's decorators: workflows, agents and tools are operations, tasks are steps", () => {
  const decorated = (kind: string) => ({
    'traceloop.span.kind': kind,
    'traceloop.entity.name': 'it',
    'traceloop.entity.input': 'SECRET',
  })
  f(decorated('workflow'), { operation: 'invoke_workflow', workflowName: 'it' })
  f(decorated('agent'), { operation: 'invoke_agent', agentName: 'it' })
  f(decorated('tool'), { operation: 'execute_tool', toolName: 'it' })
  ignored(decorated('task'), 'openllmetry')
})

test('OpenInference: models, embeddings, tools, agents, retrievers; chains are steps', () => {
  const kind = (name: string) => ({ 'openinference.span.kind': name })
  f(
    {
      ...kind('LLM'),
      'llm.model_name': 'gpt-4o',
      'llm.provider': 'azure',
      'llm.system': 'openai',
      'llm.token_count.prompt': 10,
      'llm.token_count.completion': 4,
      'llm.token_count.prompt_details.audio': 3,
      'llm.cost.total': 0.002,
      'session.id': 's',
      'user.id': 'u',
      'llm.invocation_parameters': '{"stream": true, "user": "SECRET"}',
    },
    {
      operation: 'chat',
      provider: 'azure.ai.openai',
      requestModel: 'gpt-4o',
      streamed: true,
      usage: { inputTokens: 10, outputTokens: 4, inputByModality: { audio: 3 } },
      cost: { nanoDollars: 2_000_000, source: 'provider', version: 'sender' },
      conversationId: 'hash of s',
      userId: 'hash of u',
    },
  )
  f({ ...kind('EMBEDDING'), 'embedding.model_name': 'e' }, { operation: 'embeddings', requestModel: 'e' })
  f({ ...kind('TOOL'), 'tool.name': 't' }, { operation: 'execute_tool', toolName: 't' })
  f(kind('TOOL'), { operation: 'execute_tool', toolName: 'span' })
  f({ ...kind('AGENT'), 'agent.name': 'a' }, { operation: 'invoke_agent', agentName: 'a' })
  f(kind('RETRIEVER'), { operation: 'retrieval' })
  f({ ...kind('RERANKER'), 'reranker.model_name': 'r' }, { operation: 'rerank', requestModel: 'r' })
  for (const step of ['CHAIN', 'PROMPT', 'GUARDRAIL', 'EVALUATOR', 'UNKNOWN']) ignored(kind(step), 'openinference')
})

test('the AI SDK of versions 3 and 4, with what the program says of the call', () => {
  f(
    {
      'ai.operationId': 'ai.streamText.doStream',
      'ai.model.id': 'gemini-2.5-flash',
      'ai.model.provider': 'google.generative-ai',
      'ai.usage.promptTokens': 7,
      'ai.usage.completionTokens': 5,
      'ai.response.msToFirstChunk': 120.5,
      'ai.response.finishReason': 'stop',
      'ai.telemetry.functionId': 'answer',
      'ai.telemetry.metadata.userId': 'user-1',
      'ai.telemetry.metadata.sessionId': 'session-1',
      'ai.telemetry.metadata.team': 'blue',
      'ai.telemetry.metadata.apiKey': 'SECRET',
      'ai.prompt.messages': 'SECRET',
    },
    {
      operation: 'chat',
      provider: 'gcp.gemini',
      requestModel: 'gemini-2.5-flash',
      streamed: true,
      timeToFirstChunkMs: 120.5,
      usage: { inputTokens: 7, outputTokens: 5 },
      cost: costOf(7, 5),
      finishReason: 'stop',
      userId: 'hash of user-1',
      conversationId: 'hash of session-1',
      tags: { functionId: 'answer', team: 'blue' },
    },
  )
  f(
    { 'ai.operationId': 'ai.generateImage', 'ai.model.provider': 'vertex.image' },
    { operation: 'generate_image', provider: 'gcp.vertex_ai' },
  )
  for (const outer of ['ai.generateText', 'ai.streamText', 'ai.generateObject', 'ai.embed', 'ai.embedMany'])
    ignored({ 'ai.operationId': outer }, 'vercel_ai')
})

test('providers by whatever name', () => {
  const names = {
    OpenAI: 'openai',
    'openai.responses': 'openai',
    'azure-openai.chat': 'azure.ai.openai',
    'azure.chat': 'azure.ai.openai',
    'azure.ai.inference': 'azure.ai.inference',
    'amazon-bedrock': 'aws.bedrock',
    AWS: 'aws.bedrock',
    'aws.bedrock': 'aws.bedrock',
    gemini: 'gcp.gemini',
    'google.vertex.chat': 'gcp.vertex_ai',
    'gcp.gen_ai': 'gcp.gen_ai',
    vertexai: 'gcp.vertex_ai',
    mistralai: 'mistral_ai',
    xai: 'x_ai',
    x_ai: 'x_ai',
    'ibm.watsonx.ai': 'ibm.watsonx.ai',
    'somebody else': 'somebody else',
  }
  for (const [sent, provider] of Object.entries(names)) {
    f({ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': sent }, { operation: 'chat', provider })
  }
})

test('where it ran: the environment of either edition, the region', () => {
  const placed = (resource: PlainAttributes) =>
    fieldsOf(normalised(tracesRequest([{ attributes: { 'gen_ai.operation.name': 'chat' } }], { resource })).operations)
  const place = { ...SPAN, operation: 'chat' }
  expect(
    placed({ 'service.name': 'shop', 'deployment.environment.name': 'production', 'cloud.region': 'eu-west-1' }),
  ).toEqual([{ ...place, environment: 'production', region: 'eu-west-1' }])
  expect(placed({ 'service.name': 'shop', 'deployment.environment': 'staging' })).toEqual([
    { ...place, environment: 'staging' },
  ])
})

const EVENT = 'gen_ai.client.inference.operation.details'
const eventAttributes = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 3,
  'gen_ai.usage.output_tokens': 2,
  'error.type': 'timeout',
}
const inSpan = { traceId: TRACE_ID, spanId: '0000000000000001', sampled: true }

test('an event of the conventions has the id of its span', () => {
  const result = normalised(logsRequest([{ ...inSpan, eventName: EVENT, attributes: eventAttributes }]))
  const { durationMs: _, ...span } = SPAN
  expect(fieldsOf(result.operations)).toEqual([
    {
      ...span,
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      usage: { inputTokens: 3, outputTokens: 2 },
      cost: costOf(3, 2),
      error: { type: 'timeout' },
    },
  ])
})

test('an event that tells nothing of its operation is left to the span, though none has been seen', () => {
  const nothing: PlainAttributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' }
  const g = (attributes: PlainAttributes, told: unknown, record: object = inSpan) => {
    const result = normalised(logsRequest([{ ...record, eventName: EVENT, attributes: { ...nothing, ...attributes } }]))
    expect(toldBy(result)).toEqual({ opentelemetry: told })
  }
  g({}, [0, 1, 0])
  g({ 'gen_ai.request.model': 'm' }, [1, 0, 0])
  g({ 'gen_ai.response.model': 'm' }, [1, 0, 0])
  g({ 'gen_ai.usage.output_tokens': 5 }, [1, 0, 0])
  g({ 'error.type': 'timeout' }, [1, 0, 0])
  // Where no span comes, it is all there is.
  g({}, [1, 0, 0], { ...inSpan, sampled: false })
  g({}, [1, 0, 0], {})
})

test('of a service that is known to send spans, the event of a sampled span is left to the span', () => {
  const normalise = normaliserOf()
  const event = logsRequest([{ ...inSpan, eventName: EVENT, attributes: eventAttributes }])
  const unsampled = logsRequest([{ ...inSpan, sampled: false, eventName: EVENT, attributes: eventAttributes }])
  expect(normalised(event, normalise).operations).toHaveLength(1)
  normalised(tracesRequest([{ attributes: eventAttributes }]), normalise)
  expect(toldBy(normalised(event, normalise))).toEqual({ opentelemetry: [0, 1, 0] })
  expect(normalised(unsampled, normalise).operations).toHaveLength(1)
  const elsewhere = logsRequest([{ ...inSpan, eventName: EVENT, attributes: eventAttributes }], {
    resource: { 'service.name': 'other' },
  })
  expect(normalised(elsewhere, normalise).operations).toHaveLength(1)
})

test('other events are no operations; those that have nothing to do with GenAI pass', () => {
  const records = [
    { eventName: 'gen_ai.user.message', attributes: { 'gen_ai.system': 'openai' } },
    { eventName: 'gen_ai.choice', attributes: { 'gen_ai.system': 'openai', index: 0 } },
    { eventName: 'user.login', attributes: { 'user.id': 'u' } },
    { body: 'a line of a log', attributes: { level: 'info' } },
  ]
  const result = normalised(logsRequest(records))
  expect(result).toMatchObject({ operations: [], items: 4, foreign: 2, rejected: 0 })
  expect(toldBy(result)).toEqual({ opentelemetry: [0, 2, 0] })
})

test('an event without a span and without a time gets an id of its own each time, and the time of its arrival', () => {
  const request = logsRequest([{ eventName: EVENT, attributes: eventAttributes }])
  ;(request.resourceLogs[0]!.scopeLogs[0]!.logRecords[0] as { timeUnixNano: string }).timeUnixNano = '0'
  const ids = [1, 2].map(() => normalised(request).operations[0])
  expect(ids[0]!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  expect(ids[0]!.id).not.toBe(ids[1]!.id)
  expect(ids[0]!.startTime).toBe(NOW)
})

test('a GenAI span without ids is rejected, and why is said; others without ids pass', () => {
  const result = normalised(
    tracesRequest([
      { spanId: '', attributes: { 'gen_ai.operation.name': 'chat' } },
      { attributes: { 'gen_ai.operation.name': 'chat' } },
      { spanId: '', attributes: { a: 1 } },
    ]),
  )
  expect(result.operations).toHaveLength(1)
  expect(result).toMatchObject({
    items: 3,
    rejected: 1,
    foreign: 1,
    message: 'a span of a GenAI operation needs a trace id and a span id',
  })
  expect(toldBy(result)).toEqual({ opentelemetry: [1, 0, 1] })
})

test('a span whose start is not told starts when it is received', () => {
  const request = tracesRequest([{ attributes: { 'gen_ai.operation.name': 'chat' } }])
  ;(request.resourceSpans[0]!.scopeSpans[0]!.spans[0] as { startTimeUnixNano: string }).startTimeUnixNano = '0'
  expect(normalised(request).operations).toMatchObject([{ startTime: NOW, durationMs: undefined }])
})

test('metrics are counted and pass', () => {
  const points = { dataPoints: [{}, {}] }
  const result = normalised({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'gen_ai.client.token.usage', histogram: points }] }] }],
  })
  expect(result).toMatchObject({ operations: [], items: 2, foreign: 2, rejected: 0 })
})
