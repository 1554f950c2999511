/**
 * Coding agents, in what no run of theirs brought about (those are in agents-captured.test.ts): the payloads are written after Claude
 * Code's monitoring page (November 2026), the source of Codex (codex-rs/otel, autumn 2026) and that of Gemini CLI
 * (packages/core/src/telemetry, 0.61).
 */
import { expect, test } from 'vitest'
import { logsRequest, type PlainAttributes, type PlainRecord, START, TRACE_ID, tracesRequest } from '../otlp/request.js'
import { fieldsOf, normalised, normalisedJson, normaliserOf, toldBy } from './normalising.js'

const one = (result: ReturnType<typeof normalised>) => {
  expect(result.operations).toHaveLength(1)
  return (fieldsOf(result.operations) as object[])[0]
}

const HASH = expect.stringMatching(/^[0-9a-f]{32}$/)

/** Without what every operation of these has. */
const base = { streamed: false, sampled: false }

const claude = { resource: { 'service.name': 'claude-code' }, scope: 'com.anthropic.claude_code.events' }
const claudeEvent = (event: string, attributes: PlainAttributes): PlainRecord => ({
  time: START + 5000,
  traceId: TRACE_ID,
  spanId: '00000000000000ff',
  body: `claude_code.${event}`,
  attributes: {
    'event.name': event,
    'event.timestamp': '2026-11-01T00:00:05.000Z',
    'event.sequence': 7,
    'session.id': 'session-1',
    'user.id': 'device-1',
    'user.account_uuid': 'account-1',
    'user.email': 'somebody@example.com',
    'organization.id': 'organization-1',
    'terminal.type': 'vscode',
    'prompt.id': 'prompt-1',
    ...attributes,
  },
})

const apiRequest: PlainAttributes = {
  model: 'claude-opus-5[1m]',
  cost_usd: '0.0875',
  duration_ms: '1521',
  input_tokens: '120',
  output_tokens: '300',
  cache_read_tokens: '5000',
  cache_creation_tokens: '700',
  request_id: 'req_011A',
  speed: 'normal',
  query_source: 'repl_main_thread',
  effort: 'high',
}

const claudeOperation = {
  ...base,
  id: 'claude_code-req_011A',
  operation: 'chat',
  provider: 'anthropic',
  requestModel: 'claude-opus-5[1m]',
  responseModel: 'claude-opus-5',
  responseId: 'req_011A',
  service: 'claude-code',
  traceId: TRACE_ID,
  conversationId: 'hash of session-1',
  userId: 'hash of account-1',
  usage: { inputTokens: 5820, outputTokens: 300, cacheReadTokens: 5000, cacheWriteTokens: 700 },
  tags: { query_source: 'repl_main_thread' },
}

test('a request of Claude Code, its own estimate of the cost kept', () => {
  const request = logsRequest([claudeEvent('api_request', apiRequest)], claude)
  const operation = {
    ...claudeOperation,
    startTime: START + 5000 - 1521,
    durationMs: 1521,
    cost: { nanoDollars: 87_500_000, source: 'provider', version: 'claude_code' },
  }
  expect(one(normalised(request))).toEqual(operation)
  expect(one(normalisedJson(request))).toEqual(operation)
})

test('the same request as a span of Claude Code has the same id', () => {
  const span = {
    name: 'claude_code.llm_request',
    kind: 1,
    durationMs: 1530,
    attributes: {
      'span.type': 'llm_request',
      'gen_ai.system': 'anthropic',
      'gen_ai.request.model': 'claude-opus-5[1m]',
      'gen_ai.response.id': 'req_011A',
      'gen_ai.response.finish_reasons': ['end_turn'],
      'session.id': 'session-1',
      'user.account_uuid': 'account-1',
      ...apiRequest,
      ttft_ms: 743,
      attempt: 2,
      success: true,
      stop_reason: 'end_turn',
    },
  }
  const { cost_usd: _, ...attributes } = span.attributes as PlainAttributes
  const request = tracesRequest([{ ...span, attributes }], {
    resource: { 'service.name': 'claude-code' },
    scope: 'com.anthropic.claude_code.tracing',
  })
  expect(one(normalised(request))).toEqual({
    ...claudeOperation,
    startTime: START,
    durationMs: 1530,
    timeToFirstChunkMs: 743,
    streamed: true,
    finishReason: 'end_turn',
    retries: 1,
    spanId: '0000000000000001',
    sampled: true,
    cost: { nanoDollars: 5820 * 100 + 300 * 1000, source: 'catalogue', version: 'test' },
  })
})

test('a request of Claude Code that failed', () => {
  const failed = {
    model: 'claude-sonnet-5',
    error: '529 overloaded, key sk-ant-0123456789abcdefghij',
    status_code: 529,
    duration_ms: 200,
    attempt: 11,
    request_id: 'req_2',
    speed: 'fast',
  }
  expect(one(normalised(logsRequest([claudeEvent('api_error', failed)], claude)))).toMatchObject({
    id: 'claude_code-req_2',
    durationMs: 200,
    retries: 10,
    serviceTier: 'fast',
    error: { type: '529', code: '529', message: '529 overloaded, key [KEY]' },
  })
})

test('a tool of Claude Code, as an event and as a span', () => {
  const tool = {
    tool_name: 'Bash',
    tool_use_id: 'toolu_1',
    success: 'false',
    duration_ms: '12',
    error_type: 'ShellError',
    error: 'Exit code 1: SECRET',
    tool_parameters: '{"bash_command":"SECRET"}',
  }
  const expected = {
    ...base,
    id: 'claude_code-toolu_1',
    operation: 'execute_tool',
    toolName: 'Bash',
    service: 'claude-code',
    traceId: TRACE_ID,
    conversationId: 'hash of session-1',
  }
  expect(one(normalised(logsRequest([claudeEvent('tool_result', tool)], claude)))).toEqual({
    ...expected,
    startTime: START + 4988,
    durationMs: 12,
    userId: 'hash of account-1',
    error: { type: 'ShellError' },
  })
  const span = {
    name: 'claude_code.tool',
    durationMs: 30,
    attributes: {
      'span.type': 'tool',
      tool_name: 'Bash',
      tool_use_id: 'toolu_1',
      'gen_ai.tool.call.id': 'toolu_1',
      'session.id': 'session-1',
    },
  }
  expect(one(normalised(tracesRequest([span], claude)))).toEqual({
    ...expected,
    startTime: START,
    durationMs: 30,
    spanId: '0000000000000001',
    sampled: true,
  })
})

test('what else Claude Code sends is no operation', () => {
  const events = [
    'user_prompt',
    'assistant_response',
    'tool_decision',
    'api_retries_exhausted',
    'api_refusal',
    'api_request_body',
    'compaction',
  ]
  const request = logsRequest(
    events.map((event) => claudeEvent(event, { model: 'claude-sonnet-5', prompt: 'SECRET' })),
    claude,
  )
  expect(toldBy(normalised(request))).toEqual({ claude_code: [0, 7, 0] })
  // A request that failed without an answer has no id that its event has, too.
  const span = {
    name: 'claude_code.llm_request',
    attributes: { 'gen_ai.system': 'anthropic', model: 'claude-sonnet-5', success: 'false' },
  }
  expect(toldBy(normalised(tracesRequest([span], claude)))).toEqual({ claude_code: [0, 1, 0] })
})

const codex = { resource: { 'service.name': 'codex_cli_rs' }, scope: 'codex_otel.log_only' }
const codexEvent = (event: string, attributes: PlainAttributes): PlainRecord => ({
  time: START + 2000,
  traceId: TRACE_ID,
  spanId: '00000000000000ff',
  attributes: {
    'event.name': event,
    'event.timestamp': '2026-11-01T00:00:02.000Z',
    'conversation.id': 'conversation-1',
    'app.version': '0.154.0',
    auth_mode: 'Chatgpt',
    originator: 'codex_cli_rs',
    'user.account_id': 'account-1',
    'user.email': 'somebody@example.com',
    'terminal.type': 'xterm',
    model: 'gpt-5.5',
    slug: 'gpt-5.5',
    ...attributes,
  },
})
const completedEvent = codexEvent('codex.sse_event', {
  'event.kind': 'response.completed',
  input_token_count: '1234',
  output_token_count: '567',
  cached_token_count: 1000,
  reasoning_token_count: 400,
  tool_token_count: '1801',
})
const codexOperation = {
  ...base,
  id: HASH,
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-5.5',
  streamed: true,
  service: 'codex_cli_rs',
  traceId: TRACE_ID,
  conversationId: 'hash of conversation-1',
  userId: 'hash of account-1',
}

test('a completed response of Codex', () => {
  expect(one(normalised(logsRequest([completedEvent], codex)))).toEqual({
    ...codexOperation,
    startTime: START + 2000,
    usage: { inputTokens: 1234, outputTokens: 567, cacheReadTokens: 1000, reasoningTokens: 400 },
    cost: { nanoDollars: 1234 * 100 + 567 * 1000, source: 'catalogue', version: 'test' },
  })
})

test('failures of Codex: a request refused, a response broken off', () => {
  const refused = codexEvent('codex.api_request', {
    duration_ms: '350',
    'http.response.status_code': 503,
    'error.message': 'unavailable',
    attempt: 1,
    endpoint: '/responses',
  })
  expect(one(normalised(logsRequest([refused], codex)))).toEqual({
    ...codexOperation,
    startTime: START + 1650,
    durationMs: 350,
    error: { type: '503', code: '503', message: 'unavailable' },
  })
  const broken = codexEvent('codex.sse_event', {
    'event.kind': 'response.completed',
    'error.message': 'stream disconnected before completion',
  })
  expect(one(normalised(logsRequest([broken], codex)))).toMatchObject({
    error: { type: '_OTHER', message: 'stream disconnected before completion' },
  })
})

test('a tool of Codex, without what it was given and what it gave', () => {
  const tool = codexEvent('codex.tool_result', {
    tool_name: 'shell_command',
    call_id: 'call_1',
    arguments: '{"command":"SECRET"}',
    duration_ms: '27',
    success: 'false',
    output: 'SECRET',
    mcp_server: '',
  })
  expect(one(normalised(logsRequest([tool], codex)))).toEqual({
    ...base,
    id: HASH,
    operation: 'execute_tool',
    toolName: 'shell_command',
    toolType: 'function',
    startTime: START + 1973,
    durationMs: 27,
    error: { type: '_OTHER' },
    service: 'codex_cli_rs',
    traceId: TRACE_ID,
    conversationId: 'hash of conversation-1',
    userId: 'hash of account-1',
  })
})

test('what else Codex sends is no operation: its stream, its successes, its twins for traces, its spans', () => {
  const events = [
    codexEvent('codex.sse_event', { 'event.kind': 'response.output_text.delta', duration_ms: '3' }),
    codexEvent('codex.sse_event', { 'event.kind': 'response.completed', duration_ms: '3' }),
    codexEvent('codex.api_request', { duration_ms: '350', 'http.response.status_code': 200, endpoint: '/responses' }),
    codexEvent('codex.api_request', { 'http.response.status_code': 404, 'error.message': 'x', endpoint: '/models' }),
    codexEvent('codex.websocket_request', { duration_ms: '2', success: 'true' }),
    codexEvent('codex.user_prompt', { prompt: 'SECRET', prompt_length: '6' }),
    codexEvent('codex.conversation_starts', { provider_name: 'OpenAI' }),
  ]
  expect(toldBy(normalised(logsRequest(events, codex)))).toEqual({ codex: [0, 7, 0] })
  expect(toldBy(normalised(logsRequest([completedEvent], { ...codex, scope: 'codex_otel.trace_safe' })))).toEqual({
    codex: [0, 1, 0],
  })
  const span = {
    name: 'handle_responses',
    kind: 1,
    attributes: {
      'gen_ai.usage.input_tokens': 1234,
      'gen_ai.usage.output_tokens': 567,
      'codex.usage.total_tokens': 1801,
    },
  }
  expect(toldBy(normalised(tracesRequest([span], { ...codex, scope: 'codex_cli_rs' })))).toEqual({ codex: [0, 1, 0] })
})

const gemini = { resource: { 'service.name': 'gemini-cli' }, scope: 'gemini-cli' }
const geminiEvent = (event: string, attributes: PlainAttributes): PlainRecord => ({
  time: START + 3000,
  body: 'API response from gemini-3-pro. Status: 200. Duration: 2500ms.',
  attributes: {
    'session.id': 'session-1',
    'installation.id': 'installation-1',
    interactive: true,
    'user.email': 'somebody@example.com',
    'event.name': event,
    'event.timestamp': '2026-11-01T00:00:03.000Z',
    ...attributes,
  },
})
const apiResponse = geminiEvent('gemini_cli.api_response', {
  model: 'gemini-3-pro',
  duration_ms: 2500,
  input_token_count: 9000,
  output_token_count: 200,
  cached_content_token_count: 8000,
  thoughts_token_count: 300,
  tool_token_count: 50,
  total_token_count: 9550,
  prompt_id: 'prompt-1',
  auth_type: 'oauth-personal',
  status_code: 200,
  finish_reasons: ['stop'],
  role: 'main',
  response_text: 'SECRET',
})
const details = geminiEvent('gen_ai.client.inference.operation.details', {
  'gen_ai.operation.name': 'generate_content',
  'gen_ai.provider.name': 'gcp.gen_ai',
  'gen_ai.request.model': 'gemini-3-pro',
  'gen_ai.usage.input_tokens': 9000,
  'gen_ai.usage.output_tokens': 200,
  'gen_ai.output.messages': 'SECRET',
})

test('a response of Gemini CLI, told by two events and a span, is one operation', () => {
  const result = normalised(logsRequest([apiResponse, details], gemini))
  expect(one(result)).toEqual({
    ...base,
    id: HASH,
    operation: 'generate_content',
    provider: 'gcp.gemini',
    requestModel: 'gemini-3-pro',
    responseModel: 'gemini-3-pro',
    startTime: START + 500,
    durationMs: 2500,
    finishReason: 'stop',
    usage: { inputTokens: 9050, outputTokens: 500, cacheReadTokens: 8000, reasoningTokens: 300 },
    cost: { nanoDollars: 9050 * 100 + 500 * 1000, source: 'catalogue', version: 'test' },
    service: 'gemini-cli',
    conversationId: 'hash of session-1',
    tags: { role: 'main' },
  })
  expect(toldBy(result)).toEqual({ gemini_cli: [1, 1, 0] })
  const span = {
    name: 'llm_call',
    kind: 1,
    attributes: {
      'gen_ai.operation.name': 'llm_call',
      'gen_ai.agent.name': 'gemini-cli',
      'gen_ai.usage.input_tokens': 9000,
    },
  }
  expect(toldBy(normalised(tracesRequest([span], gemini)))).toEqual({ gemini_cli: [0, 1, 0] })
})

test('a response of Gemini CLI without usage says zeros, which is unknown', () => {
  const zero = {
    input_token_count: 0,
    output_token_count: 0,
    cached_content_token_count: 0,
    thoughts_token_count: 0,
    tool_token_count: 0,
    total_token_count: 0,
  }
  const event = geminiEvent('gemini_cli.api_response', {
    model: 'gemini-3-pro',
    duration_ms: 1,
    auth_type: 'vertex-ai',
    ...zero,
  })
  const operation = one(normalised(logsRequest([event], gemini)))
  expect(operation).toMatchObject({ provider: 'gcp.vertex_ai' })
  expect(operation).not.toHaveProperty('usage')
  expect(operation).not.toHaveProperty('cost')
})

test('an error and a tool of Gemini CLI', () => {
  const failed = geminiEvent('gemini_cli.api_error', {
    model: 'gemini-3-pro',
    error: 'quota of somebody@example.com',
    'error.type': 'ApiError',
    status_code: 429,
    duration_ms: 80,
  })
  expect(one(normalised(logsRequest([failed], gemini)))).toMatchObject({
    error: { type: 'ApiError', code: '429', message: 'quota of [EMAIL]' },
    durationMs: 80,
  })
  // What a tool of an MCP server was given and gave out is in the text of its error.
  const tool = geminiEvent('gemini_cli.tool_call', {
    function_name: 'query',
    function_args: 'SECRET',
    duration_ms: 9,
    success: false,
    decision: 'accept',
    tool_type: 'mcp',
    error: "MCP tool 'query' reported tool error for function call: SECRET",
    'error.message': "MCP tool 'query' reported tool error for function call: SECRET",
    error_type: 'mcp_tool_error',
    'error.type': 'mcp_tool_error',
  })
  expect(one(normalised(logsRequest([tool], gemini)))).toEqual({
    ...base,
    id: HASH,
    operation: 'execute_tool',
    toolName: 'query',
    toolType: 'extension',
    startTime: START + 2991,
    durationMs: 9,
    error: { type: 'mcp_tool_error' },
    service: 'gemini-cli',
    conversationId: 'hash of session-1',
  })
  const others = ['config', 'user_prompt', 'api_request', 'flash_fallback'].map((event) =>
    geminiEvent(`gemini_cli.${event}`, {}),
  )
  expect(toldBy(normalised(logsRequest(others, gemini)))).toEqual({ gemini_cli: [0, 4, 0] })
})

test('an event sent again has the same id, another one has another, and two alike in one request are two', () => {
  const normalise = normaliserOf()
  const ids = (...records: PlainRecord[]) =>
    normalised(logsRequest(records, codex), normalise).operations.map(({ id }) => id)
  const [first] = ids(completedEvent)
  expect(ids(completedEvent)).toEqual([first])
  expect(ids({ ...completedEvent, time: START + 2001 })).not.toEqual([first])
  expect(ids(completedEvent, completedEvent)).toEqual([first, `${first}-2`])
})

test('nothing that was said, typed or run is in any operation', () => {
  const logs = [claudeEvent('api_request', apiRequest), completedEvent, apiResponse, details]
  expect(JSON.stringify(normalised(logsRequest(logs, gemini)))).not.toMatch(/SECRET|example\.com|prompt-1/)
})
