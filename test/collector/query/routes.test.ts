/** The questions over real HTTP, to a whole collector that received its operations over HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../../src/collector/collector.js'
import { collector, configOf, ledgerOf, newDirectory, post, stopAll } from '../running.js'

const HOUR = 3_600_000
type Failure = {
  readonly code: string
  readonly message: string
  readonly details: { readonly field: string; readonly allowed?: string[] }
}
type Row = {
  readonly dimension: string
  readonly total_cost: number
  readonly request_count: number
  readonly share: number
}
type Body = {
  readonly error: Failure
  readonly by_model: Row[]
  readonly by_user: [Row, ...Row[]]
  readonly by_time: Row[]
  readonly time_series: Row[]
  readonly request_count: number
  readonly percentile_error: number
  readonly p50_latency_ms: number
  readonly p95_latency_ms: number
  readonly p99_latency_ms: number
}
/** Noon of yesterday. */
const NOON = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 12 * HOUR
const RANGE = `start_time=${NOON / 1000}&end_time=${NOON / 1000 + 3600}`

let made: Collector

/** 30 calls in an hour: 1,000 tokens in and 100 out, so 3.5 dollars a thousand calls of gpt-4o; every tenth fails. */
const events = Array.from({ length: 30 }, (_, index) => ({
  event_id: `e-${index}`,
  // When it ended; half a minute is more than any of them took.
  timestamp_ms: NOON + index * 60_000 + 30_000,
  provider: index % 3 === 0 ? 'anthropic' : 'openai',
  model: index % 3 === 0 ? 'nobody-priced-this' : 'gpt-4o',
  duration_ms: 100 * (index + 1),
  service: 'chat-api',
  agent_id: index % 2 === 0 ? 'planner' : undefined,
  user_id: `user-${index % 4}`,
  ...(index % 10 === 9
    ? { event_type: 'llm_request_failed', error_code: '503' }
    : { event_type: 'llm_request_completed', input_tokens: 1000, output_tokens: 100 }),
}))
const priced = events.filter(({ model, event_type }) => model === 'gpt-4o' && event_type === 'llm_request_completed')

beforeAll(async () => {
  made = await collector(configOf(newDirectory()))
  const answer = await post(`${made.url}/api/v1/analytics/events`, events)
  expect([answer.status, await answer.clone().text()]).toEqual([202, expect.anything()])
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
})
afterAll(stopAll)

async function get(path: string) {
  const response = await fetch(`${made.url}/api/v1${path}`)
  return { status: response.status, body: (await response.json()) as Body }
}

test('costs are told in total, for each request and over time, with the share that is known', async () => {
  const { status, body } = await get(`/costs?${RANGE}&granularity=1h`)
  expect(status).toBe(200)
  const total = (priced.length * 3_500_000) / 1e9
  expect(body).toEqual({
    window: { start_time: new Date(NOON).toISOString(), end_time: new Date(NOON + HOUR).toISOString() },
    coverage: { calls: 30, usage: 27 / 30, cost: priced.length / 30 },
    percentile_error: expect.closeTo(0.0217, 4),
    currency: 'USD',
    total_cost: total,
    request_count: 30,
    avg_cost_per_request: 0.0035,
    min_cost_per_request: 0.0035,
    max_cost_per_request: 0.0035,
    median_cost_per_request: expect.closeTo(0.0035, 4),
    granularity: '1h',
    time_series: [{ time: new Date(NOON).toISOString(), total_cost: total, request_count: 30 }],
  })
})

test('the breakdown shares out the true total, also where it shows the dearest alone', async () => {
  const { body } = await get(`/costs/breakdown?${RANGE}&limit=1`)
  const total = (priced.length * 3_500_000) / 1e9
  expect(body.by_model).toEqual([{ dimension: 'gpt-4o', total_cost: total, request_count: 20, share: 1 }])
  const [dearest] = body.by_user
  expect(dearest.dimension).toMatch(/^[0-9a-f]{32}$/)
  expect(dearest.share).toBeCloseTo(dearest.total_cost / total, 12)
  expect(dearest.share).toBeLessThan(1)
  const all = await get(`/costs/breakdown?${RANGE}`)
  expect(all.body.by_model).toContainEqual({
    dimension: 'nobody-priced-this',
    total_cost: null,
    request_count: 10,
    share: null,
  })
  expect(all.body.by_user).toHaveLength(4)
  expect(all.body.by_time).toHaveLength(60)
})

test('performance is of all the calls, each counted once whatever window it is in', async () => {
  const { body } = await get(`/performance?${RANGE}&granularity=5m`)
  const durations = events.map(({ duration_ms }) => duration_ms)
  expect(body).toMatchObject({
    request_count: 30,
    error_rate: 0.1,
    throughput_rps: 30 / 3600,
    total_tokens: 27 * 1100,
    tokens_per_second: (27 * 1100) / 3600,
    avg_latency_ms: durations.reduce((sum, duration) => sum + duration, 0) / 30,
    min_latency_ms: 100,
    max_latency_ms: 3000,
    avg_time_to_first_chunk_ms: null,
  })
  // Nearest rank of 30: the 15th, the 29th and the 30th.
  const of = (told: number, value: number) => Math.abs(told - value) / value
  expect(of(body.p50_latency_ms, 1500)).toBeLessThanOrEqual(body.percentile_error)
  expect(of(body.p95_latency_ms, 2900)).toBeLessThanOrEqual(body.percentile_error)
  expect(of(body.p99_latency_ms, 3000)).toBeLessThanOrEqual(body.percentile_error)
  expect(body.time_series).toHaveLength(12)
  expect(body.time_series.map((row) => row.request_count)).toEqual([5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0])
})

test('filters choose operations, several values of one at a time', async () => {
  const of = async (query: string) => (await get(`/performance?${RANGE}&${query}`)).body.request_count
  expect(await of('model=gpt-4o')).toBe(20)
  expect(await of('model=gpt-4o&model=nobody-priced-this')).toBe(30)
  expect(await of('model=gpt-4o&agent=planner')).toBe(10)
  expect(await of('provider=nobody')).toBe(0)
  expect(await of(`user_id=${'0'.repeat(32)}`)).toBe(0)
})

test('the general question takes its parameters by POST', async () => {
  const response = await post(`${made.url}/api/v1/query`, {
    start_time: new Date(NOON).toISOString(),
    end_time: new Date(NOON + HOUR).toISOString(),
    metrics: [
      { field: 'calls', aggregation: 'count', alias: 'calls' },
      { field: 'user_id', aggregation: 'uniq', alias: 'users' },
    ],
    group_by: ['model'],
    order: { by: 'model', direction: 'asc' },
  })
  expect(await response.json()).toMatchObject({
    source: 'operations',
    columns: ['model', 'calls', 'users'],
    rows: [
      { model: 'gpt-4o', calls: 20, users: 4 },
      { model: 'nobody-priced-this', calls: 10, users: 4 },
    ],
    has_more: false,
  })
})

test.each([
  ['/costs?granularity=1min', 'granularity', ['1m', '5m', '1h', '1d']],
  ['/costs?granularity=', 'granularity', ['1m', '5m', '1h', '1d']],
  ['/costs?modle=gpt-4o', 'modle', expect.arrayContaining(['model', 'start_time'])],
  ['/costs?start_time=yesterday', 'start_time', undefined],
  ['/costs?last=0h', 'last', undefined],
  ['/costs?last=1h&last=2h', 'last', undefined],
  ['/costs?start_time=2026-01-02&end_time=2026-01-01', 'start_time', undefined],
  ['/costs?last=300d&granularity=1m', 'granularity', undefined],
  [`/costs?end_time=${NOON / 1000 - 60 * 86_400}&last=1h&granularity=5m`, 'granularity', ['1h', '1d']],
  ['/costs/breakdown?limit=0', 'limit', undefined],
  ['/costs/breakdown?limit=many', 'limit', undefined],
])('the mistake of %s is named, with what is allowed', async (path, field, allowed) => {
  const { status, body } = await get(path)
  expect([status, body.error.code, body.error.details.field]).toEqual([400, 'VALIDATION_ERROR', field])
  expect(body.error.details.allowed).toEqual(allowed)
  expect(body.error.message).toContain(field)
})

test.each([
  [{}, 'metrics'],
  [{ metrics: [] }, 'metrics'],
  [{ metrics: [{ field: 'cost', aggregation: 'sum' }] }, 'metrics[0].field'],
  [{ metrics: [{ field: 'cost_usd', aggregation: 'p42' }] }, 'metrics[0].aggregation'],
  [{ metrics: [{ field: 'retries', aggregation: 'p95' }] }, 'metrics[0].aggregation'],
  [{ metrics: [{ field: 'calls', aggregation: 'count' }], group_by: ['colour'] }, 'group_by[0]'],
  [
    {
      metrics: [{ field: 'calls', aggregation: 'count' }],
      filters: [{ dimension: 'model', operator: 'like', value: 'a' }],
    },
    'filters[0].operator',
  ],
  [
    {
      metrics: [{ field: 'calls', aggregation: 'count' }],
      filters: [{ dimension: 'model', operator: 'in', value: 'a' }],
    },
    'filters[0].value',
  ],
  [{ metrics: [{ field: 'calls', aggregation: 'count' }], limit: 10_001 }, 'limit'],
  [{ metrics: [{ field: 'calls', aggregation: 'count' }], interval: '1m', last: '365d' }, 'interval'],
  ['nonsense', 'body'],
])('the mistake in the body %j is named', async (body, field) => {
  const response = await post(`${made.url}/api/v1/query`, body)
  const { error } = (await response.json()) as { error: Failure }
  expect([response.status, error.code, error.details?.field]).toEqual([400, 'VALIDATION_ERROR', field])
})

test('what is no JSON is told to be none', async () => {
  const response = await fetch(`${made.url}/api/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  })
  expect([response.status, ((await response.json()) as { error: Failure }).error.code]).toEqual([
    400,
    'VALIDATION_ERROR',
  ])
})

test('a value longer than any name is not asked about', async () => {
  const { status, body } = await get(`/performance?model=${'a'.repeat(1001)}`)
  expect([status, body.error.details.field]).toEqual([400, 'model'])
})
