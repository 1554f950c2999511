/**
 * What coding agents really send: Claude Code 2.1.197, Codex 0.171.0 and Gemini CLI, run against an emulator of their provider
 * (Gemini CLI against none, so what it tells is a failure).
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SELECTIONS } from '../../../src/collector/normalise/dialects.js'
import { decode } from '../../../src/collector/otlp/decode.js'
import { normaliserOf, toldBy } from './normalising.js'

function captured(agent: string) {
  const body = readFileSync(new URL(`payloads/${agent}-logs.json`, import.meta.url))
  const result = normaliserOf()(decode('logs', 'json', body, SELECTIONS))
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
