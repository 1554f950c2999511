/** What strangers name things, through the built collector: however many names and whatever is in them, the page stays bounded and readable. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { startCollector } from '../live/collector.js'
import { parsePage } from '../prometheus-page.js'

// A whole collector is started for each, and other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

async function running(args: readonly string[] = []) {
  const collector = await startCollector([...args])
  onTestFinished(async () => {
    await collector.stop()
    collector.remove()
  })
  return collector
}

const post = async (url: string, type: string, body: string) => {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
  return [answer.status, await answer.json()]
}

const eventOf = (id: string, model: string) => ({
  event_id: id,
  event_type: 'llm_request_completed',
  timestamp_ms: Date.now(),
  provider: 'openai',
  model,
  input_tokens: 10,
  output_tokens: 1,
})

const sumOf = ({ samples }: ReturnType<typeof parsePage>, metric: string, labels: { [name: string]: string } = {}) =>
  samples
    .filter(({ name, labels: has }) => name === metric && Object.keys(labels).every((one) => has[one] === labels[one]))
    .reduce((sum, { value }) => sum + value, 0)

test('10,000 models: 500 have series of their own, the others share one, none is lost, and it is told how many', async () => {
  const { url, page, until } = await running()
  const events = Array.from({ length: 10_000 }, (_, index) => eventOf(`event-${index}`, `model-${index}`))
  for (let begin = 0; begin < events.length; begin += 1000) {
    const lines = events.slice(begin, begin + 1000).map((one) => JSON.stringify(one))
    const [status] = await post(`${url}/api/v1/analytics/events`, 'application/x-ndjson', lines.join('\n'))
    expect(status).toBe(202)
  }
  const shown = parsePage(await page())
  const metric = 'gen_ai_client_inference_usage_input_tokens_total'
  const models = new Set(
    shown.samples.filter(({ name }) => name === metric).map(({ labels }) => labels['gen_ai_request_model']),
  )
  expect(models.size).toBe(501)
  expect(models).toContain('model-499')
  expect(models).toContain('_OTHER')
  expect(sumOf(shown, metric)).toBe(100_000)
  expect(sumOf(shown, metric, { gen_ai_request_model: '_OTHER' })).toBe(95_000)
  const overflow = 'tokmeter_instruments_attribute_overflow_total'
  expect(sumOf(shown, overflow, { attribute: 'gen_ai.request.model' })).toBe(9500)
  // All names are in the history, which is not bounded by series.
  expect(await until(({ inQueue }) => inQueue === 0)).toMatchObject({ accepted: 10_000, stored: 10_000 })
})

/** Names that break lines, quotes, labels, encodings and objects, and values of kinds that nobody expects. */
const HOSTILE: readonly object[] = [
  'quote"d',
  'back\\slash',
  'new\nline',
  'carriage\rreturn',
  'U+2028\u2028here',
  '\u0000null',
  'emoji 😀',
  '}{,="',
  '# HELP x y',
  '__proto__',
  'constructor',
  'x'.repeat(100_000),
]
  .map((stringValue): object => ({ stringValue }))
  .concat([
    { stringValue: '' },
    { intValue: '9223372036854775807' },
    { doubleValue: 'NaN' },
    { boolValue: true },
    { bytesValue: 'AAAA' },
    { arrayValue: { values: [{ stringValue: 'a' }, { arrayValue: { values: [] } }] } },
    { kvlistValue: { values: [{ key: '__proto__', value: { stringValue: 'polluted' } }] } },
    {},
  ])

test('hostile names and values: every span is accepted, the page can be read, and what counts is right', async () => {
  const { url, page, until } = await running()
  const span = (value: object, index: number) => ({
    traceId: 'a'.repeat(32),
    spanId: (index + 1).toString(16).padStart(16, '0'),
    name: 'chat',
    startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    endTimeUnixNano: String(BigInt(Date.now() + 5) * 1_000_000n),
    attributes: [
      { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
      { key: 'gen_ai.request.model', value },
      { key: 'gen_ai.provider.name', value },
      { key: 'gen_ai.response.model', value },
      { key: 'server.address', value },
      { key: 'error.type', value },
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '10' } },
      { key: 'gen_ai.usage.output_tokens', value: { doubleValue: -5 } },
      { key: 'gen_ai.usage.reasoning_tokens', value: { doubleValue: 1e308 } },
    ],
  })
  const body = { resourceSpans: [{ scopeSpans: [{ spans: HOSTILE.map(span) }] }] }
  expect(await post(`${url}/v1/traces`, 'application/json', JSON.stringify(body))).toEqual([200, {}])
  const shown = parsePage(await page())
  expect(sumOf(shown, 'gen_ai_client_inference_duration_count')).toBe(HOSTILE.length)
  expect(sumOf(shown, 'gen_ai_client_inference_usage_input_tokens_total')).toBe(10 * HOSTILE.length)
  // Counts that cannot be are left out, and told.
  expect(sumOf(shown, 'gen_ai_client_inference_usage_output_tokens_total')).toBe(0)
  expect(sumOf(shown, 'tokmeter_normalise_discarded_values_total', { field: 'usage.outputTokens' })).toBe(
    HOSTILE.length,
  )
  for (const { labels } of shown.samples) {
    for (const text of Object.values(labels)) expect(text.length).toBeLessThanOrEqual(500)
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  const { accepted } = await until(({ inQueue }) => inQueue === 0)
  expect(accepted).toBe(HOSTILE.length)
})
