import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIdentityHash } from 'tokmeter/core'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/collector/config.js'
import { createLineReader } from '../../src/collector/import-lines.js'

function readerOf(settings: { [path: string]: string } = { 'identities.key': 'k' }) {
  const flags = Object.entries(settings).map(([path, text]) => ({ name: '--set', path: path.split('.'), text }))
  return createLineReader(loadConfig({ directory: '/no/where', environment: {}, flags }).config)
}

const event = {
  event_id: 'e1',
  event_type: 'llm_request_completed',
  timestamp_ms: 1_795_305_600_000,
  provider: 'openai',
  model: 'gpt-4o',
  input_tokens: 1000,
  output_tokens: 100,
  user_id: 'somebody',
}
const attribute = (key: string, value: object) => ({ key, value })
const span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'chat gpt-4o',
  startTimeUnixNano: '1795305600000000000',
  endTimeUnixNano: '1795305601000000000',
  attributes: [
    attribute('gen_ai.operation.name', { stringValue: 'chat' }),
    attribute('gen_ai.provider.name', { stringValue: 'openai' }),
    attribute('gen_ai.request.model', { stringValue: 'gpt-4o' }),
    attribute('gen_ai.usage.input_tokens', { intValue: '1000' }),
    attribute('gen_ai.usage.output_tokens', { intValue: '100' }),
  ],
}
const traces = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }
const exported = {
  id: 'x1',
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  startTime: 1_795_305_600_000,
  usage: { inputTokens: 5, outputTokens: 6 },
  userId: '0123456789abcdef0123456789abcdef',
}

test('an event, a request of OTLP and an exported operation each become operations', () => {
  const read = readerOf()
  expect(read(event)).toMatchObject([
    {
      id: 'e1',
      startTime: 1_795_305_600_000,
      requestModel: 'gpt-4o',
      userId: createIdentityHash('k')('somebody'),
      cost: { source: 'catalogue', nanoDollars: 3_500_000 },
    },
  ])
  expect(read(traces)).toMatchObject([
    { id: `${span.traceId}-${span.spanId}`, durationMs: 1000, cost: { nanoDollars: 3_500_000 } },
  ])
  expect(read(exported)).toMatchObject([exported])
})

test('what was exported keeps its price, and stays unpriced where it was', () => {
  const read = readerOf()
  const cost = { nanoDollars: 5, source: 'provider' }
  expect(read({ ...exported, cost })).toMatchObject([{ cost }])
  expect(read(exported)[0]?.cost).toBeUndefined()
  expect(read({ ...event, cost_micros: 7 })).toMatchObject([{ cost: { source: 'provider', nanoDollars: 7000 } }])
})

test('what is of no use gives nothing, and breaks nothing', () => {
  const read = readerOf()
  const useless = [
    null,
    5,
    'text',
    [],
    [event],
    {},
    { ...event, input_tokens: -1 },
    { resourceSpans: 'x' },
    { resourceSpans: [] },
    { resourceLogs: [{ scopeLogs: [{ logRecords: 5 }] }] },
    { resourceMetrics: [] },
    { operation: 'chat', startTime: 'now' },
  ]
  for (const line of useless) expect(read(line)).toEqual([])
  expect(read(event)).toHaveLength(1)
})

test('identities are hashed with the key of the data where none is given, and kept as they are where that is asked for', () => {
  const data = mkdtempSync(join(tmpdir(), 'tokmeter-import-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  const hashed = readerOf({ data })(event)[0]?.userId
  expect(hashed).toMatch(/^[0-9a-f]{32}$/)
  expect(readerOf({ data })(event)[0]?.userId).toBe(hashed)
  expect(readdirSync(data)).toHaveLength(1)
  expect(readerOf({ 'identities.hash': 'false' })(event)[0]?.userId).toBe('somebody')
})
