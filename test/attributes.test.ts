import { expect, test } from 'vitest'
import { operationAttributes } from '../src/attributes.js'

test('an operation has the attributes of its span and of its event, in the names of the conventions', () => {
  expect(
    operationAttributes({
      id: 'x',
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      responseId: 'resp_1',
      streamed: true,
      startTime: 5,
      durationMs: 1500,
      timeToFirstChunkMs: 250,
      outputChunks: 9,
      outputChunkGaps: [12.5, 6, 80, 2],
      usage: {
        inputTokens: 100,
        outputTokens: 20,
        cacheReadTokens: 30,
        cacheWriteTokens: 4,
        cacheWrite1hTokens: 1,
        reasoningTokens: 5,
        inputByModality: { text: 90, audio: 10 },
        outputByModality: { image: 0 },
        cacheReadByModality: { text: 30 },
      },
      cost: { nanoDollars: 123, source: 'override', version: 'v' },
      error: { type: 'TimeoutError', code: '408', message: 'late' },
      finishReason: 'stop',
      serverAddress: 'api.openai.com',
      serverPort: 443,
      retries: 1,
      serviceTier: 'flex',
      conversationId: 'c',
      userId: 'u',
      tags: { tenant: 'acme', plan: 3 },
    }),
  ).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.request.stream': true,
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
    'gen_ai.response.id': 'resp_1',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.response.time_to_first_chunk': 0.25,
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 20,
    'gen_ai.usage.cache_read.input_tokens': 30,
    'gen_ai.usage.cache_write.input_tokens': 4,
    'gen_ai.usage.reasoning.output_tokens': 5,
    'gen_ai.usage.text.input_tokens': 90,
    'gen_ai.usage.audio.input_tokens': 10,
    'gen_ai.usage.image.output_tokens': 0,
    'gen_ai.usage.text.cache_read.input_tokens': 30,
    'gen_ai.conversation.id': 'c',
    'user.id': 'u',
    'server.address': 'api.openai.com',
    'server.port': 443,
    'error.type': 'TimeoutError',
    'openai.response.service_tier': 'flex',
    'tokmeter.usage.cache_write_1h.input_tokens': 1,
    'tokmeter.error.code': '408',
    'tokmeter.error.message': 'late',
    'tokmeter.operation.duration_ms': 1500,
    'tokmeter.operation.output_chunks': 9,
    'tokmeter.operation.output_chunk_gaps': [12.5, 6, 80, 2],
    'tokmeter.operation.retries': 1,
    'tokmeter.cost.nano_dollars': 123,
    'tokmeter.cost.source': 'override',
    'tokmeter.cost.version': 'v',
    'tokmeter.tag.tenant': 'acme',
    'tokmeter.tag.plan': 3,
  })
})

test('what is unknown has no attribute, and a call that is not streamed does not say so', () => {
  expect(operationAttributes({ operation: 'chat', streamed: false, serviceTier: 'flex' })).toEqual({
    'gen_ai.operation.name': 'chat',
  })
})

test('tools, agents and workflows are named', () => {
  const names = { toolName: 'search', toolType: 'function', agentName: 'planner', workflowName: 'nightly' }
  expect(operationAttributes({ operation: 'invoke_agent', ...names, inferenceCalls: 3, toolCalls: 0 })).toEqual({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.tool.name': 'search',
    'gen_ai.tool.type': 'function',
    'gen_ai.agent.name': 'planner',
    'gen_ai.workflow.name': 'nightly',
    'tokmeter.operation.inference_calls': 3,
    'tokmeter.operation.tool_calls': 0,
  })
})
