/** The questions over real HTTP, to a whole collector that received its operations over HTTP. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../../src/collector/collector.js'
import { projected } from '../../../src/collector/query/spending.js'
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
  readonly conversations: [Conversation, ...Conversation[]]
  readonly models: {
    readonly model: string
    readonly metrics: { readonly [metric in 'request_count' | 'avg_cost_usd' | 'avg_latency_ms']: number }
  }[]
  readonly summary: unknown
  readonly previous_window: unknown
  readonly operations: { readonly id: string }[]
  readonly next_cursor: string | null
  readonly coverage: unknown
  readonly granularity: string
  readonly by_agent: unknown
  readonly units: unknown
  readonly projected: number | null
  readonly spent: number | null
  readonly days_left: number
  readonly rows: { readonly rank: number; readonly calls: number; readonly share: number; readonly value: string }[]
  readonly comparison: { readonly [measure in 'request_count' | 'avg_latency_ms']: unknown }
  readonly performance_trend: { readonly value: number; readonly change: number }[]
}
type Conversation = { readonly conversation_id: string }
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
  tags: { team: index % 5 === 0 ? 'a:b' : 'other' },
  agent_id: index % 2 === 0 ? 'planner' : undefined,
  user_id: `user-${index % 4}`,
  conversation_id: index < 24 ? `conversation-${index % 6}` : undefined,
  ...(index % 10 === 9
    ? { event_type: 'llm_request_failed', error_code: '503' }
    : { event_type: 'llm_request_completed', input_tokens: 1000, output_tokens: 100 }),
}))
const priced = events.filter(({ model, event_type }) => model === 'gpt-4o' && event_type === 'llm_request_completed')

beforeAll(async () => {
  made = await collector(configOf(newDirectory()))
  const answer = await post(`${made.url}/api/v1/analytics/events`, events)
  expect([answer.status, await answer.text()]).toEqual([202, expect.anything()])
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

test('a series of long ago has windows as wide as those that are kept, where nobody chose others', async () => {
  const ago = (days: number) => `end_time=${NOON / 1000 - days * 86_400}&last=1h`
  expect((await get(`/costs?${ago(1)}`)).body.granularity).toBe('1m')
  expect((await get(`/costs?${ago(60)}`)).body.granularity).toBe('1h')
  expect((await get(`/performance/distribution?${ago(500)}`)).body.granularity).toBe('1d')
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

test('the summary tells cost, performance and usage at a glance', async () => {
  const { body } = await get(`/metrics/summary?${RANGE}`)
  const total = (priced.length * 3_500_000) / 1e9
  expect(body).toMatchObject({
    coverage: { calls: 30 },
    cost: {
      total_cost: total,
      cost_by_provider: [
        { provider: 'openai', cost: total, share: 1 },
        { provider: 'anthropic', cost: null, share: null },
      ],
      top_models_by_cost: [{ model: 'gpt-4o', cost: total, share: 1 }, { model: 'nobody-priced-this' }],
    },
    performance: { avg_latency_ms: 1550, success_rate: 0.9 },
    usage: {
      total_requests: 30,
      total_tokens: 27 * 1100,
      requests_by_model: [
        { model: 'gpt-4o', requests: 20, tokens: priced.length * 1100 },
        { model: 'nobody-priced-this', requests: 10, tokens: (27 - priced.length) * 1100 },
      ],
    },
  })
})

test('conversations are told one by one, the latest first, and what belongs to none is in none', async () => {
  const { body } = await get(`/metrics/conversations?${RANGE}&limit=4`)
  const inOne = events.filter((one) => one.conversation_id !== undefined)
  const completed = inOne.filter(({ event_type }) => event_type === 'llm_request_completed')
  const pricedInOne = completed.filter(({ model }) => model === 'gpt-4o')
  expect(body).toMatchObject({
    total_conversations: 6,
    avg_messages_per_conversation: 4,
    avg_tokens_per_conversation: (completed.length * 1100) / 6,
    avg_cost_per_conversation: expect.closeTo((pricedInOne.length * 0.0035) / 6, 12),
    has_more: true,
  })
  expect(body.conversations).toHaveLength(4)
  const [latest] = body.conversations
  // The last of conversation 5 is event 23, the first event 5: when they began.
  const began = (index: number) => new Date(NOON + index * 60_000 + 30_000 - 100 * (index + 1)).toISOString()
  expect(latest).toMatchObject({ message_count: 4, start_time: began(5), end_time: began(23), users: 2 })
  const one = await get(`/metrics/conversations?${RANGE}&conversation_id=${latest.conversation_id}`)
  expect(one.body.conversations).toEqual([latest])
})

test('models are compared, and recommended for what they are better at', async () => {
  const { body } = await get(`/metrics/models?${RANGE}&models=gpt-4o,nobody-priced-this,absent`)
  expect(body.models.map(({ model, metrics }) => [model, metrics.request_count, metrics.avg_cost_usd])).toEqual([
    ['gpt-4o', 20, 0.0035],
    ['nobody-priced-this', 10, null],
  ])
  const mean = (model: string) => {
    const durations = events.filter((one) => one.model === model).map(({ duration_ms }) => duration_ms)
    return durations.reduce((sum, duration) => sum + duration, 0) / durations.length
  }
  expect(body.models.map(({ metrics }) => metrics.avg_latency_ms)).toEqual([mean('gpt-4o'), mean('nobody-priced-this')])
  expect(body.summary).toEqual({
    fastest_model: 'nobody-priced-this',
    cheapest_model: 'gpt-4o',
    most_reliable_model: 'gpt-4o',
    recommendations: ['Use nobody-priced-this for low-latency applications and gpt-4o for cost-sensitive workloads'],
  })
  expect((await get(`/metrics/models?${RANGE}&models=gpt-4o`)).body.error).toEqual({
    code: 'VALIDATION_ERROR',
    message: 'models must be at least 2 for a comparison',
    details: { field: 'models' },
  })
  const none = await get(`/metrics/models?${RANGE}&models=absent,gone`)
  expect(none.body).toMatchObject({ models: [], summary: { fastest_model: null, recommendations: [] } })
})

test('a model that writes nothing is not recommended beside those that do', async () => {
  const ofMorning = (event_id: string, model: string, duration_ms: number, output_tokens: number) => ({
    event_id,
    event_type: 'llm_request_completed',
    timestamp_ms: NOON - 6 * HOUR,
    provider: 'own',
    model,
    duration_ms,
    input_tokens: 10,
    output_tokens,
  })
  const answer = await post(`${made.url}/api/v1/analytics/events`, [
    ofMorning('m-1', 'quick-embedding', 5, 0),
    ofMorning('m-2', 'slow-writer', 900, 50),
    ofMorning('m-3', 'slower-writer', 950, 50),
  ])
  expect([answer.status, await answer.text()]).toEqual([202, expect.anything()])
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
  const { body } = await get(`/metrics/models?start_time=${NOON / 1000 - 7 * 3600}&end_time=${NOON / 1000 - 5 * 3600}`)
  expect(body.models.map(({ model }) => model).toSorted()).toEqual(['quick-embedding', 'slow-writer', 'slower-writer'])
  expect(body.summary).toMatchObject({ fastest_model: 'slow-writer', most_reliable_model: 'slow-writer' })
})

test('trends compare window with window, and the period with the one before', async () => {
  const second = `start_time=${NOON / 1000 + 900}&end_time=${NOON / 1000 + 1800}`
  const { body } = await get(`/metrics/trends?${second}&granularity=5m`)
  expect(body.previous_window).toEqual({
    start_time: new Date(NOON).toISOString(),
    end_time: new Date(NOON + 900_000).toISOString(),
  })
  const durations = events.map(({ duration_ms }) => duration_ms)
  const mean = (from: number, to: number) =>
    durations.slice(from, to).reduce((sum, duration) => sum + duration, 0) / (to - from)
  expect(body.comparison.request_count).toEqual({ value: 15, previous: 15, change: 0 })
  expect(body.comparison.avg_latency_ms).toEqual({
    value: mean(15, 30),
    previous: mean(0, 15),
    change: (mean(15, 30) - mean(0, 15)) / mean(0, 15),
  })
  expect(body.performance_trend.map(({ value, change }) => [value, change])).toEqual([
    [mean(15, 20), null],
    [mean(20, 25), (mean(20, 25) - mean(15, 20)) / mean(15, 20)],
    [mean(25, 30), (mean(25, 30) - mean(20, 25)) / mean(20, 25)],
  ])
})

test('operations are told one by one, the latest first, and each on one page', async () => {
  const ids: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 10; pages++) {
    const { body } = await get(`/operations?${RANGE}&limit=7${cursor}`)
    ids.push(...body.operations.map(({ id }) => id))
    if (body.next_cursor === null) break
    cursor = `&cursor=${body.next_cursor}`
  }
  expect(ids).toEqual(events.map(({ event_id }) => event_id).toReversed())
  // Of all pages, whichever of them it is.
  const coverage = { calls: 30, usage: 27 / 30, cost: priced.length / 30 }
  expect((await get(`/operations?${RANGE}&limit=7${cursor}`)).body.coverage).toEqual(coverage)
  expect((await get(`/performance/distribution?${RANGE}`)).body.coverage).toEqual(coverage)
  // Of the very range, though whole minutes of it are told from sums.
  for (const [from, to] of [
    [95.5, 1000.25],
    [29.95, 29.999],
    [600, 1230],
  ] as const) {
    const within = await get(`/operations?start_time=${NOON / 1000 + from}&end_time=${NOON / 1000 + to}&limit=1000`)
    expect(within.body.coverage).toMatchObject({ calls: within.body.operations.length })
  }
  const failed = await get(`/operations?${RANGE}&failed=true`)
  expect(failed.body.coverage).toEqual({ calls: 3, usage: 0, cost: 0 })
  expect(failed.body.operations.map(({ id }) => id)).toEqual(['e-29', 'e-19', 'e-9'])
  const one = await get(`/operations?${RANGE}&model=gpt-4o&failed=false&limit=1`)
  expect(one.body.operations).toMatchObject([
    {
      id: 'e-28',
      operation: 'chat',
      requestModel: 'gpt-4o',
      durationMs: 2900,
      usage: { inputTokens: 1000, outputTokens: 100 },
      cost: { nanoDollars: 3_500_000, source: 'catalogue' },
    },
  ])
  for (const wrong of ['x', 'e30', Buffer.from('["1","2"]').toString('base64url')])
    expect((await get(`/operations?cursor=${wrong}`)).body.error?.details.field).toBe('cursor')
})

test('the first are those with most, and their share is of all there is', async () => {
  const { body } = await get(`/top?${RANGE}&dimension=user_id&by=calls&limit=2`)
  expect(body.rows.map(({ rank, calls, share }) => [rank, calls, share])).toEqual([
    [1, 8, 8 / 30],
    [2, 8, 8 / 30],
  ])
  const slow = await get(`/top?${RANGE}&by=latency`)
  expect(slow.body.rows.map(({ value, share }) => [value, share])).toEqual([
    ['gpt-4o', null],
    ['nobody-priced-this', null],
  ])
  expect((await get('/top?dimension=colour')).body.error.details.field).toBe('dimension')
  expect((await get('/top?by=beauty')).body.error.details).toEqual({
    field: 'by',
    allowed: ['cost', 'tokens', 'calls', 'errors', 'latency'],
  })
})

test('filters choose operations, several values of one at a time', async () => {
  const of = async (query: string) => (await get(`/performance?${RANGE}&${query}`)).body.request_count
  expect(await of('model=gpt-4o')).toBe(20)
  expect(await of('model=gpt-4o&model=nobody-priced-this')).toBe(30)
  expect(await of('model=gpt-4o&agent=planner')).toBe(10)
  expect(await of('provider=nobody')).toBe(0)
  expect(await of('tag=team:a:b')).toBe(6)
  expect(await of('tag=team:a:b&tag=team:other&model=gpt-4o')).toBe(20)
  expect(await of('tag=team:')).toBe(0)
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
  [{ metrics: [{ field: 'calls', aggregation: 'count', above: 1 }] }, 'metrics[0].above'],
  [{ metrics: [{ field: 'duration_ms', aggregation: 'p95', above: 1 }] }, 'metrics[0].above'],
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

test('an answer is kept for who asks the same, and not sent again to who has it', async () => {
  const path = `${made.url}/api/v1/costs?${RANGE}&model=gpt-4o`
  const first = await fetch(path)
  const etag = first.headers.get('etag')!
  expect(first.headers.get('cache-control')).toMatch(/^private, max-age=\d+$/)
  const again = await fetch(`${made.url}/api/v1/costs?model=gpt-4o&${RANGE}`)
  expect([again.headers.get('cache-status'), again.headers.get('etag')]).toEqual(['tokmeter; hit', etag])
  expect(await again.json()).toEqual(await first.json())
  const other = await fetch(path.replace('gpt-4o', 'gpt-4'))
  expect(other.headers.get('cache-status')).toBe('tokmeter; fwd=miss')
  const fresh = await fetch(path, { headers: { 'cache-control': 'no-cache' } })
  expect([fresh.status, fresh.headers.get('cache-status')]).toEqual([200, 'tokmeter; fwd=miss'])
  const known = await fetch(path, { headers: { 'if-none-match': `"other", W/${etag}` } })
  expect([known.status, await known.text()]).toEqual([304, ''])
  const page = await (await fetch(`${made.url}/metrics`)).text()
  expect(page).toMatch(/^tokmeter_query_cache_hits_total\S* [1-9]/m)
})

test('rows come as CSV or lines of JSON to who accepts them', async () => {
  const of = async (path: string, accept: string) => {
    const response = await fetch(`${made.url}/api/v1${path}`, { headers: { accept } })
    return [response.status, response.headers.get('content-type'), await response.text()]
  }
  expect(await of(`/top?${RANGE}&by=calls`, 'text/csv')).toEqual([
    200,
    'text/csv; charset=utf-8',
    expect.stringMatching(/^rank,value,calls,cost,tokens,errors,latency,share\r\n1,gpt-4o,20,0.063,/),
  ])
  const [, type, lines] = await of(`/operations?${RANGE}&limit=2`, 'application/x-ndjson')
  expect(type).toBe('application/x-ndjson; charset=utf-8')
  expect(
    String(lines)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id),
  ).toEqual(['e-29', 'e-28'])
  expect(await of(`/metrics/summary?${RANGE}`, 'text/csv')).toEqual([
    200,
    'text/csv; charset=utf-8',
    expect.stringContaining('cost.total_cost'),
  ])
  expect((await of('/costs', 'image/png'))[0]).toBe(406)
})

test('tokens are told by type and by whom, cached ones as part of the input', async () => {
  const { body } = await get(`/tokens?${RANGE}`)
  expect(body).toMatchObject({
    total_tokens: 27 * 1100,
    by_token_type: { input: 27_000, output: 2700, cache_read: null, cache_write: null, reasoning: null },
    avg_tokens_per_request: (27 * 1100) / 30,
    by_service: [{ service: 'chat-api', total_tokens: 27 * 1100, share: 1 }],
    by_workflow: [],
  })
  const planned = events.filter((one) => one.agent_id !== undefined && one.event_type === 'llm_request_completed')
  expect(body.by_agent).toMatchObject([
    { agent: 'planner', total_tokens: planned.length * 1100, share: planned.length / 27 },
  ])
})

test('what one of them costs is told of those that have one, and of requests whose cost is known', async () => {
  const { body } = await get(`/costs/unit?${RANGE}`)
  const owned = priced.filter((one) => one.conversation_id !== undefined)
  const mean = (cost: number, count: number) => ({
    cost: expect.closeTo(cost, 12),
    count,
    avg_cost: expect.closeTo(cost / count, 12),
  })
  expect(body.units).toEqual([
    { unit: 'request', ...mean(priced.length * 0.0035, priced.length) },
    { unit: 'user', ...mean(priced.length * 0.0035, 4) },
    { unit: 'conversation', ...mean(owned.length * 0.0035, 6) },
    { unit: 'agent', ...mean(priced.filter((one) => one.agent_id !== undefined).length * 0.0035, 1) },
    { unit: 'service', ...mean(priced.length * 0.0035, 1) },
  ])
})

test('a projection is what is spent and a mean day for each that is left, and nothing where it cannot be told', async () => {
  const { body } = await get('/costs/projection?model=gpt-4o')
  const daily = priced.length * 0.0035
  expect(body).toMatchObject({ daily_mean: expect.closeTo(daily, 12), low: null, high: null })
  expect(body.projected).toBeCloseTo((body.spent as number) + daily * (body.days_left as number), 12)
  expect((await get('/costs/projection?model=nobody-priced-this')).body.projected).toBe(null)
  expect((await get('/costs/projection?model=absent')).body.projected).toBe(null)

  expect(projected(10, [1, 3], 4)).toEqual({
    daily_mean: 2,
    projected: 18,
    low: 18 - 1.96 * Math.sqrt(2 * 4),
    high: 18 + 1.96 * Math.sqrt(2 * 4),
  })
  expect(projected(10, [1, 30], 0.5).low).toBe(10)
  expect(projected(0, [0, 0], 3)).toEqual({ daily_mean: 0, projected: 0, low: 0, high: 0 })
  expect(projected(5, [1, null], 3).projected).toBe(null)
  expect(projected(null, [1, 2], 3).projected).toBe(null)
})

test('the OpenAPI document names every question with its parameters, and the page shows it', async () => {
  const document = (await (await fetch(`${made.url}/api/v1/openapi.json`)).json()) as {
    openapi: string
    paths: { [path: string]: { get?: { parameters: { name: string; schema: unknown }[] }; post?: unknown } }
  }
  expect(document.openapi).toBe('3.1.0')
  expect(await new Validator().validate(document)).toEqual({ valid: true })
  expect(Object.keys(document.paths)).toEqual(
    [
      '/query',
      '/costs',
      '/costs/breakdown',
      '/costs/unit',
      '/costs/projection',
      '/tokens',
      '/performance',
      '/performance/distribution',
      '/metrics/summary',
      '/metrics/conversations',
      '/metrics/models',
      '/metrics/trends',
      '/operations',
      '/top',
      '/notices',
      '/reports/daily',
      '/reports/weekly',
      '/reports/monthly',
      '/health-scores',
      '/anomalies',
      '/alerts',
      '/alerts/rules',
      '/budgets',
      '/budgets/{name}',
      '/live',
    ].map((path) => `/api/v1${path}`),
  )
  const { parameters } = document.paths['/api/v1/costs']!.get!
  expect(parameters.find(({ name }) => name === 'granularity')).toMatchObject({
    in: 'query',
    required: false,
    schema: { enum: ['1m', '5m', '1h', '1d'] },
  })
  const page = await fetch(`${made.url}/api/v1/docs`)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const text = await page.text()
  expect(text).toContain('<h2>GET /api/v1/costs/breakdown</h2>')
  expect(text).toContain(
    '<tr><td>by_model[].total_cost</td><td>number or null</td><td>known cost in US dollars; null where nothing is known of it</td></tr>',
  )
  expect(text).toContain('<a href="#Coverage">Coverage</a>')
  expect(text).toContain('<h3 id="Coverage">Coverage</h3>')
})
