import { spawnSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { AggregationType } from '@opentelemetry/sdk-metrics'
import { fastify } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { createMetricsPage } from '../../src/collector/metrics-page.js'
import type { Sources } from '../../src/collector/self-metric.js'
import { SELF_METRICS } from '../../src/collector/self-metrics.js'
import { createTelemetry, type TelemetryOptions } from '../../src/collector/telemetry.js'
import { type Page, parsePage } from '../prometheus-page.js'
import { budget, evaluationOf } from './budget/budgeting.js'

const reception = (accepted: number) => ({ received: accepted + 3, accepted, refused: 2, rejected: 1 })
const signals = (traces: number) => ({ traces, metrics: 20, logs: 30, events: 0 })

/** A source of each kind, with numbers that are told apart. */
const sources: Sources = {
  ledger: () => ({
    since: 0,
    ...reception(100),
    stored: 90,
    duplicate: 5,
    dropped: { damaged: 1, not_storable: 2 },
    inQueue: 2,
    signals: { traces: reception(10), metrics: reception(20), logs: reception(30), events: reception(40) },
    forward: {
      tempo: { accepted: 60, sent: 50, rejected: 1, dropped: { queue_full: 2, damaged: 3, removed: 0 }, inQueue: 4 },
    },
  }),
  queue: () => ({ operationBytes: 1000, maxOperationBytes: 2000, seenIds: 7, seenIdsExpiredEarly: 1 }),
  targets: () => ({
    tempo: {
      sent: signals(10),
      rejected: signals(1),
      failedAttempts: { '503': 4, ECONNREFUSED: 5 },
      requestsInFlight: 2,
      waitingItems: 6,
      waitingBytes: 600,
      maxBytes: 6000,
    },
  }),
  store: () => ({ tables: [{ table: 'operations', rows: 90, bytes: 9000 }], imported: 12 }),
  normalise: () => ({ dialects: { codex: { recognised: 8, ignored: 9, rejected: 10 } }, foreign: 11 }),
  memory: () => ({ size: 1, capacity: 2, refused: 3 }),
  answers: () => ({ hits: 14, misses: 15, bytes: 16 }),
  pressure: () => 0.25,
  live: () => ({ subscribers: 17, sent: { snapshot: 18, operation: 19 }, skipped: 20, refused: 21 }),
  discarded: () => ({ 'usage.inputTokens': 12 }),
  overflowed: () => ({ 'gen_ai.request.model': 13 }),
  budgets: () => [
    evaluationOf(budget({ name: 'all', limit: 10_000_000_000n }), [{ spent: 2_500_000_000n, calls: 4, priced: 3 }]),
    evaluationOf(budget({ name: 'each', per: 'service' }), [
      { value: 'api', spent: 150_000_000_001n, calls: 1, priced: 1 },
      { value: 'batch', spent: null, calls: 1, priced: 0 },
    ]),
    evaluationOf(budget({ name: 'users', per: 'user_id' }), [{ value: 'somebody', spent: 1n, calls: 1, priced: 1 }]),
    { budget: budget({ name: 'not looked at yet' }), hasMore: false },
  ],
  alerts: () => ({
    rules: 21,
    failingRules: 22,
    byPhase: { pending: 23, firing: 24, resolved: 25 },
    evaluations: 26,
    failures: 27,
    overflowed: 28,
    tookMs: 29_000,
    lastTookMs: 500,
    channels: { 'on-call': { delivered: 30, rejected: 31, dropped: 32, failed: 33, waiting: 34 } },
  }),
  process: () => ({ startSeconds: 1.5, uptimeSeconds: 2.5, cpuSeconds: 3.5, residentBytes: 4, heapBytes: 5 }),
}

function telemetryWith(options: Partial<TelemetryOptions> = {}) {
  const troubles: string[] = []
  const telemetry = createTelemetry({
    version: '1.2.3',
    views: [],
    scopeLabels: false,
    sources,
    onTrouble: (message) => void troubles.push(message),
    ...options,
  })
  onTestFinished(() => telemetry.shutdown())
  return { telemetry, troubles, page: async (): Promise<Page> => parsePage(await telemetry.page()) }
}

const samplesOf = ({ samples }: Page, prefix: string) =>
  Object.fromEntries(
    samples
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, labels, value }) => {
        const { receiver, transport, ...others } = labels
        const shown = Object.entries(others).map(([label, text]) => `${label}=${text}`)
        return [[name.slice(prefix.length), ...shown].join(' '), value]
      }),
  )

test('answers that were kept, and that had to be made, are counted, and how far questions give way is told', async () => {
  const { page } = telemetryWith()
  expect(samplesOf(await page(), 'tokmeter_query_')).toEqual({
    cache_hits_total: 14,
    cache_misses_total: 15,
    cache_size: 16,
    ingest_pressure: 0.25,
  })
})

test('readers of the live stream are counted, and what they got and did not get', async () => {
  const { page } = telemetryWith()
  expect(samplesOf(await page(), 'tokmeter_live_')).toEqual({
    subscribers: 17,
    'sent_total kind=snapshot': 18,
    'sent_total kind=operation': 19,
    skipped_total: 20,
    refused_total: 21,
  })
})

test('budgets are told by name and value: what is unknown is absent, and so is whose budget it is', async () => {
  const { page } = telemetryWith()
  expect(samplesOf(await page(), 'tokmeter_budget_')).toEqual({
    'limit budget=all': 10,
    'limit budget=each': 100,
    'limit budget=users': 100,
    'limit budget=not looked at yet': 100,
    'spent budget=all': 2.5,
    'spent budget=each value=api': 150.000000001,
    'remaining budget=all': 7.5,
    'remaining budget=each value=api': -50.000000001,
    'used_ratio budget=all': 0.25,
    'used_ratio budget=each value=api': 1.50000000001,
    'burn_rate budget=all': 0.5,
    'burn_rate budget=each value=api': 3.00000000002,
    'exhausted_in budget=each value=api': 0,
    'coverage_ratio budget=all': 0.75,
    'coverage_ratio budget=each value=api': 1,
    'coverage_ratio budget=each value=batch': 0,
    ...Object.fromEntries(
      ['low', 'medium', 'high', 'critical', 'exhausted'].flatMap((level) => [
        [`values budget=each risk_level=${level}`, level === 'exhausted' ? 1 : 0],
        [`values budget=users risk_level=${level}`, level === 'low' ? 1 : 0],
      ]),
    ),
  })
})

test('what is received is named as the OpenTelemetry Collector names it', async () => {
  const { page } = telemetryWith()
  const got = await page()
  expect(samplesOf(got, 'tokmeter_receiver_')).toEqual({
    accepted_spans_total: 10,
    refused_spans_total: 2,
    rejected_spans_total: 1,
    accepted_metric_points_total: 20,
    refused_metric_points_total: 2,
    rejected_metric_points_total: 1,
    accepted_log_records_total: 30,
    refused_log_records_total: 2,
    rejected_log_records_total: 1,
    accepted_events_total: 40,
    refused_events_total: 2,
    rejected_events_total: 1,
    memory_size: 1,
    memory_capacity: 2,
    memory_refused_total: 3,
  })
  const labels = (name: string) => got.samples.find((sample) => sample.name === name)?.labels
  expect(labels('tokmeter_receiver_accepted_spans_total')).toEqual({ receiver: 'otlp', transport: 'http' })
  expect(labels('tokmeter_receiver_accepted_events_total')).toEqual({ receiver: 'events', transport: 'http' })
})

test('what is sent on is told by target', async () => {
  const { page } = telemetryWith()
  expect(samplesOf(await page(), 'tokmeter_exporter_')).toEqual({
    'sent_spans_total exporter=tempo': 10,
    'sent_metric_points_total exporter=tempo': 20,
    'sent_log_records_total exporter=tempo': 30,
    'send_failed_spans_total exporter=tempo': 1,
    'send_failed_metric_points_total exporter=tempo': 20,
    'send_failed_log_records_total exporter=tempo': 30,
    'failed_attempts_total exporter=tempo cause=503': 4,
    'failed_attempts_total exporter=tempo cause=ECONNREFUSED': 5,
    'in_flight_requests exporter=tempo': 2,
    'queue_items exporter=tempo': 6,
    'queue_size exporter=tempo': 600,
    'queue_capacity exporter=tempo': 6000,
  })
})

test('the ledger, the queue and the store are there, and balance as they do', async () => {
  const { page } = telemetryWith()
  const got = await page()
  expect(samplesOf(got, 'tokmeter_ledger_')).toEqual({
    received_total: 103,
    accepted_total: 100,
    refused_total: 2,
    rejected_total: 1,
    stored_total: 90,
    duplicate_total: 5,
    imported_total: 12,
    'dropped_total reason=damaged': 1,
    'dropped_total reason=not_storable': 2,
    in_queue: 2,
    'forward_accepted_total exporter=tempo': 60,
    'forward_sent_total exporter=tempo': 50,
    'forward_rejected_total exporter=tempo': 1,
    'forward_dropped_total exporter=tempo reason=queue_full': 2,
    'forward_dropped_total exporter=tempo reason=damaged': 3,
    'forward_dropped_total exporter=tempo reason=removed': 0,
    'forward_in_queue exporter=tempo': 4,
  })
  expect(samplesOf(got, 'tokmeter_queue_')).toEqual({
    size: 1000,
    capacity: 2000,
    seen_ids: 7,
    seen_ids_expired_early_total: 1,
  })
  expect(samplesOf(got, 'tokmeter_store_')).toEqual({ 'rows table=operations': 90, 'size table=operations': 9000 })
  expect(samplesOf(got, 'tokmeter_normalise_')).toEqual({
    'recognised_total dialect=codex': 8,
    'ignored_total dialect=codex': 9,
    'rejected_total dialect=codex': 10,
    foreign_total: 11,
    'discarded_values_total field=usage.inputTokens': 12,
  })
  expect(samplesOf(got, 'tokmeter_instruments_')).toEqual({
    'attribute_overflow_total attribute=gen_ai.request.model': 13,
  })
  expect(samplesOf(got, 'tokmeter_process_')).toEqual({
    start_time: 1.5,
    uptime_total: 2.5,
    cpu_seconds_total: 3.5,
    memory_rss: 4,
    runtime_heap_alloc: 5,
  })
})

test('every row of the table is on the page, and no name stands twice', async () => {
  const { page } = telemetryWith()
  const { types } = await page()
  const names = SELF_METRICS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, kind, description } of SELF_METRICS) {
    const family = `${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`
    expect([family, types.get(family)]).toEqual([family, kind])
    expect(description).toMatch(/^[A-Z].*\.$/)
  }
})

test('each look at a source is one, and now', async () => {
  let looks = 0
  const queue = () => {
    looks++
    return { operationBytes: looks, maxOperationBytes: 0, seenIds: 0, seenIdsExpiredEarly: 0 }
  }
  const { page } = telemetryWith({ sources: { queue } })
  expect(samplesOf(await page(), 'tokmeter_queue_size')).toEqual({ '': 1 })
  expect(samplesOf(await page(), 'tokmeter_queue_size')).toEqual({ '': 2 })
  expect(looks).toBe(2)
})

test('a source that is not there, not yet, or fails takes no other metric with it', async () => {
  const failing = () => {
    throw new Error('closed')
  }
  const { page, troubles } = telemetryWith({ sources: { ...sources, store: () => undefined, queue: failing } })
  await page()
  const got = await page()
  expect(samplesOf(got, 'tokmeter_store_')).toEqual({})
  expect(samplesOf(got, 'tokmeter_queue_')).toEqual({})
  expect(samplesOf(got, 'tokmeter_ledger_stored')).toEqual({ _total: 90 })
  expect(troubles).toEqual(['the metrics of queue could not be observed: closed'])
  const alone = await telemetryWith({ sources: {} }).page()
  const families = [...alone.types.keys()].filter((name) => name.startsWith('tokmeter_'))
  expect(families.every((name) => name.startsWith('tokmeter_process_'))).toBe(true)
  const [start] = Object.values(samplesOf(alone, 'tokmeter_process_start_time'))
  expect(Math.abs(start! - performance.timeOrigin / 1000)).toBeLessThan(1)
})

test('the page says whose it is, and scopes where they are wanted', async () => {
  const info = ({ samples }: Page) => samples.find(({ name }) => name === 'target_info')?.labels
  expect(info(await telemetryWith().page())).toMatchObject({
    service_name: 'tokmeter-collector',
    service_version: '1.2.3',
  })
  const scopes = async (scopeLabels: boolean) =>
    (await telemetryWith({ scopeLabels }).page()).samples.find(({ name }) => name === 'tokmeter_queue_size')?.labels
  expect(await scopes(false)).toEqual({})
  expect(await scopes(true)).toEqual({ otel_scope_name: 'tokmeter-collector', otel_scope_version: '1.2.3' })
})

test('views hold for what is measured, and exponential histograms are left out and told of once', async () => {
  const { telemetry, page, troubles } = telemetryWith({
    views: [
      { instrumentName: 'a.histogram', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      { instrumentName: 'a.counter', name: 'another.counter' },
    ],
  })
  const meter = telemetry.meterProvider.getMeter('test')
  meter.createHistogram('a.histogram').record(1)
  meter.createCounter('a.counter').add(5)
  await page()
  const { types, samples } = await page()
  expect(types.has('a_histogram')).toBe(false)
  expect(samples.find(({ name }) => name === 'another_counter_total')?.value).toBe(5)
  expect(troubles).toEqual([
    'exponential histograms are left out of the page, whose format cannot hold them: a.histogram',
  ])
})

test('something may be put before the reader', async () => {
  let joined = 0
  const { page } = telemetryWith({
    joinReaders: (readers) => {
      joined = readers.length
      return readers
    },
  })
  await page()
  expect(joined).toBe(1)
})

test('the page is served, and compressed for those who take it', async () => {
  const { telemetry } = telemetryWith()
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(createMetricsPage({ path: '/metrics', page: () => telemetry.page() }))
  const plain = await app.inject('/metrics')
  expect(plain.headers).toMatchObject({
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    vary: 'accept-encoding',
  })
  expect(parsePage(plain.body).samples.length).toBeGreaterThan(60)
  const zipped = await app.inject({ url: '/metrics', headers: { 'accept-encoding': 'deflate, gzip;q=0.9' } })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(parsePage(gunzipSync(zipped.rawPayload).toString()).samples.length).toBeGreaterThan(60)
  const refusing = await app.inject({ url: '/metrics', headers: { 'accept-encoding': 'gzip;q=0' } })
  expect(refusing.headers['content-encoding']).toBeUndefined()
})

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined

test.runIf(hasPromtool)('promtool has nothing against the page', async () => {
  const hostile = ['quote"d', 'back\\slash', 'new\nline', '}{,="', '# HELP x y', '\u2028', '😀']
  const counts = Object.fromEntries(hostile.map((name, index) => [name, index]))
  const target = sources.targets()['tempo']!
  const { telemetry } = telemetryWith({
    scopeLabels: true,
    sources: {
      ...sources,
      discarded: () => counts,
      targets: () => Object.fromEntries(hostile.map((name) => [name, { ...target, failedAttempts: counts }])),
    },
  })
  const page = await telemetry.page()
  parsePage(page)
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })
  expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 })
})
