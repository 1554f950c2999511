/**
 * What coding agents really send: Claude Code 2.1.197, Codex 0.171.0 and Gemini CLI 0.61.0, run against an emulator of their provider.
 * Gemini CLI was given recorded answers of Gemini, a tool of its own put in for the one called there, 4 of the tokens of the last
 * answer said to be cached, and one answer said to be cut short. Its failure is of an endpoint where nobody listened.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SELECTIONS } from '../../../src/collector/normalise/dialects.js'
import { decode } from '../../../src/collector/otlp/decode.js'
import { fieldsOf, normaliserOf, toldBy } from './normalising.js'

function payload(agent: string, signal: 'logs' | 'traces' | 'metrics') {
  return readFileSync(new URL(`payloads/${agent}-${signal}.json`, import.meta.url))
}

function captured(agent: string, signal: 'logs' | 'traces' | 'metrics' = 'logs', normalise = normaliserOf()) {
  const result = normalise(decode(signal, 'json', payload(agent, signal), SELECTIONS))
  return { told: toldBy(result), operations: result.operations }
}

test('Claude Code: the request, with the cost it tells', () => {
  const { told, operations } = captured('claude-code')
  expect(told).toEqual({ claude_code: [1, 2, 0] })
  expect(operations).toMatchObject([
    {
      id: 'claude_code-req_emulated',
      operation: 'chat',
      provider: 'anthropic',
      requestModel: 'claude-sonnet-4-5-20250929',
      durationMs: 22,
      usage: { inputTokens: 12, outputTokens: 30, cacheReadTokens: 0, cacheWriteTokens: 0 },
      cost: { nanoDollars: 486_000, source: 'provider' },
      service: 'claude-code',
    },
  ])
})

test('Codex: of all events of a stream the one with the counts, whatever the field of the name has, and the tool', () => {
  const { operations } = captured('codex')
  expect(operations.map(({ operation }) => operation).sort()).toEqual(['chat', 'execute_tool'])
  expect(operations.find(({ operation }) => operation === 'chat')).toMatchObject({
    provider: 'openai',
    requestModel: 'gpt-5.2-codex',
    usage: { inputTokens: 50, outputTokens: 20, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
    startTime: Date.parse('2026-11-27T02:05:58.668Z') + 0.549773,
    service: 'codex_exec',
  })
  const tool = operations.find(({ operation }) => operation === 'execute_tool')
  expect(tool).toMatchObject({ toolName: 'write_sql', toolType: 'function', error: { type: '_OTHER' } })
  expect(JSON.stringify(operations)).not.toMatch(/SELECT|unsupported/)
})

test('Gemini CLI: the call that failed', () => {
  const { operations } = captured('gemini-cli')
  expect(operations).toMatchObject([
    {
      operation: 'generate_content',
      provider: 'gcp.gemini',
      requestModel: 'gemini-2.5-flash',
      error: { type: 'Error' },
      service: 'gemini-cli',
    },
  ])
})

const HASH = expect.stringMatching(/^[0-9a-f]{32}$/)

const geminiCall = {
  id: HASH,
  operation: 'generate_content',
  provider: 'gcp.gemini',
  requestModel: 'gemini-3-pro-preview',
  responseModel: 'gemini-3-pro-preview',
  streamed: false,
  sampled: false,
  service: 'gemini-cli',
  tags: { role: 'main' },
}

/** What it cost by the prices of these tests. */
const priced = (inputTokens: number, outputTokens: number) => ({
  nanoDollars: inputTokens * 100 + outputTokens * 1000,
  source: 'catalogue',
  version: 'test',
})

test('Gemini CLI: an answer, and one that was cut short, which of its chunks only the last says', () => {
  const { told, operations } = captured('gemini-cli-text')
  expect(told).toEqual({ gemini_cli: [2, 0, 0] })
  const call = {
    ...geminiCall,
    usage: { inputTokens: 9, outputTokens: 208, cacheReadTokens: 0, reasoningTokens: 185 },
    cost: priced(9, 208),
  }
  expect(fieldsOf(operations)).toEqual([
    {
      ...call,
      startTime: Date.parse('2026-11-27T02:56:08.686Z') - 177,
      durationMs: 177,
      finishReason: 'stop',
      conversationId: 'hash of 46f9be90-62e2-424d-a740-7a8fcc59ae49',
    },
    {
      ...call,
      startTime: Date.parse('2026-11-27T02:56:17.430Z') - 131,
      durationMs: 131,
      finishReason: 'length',
      conversationId: 'hash of 5207b15b-4eca-4e3c-b84c-cc6d8b557c87',
    },
  ])
})

test('Gemini CLI: a run with two tools, one of which failed, call by call', () => {
  const { told, operations } = captured('gemini-cli-tools')
  expect(told).toEqual({ gemini_cli: [5, 12, 0] })
  const conversationId = 'hash of 9d2b3324-30fe-4c6a-b122-b818b61efcf9'
  const call = { ...geminiCall, conversationId, finishReason: 'stop' }
  const asking = {
    ...call,
    usage: { inputTokens: 29, outputTokens: 60, cacheReadTokens: 0, reasoningTokens: 45 },
    cost: priced(29, 60),
  }
  const tool = {
    id: HASH,
    operation: 'execute_tool',
    toolType: 'function',
    streamed: false,
    sampled: false,
    service: 'gemini-cli',
    conversationId,
  }
  expect(fieldsOf(operations)).toEqual([
    // It began when it says it was asked.
    { ...asking, startTime: Date.parse('2026-11-27T02:56:12.948Z'), durationMs: 204 },
    {
      ...tool,
      toolName: 'list_directory',
      startTime: Date.parse('2026-11-27T02:56:13.188Z') - 26,
      durationMs: 26,
      traceId: '1a4839e847e616d7d0eb491a4fba95b1',
    },
    { ...asking, startTime: Date.parse('2026-11-27T02:56:13.196Z'), durationMs: 74 },
    {
      ...tool,
      toolName: 'read_file',
      startTime: Date.parse('2026-11-27T02:56:13.280Z') - 7,
      durationMs: 7,
      traceId: '9efdea13e4dd51657d22ac0ea1192e71',
      error: { type: 'file_not_found' },
    },
    {
      ...call,
      startTime: Date.parse('2026-11-27T02:56:13.284Z'),
      durationMs: 104,
      usage: { inputTokens: 9, outputTokens: 325, cacheReadTokens: 4, reasoningTokens: 302 },
      cost: priced(9, 325),
    },
  ])
})

test('Gemini CLI: its spans and metrics tell the same calls, which are not counted again, and add up to the same', () => {
  const normalise = normaliserOf()
  const spans = captured('gemini-cli-tools', 'traces', normalise)
  expect([spans.told, spans.operations]).toEqual([{ gemini_cli: [0, 7, 0] }, []])
  const metrics = captured('gemini-cli-tools', 'metrics', normalise)
  expect([metrics.told, metrics.operations]).toEqual([{}, []])
  // Nor do they keep the events from being counted.
  const { operations } = captured('gemini-cli-tools', 'logs', normalise)
  expect(operations).toHaveLength(5)
  const sum = (of: (operation: (typeof operations)[number]) => number | undefined) =>
    operations.reduce((total, operation) => total + (of(operation) ?? 0), 0)
  const thoughts = sum(({ usage }) => usage?.reasoningTokens)
  expect({
    input: sum(({ usage }) => usage?.inputTokens),
    output: sum(({ usage }) => usage?.outputTokens) - thoughts,
    thought: thoughts,
    cache: sum(({ usage }) => usage?.cacheReadTokens),
    tool: 0,
  }).toEqual(ownTokenMetric())
})

/** The tokens that Gemini CLI counted itself, by type. */
function ownTokenMetric() {
  const { resourceMetrics } = JSON.parse(payload('gemini-cli-tools', 'metrics').toString())
  const metrics = resourceMetrics[0].scopeMetrics[0].metrics as {
    name: string
    sum: { dataPoints: { asInt: number; attributes: { key: string; value: { stringValue: string } }[] }[] }
  }[]
  const { sum } = metrics.find(({ name }) => name === 'gemini_cli.token.usage')!
  return Object.fromEntries(
    sum.dataPoints.map(({ asInt, attributes }) => [
      attributes.find(({ key }) => key === 'type')?.value.stringValue,
      asInt,
    ]),
  )
}
