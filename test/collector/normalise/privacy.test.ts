/** What must not be kept is not kept, and what cannot be believed is left out and counted. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIALECTS, SELECTIONS } from '../../../src/collector/normalise/dialects.js'
import type { PlainValue } from '../otlp/request.js'
import { logsRequest, tracesRequest } from '../otlp/request.js'
import { normalised, normaliserOf } from './normalising.js'

test('no dialect asks for an attribute that holds a prompt or an answer', () => {
  const content =
    /messages|prompt|completion(?!_tokens|_details|Tokens|\.0\.finish)|\bcontent\b|\.text$|input\.value|output\.value|arguments|result|system_instructions|tool_input|response_text/
  const asked = DIALECTS.flatMap(({ markers, details, prefixes = [] }) => [...markers, ...details, ...prefixes])
  const counted = /token|Tokens|_time$/
  expect(asked.filter((name) => content.test(name) && !counted.test(name))).toEqual([])
  for (const { names } of [SELECTIONS.spans, SELECTIONS.logs, SELECTIONS.resource]) {
    for (const name of [
      'gen_ai.input.messages',
      'gen_ai.output.messages',
      'ai.prompt',
      'input.value',
      'body',
      'user.email',
    ]) {
      expect(names).not.toContain(name)
    }
  }
})

test('identities are hashed in every dialect', () => {
  const spans = [
    { 'gen_ai.operation.name': 'chat', 'user.id': 'WHO', 'gen_ai.conversation.id': 'WHO' },
    { 'gen_ai.operation.name': 'chat', 'enduser.id': 'WHO', 'session.id': 'WHO' },
    { 'openinference.span.kind': 'LLM', 'user.id': 'WHO', 'session.id': 'WHO' },
    {
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.telemetry.metadata.userId': 'WHO',
      'ai.telemetry.metadata.sessionId': 'WHO',
    },
    {
      'llm.request.type': 'chat',
      'traceloop.association.properties.user_id': 'WHO',
      'traceloop.association.properties.chat_id': 'WHO',
    },
  ]
  for (const attributes of spans) {
    const { operations } = normalised(tracesRequest([{ attributes }]))
    expect(operations).toMatchObject([{ userId: 'hash of WHO', conversationId: 'hash of WHO' }])
    expect(JSON.stringify(operations).replaceAll('hash of WHO', '')).not.toContain('WHO')
  }
})

test('forbidden keys and values beyond belief are left out, and told', () => {
  const f = (attributes: { readonly [name: string]: PlainValue }, discarded: readonly string[]) => {
    const told: string[] = []
    const { operations } = normalised(
      tracesRequest([{ attributes: { 'ai.operationId': 'ai.generateText.doGenerate', ...attributes } }]),
      normaliserOf((field) => told.push(field)),
    )
    expect(operations).toHaveLength(1)
    expect(told.sort()).toEqual(discarded)
  }
  f({}, [])
  f({ 'ai.telemetry.metadata.email': 'x', 'ai.telemetry.metadata.plan': 'gold' }, ['tags'])
  f({ 'gen_ai.usage.input_tokens': -5, 'ai.usage.outputTokens': 1.5 }, ['usage.outputTokens'])
  f({ 'ai.usage.inputTokens': 1e13, 'server.port': -1 }, ['serverPort', 'usage.inputTokens'])
})

test('names that break lines or never end are bounded', () => {
  const model = `a\u2028b\n${'x'.repeat(500)}`
  const { operations } = normalised(
    tracesRequest([{ attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model } }]),
  )
  expect(operations[0]?.requestModel).toBe(`a\ufffdb\ufffd${'x'.repeat(252)}`)
})

test('whatever is sent under the names that are asked for, each item becomes one thing and nothing throws', () => {
  const normalise = normaliserOf()
  const names = [...SELECTIONS.spans.names, ...SELECTIONS.logs.names]
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(2n ** 60n),
    fc.array(fc.string(), { maxLength: 2 }),
  )
  const attributes = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 12 })
  const scope = fc.constantFrom('tokmeter', 'gemini-cli', '@traceloop/x', 'codex_otel.log_only', 'x')
  const eventName = fc.constantFrom(
    'claude_code.api_request',
    'claude_code.tool_result',
    'codex.sse_event',
    'codex.tool_result',
    'gemini_cli.api_response',
    'gemini_cli.tool_call',
    'gen_ai.client.inference.operation.details',
    'x',
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(attributes, eventName), { maxLength: 4 }), scope, (items, scope) => {
      const results = [
        normalised(
          tracesRequest(
            items.map(([attributes, name]) => ({ attributes, name })),
            { scope },
          ),
          normalise,
        ),
        normalised(
          logsRequest(
            items.map(([attributes, eventName]) => ({ attributes, eventName })),
            { scope },
          ),
          normalise,
        ),
      ]
      for (const result of results) {
        const told = Object.values(result.dialects).reduce(
          (sum, { recognised, ignored, rejected }) => sum + recognised + ignored + rejected,
          result.foreign,
        )
        expect(told).toBe(items.length)
        expect(result.operations.length + result.rejected).toBeLessThanOrEqual(items.length)
        for (const { id, startTime, usage, cost } of result.operations) {
          expect(id).not.toBe('')
          expect(startTime).toBeGreaterThan(0)
          for (const tokens of [usage?.inputTokens, usage?.outputTokens]) expect(tokens ?? 0).toBeGreaterThanOrEqual(0)
          expect(Number.isSafeInteger(cost?.nanoDollars ?? 0)).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
})
