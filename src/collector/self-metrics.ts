/**
 * The collector's metrics of itself: one table. Suffixes and meanings are those of the OpenTelemetry Collector's own metrics
 * (https://opentelemetry.io/docs/collector/internal-telemetry/), so that its dashboards serve with another prefix.
 */
import { ALERT_METRICS } from './alert/metrics.js'
import type { Signal } from './batch.js'
import { BUDGET_METRICS } from './budget/metrics.js'
import type { TargetLedger } from './ledger.js'
import {
  by,
  type Observation,
  type ProcessSnapshot,
  type Read,
  rowsOf,
  type SelfMetric,
  type Snapshot,
  type TargetSnapshot,
} from './self-metric.js'

const ledger = rowsOf('ledger')
const targets = rowsOf('targets')
const queue = rowsOf('queue')
const store = rowsOf('store')
const normalise = rowsOf('normalise')
const answers = rowsOf('answers')
const live = rowsOf('live')
const memory = rowsOf('memory')
const process = rowsOf('process')

/** How the items of each signal are called. */
const ITEMS: readonly (readonly [signal: Signal, suffix: string, unit: string, words: string])[] = [
  ['traces', 'spans', '{span}', 'Spans'],
  ['metrics', 'metric_points', '{datapoint}', 'Data points'],
  ['logs', 'log_records', '{record}', 'Log records'],
  ['events', 'events', '{event}', "Events of tokmeter's own format"],
]
const FORWARDED = ITEMS.filter(([signal]) => signal !== 'events')

const OUTCOMES = [
  ['accepted', 'that were taken and are safe on the disk.'],
  ['refused', 'that were not taken; the sender may send them again.'],
  ['rejected', 'that are invalid, and pointless to send again.'],
] as const

const receiver = ITEMS.flatMap(([signal, suffix, unit, words]) => {
  const attributes = { receiver: signal === 'events' ? 'events' : 'otlp', transport: 'http' }
  return OUTCOMES.map(([outcome, what]) =>
    ledger.counter(`receiver.${outcome}_${suffix}`, unit, `${words} ${what}`, ({ signals }) => [
      [signals[signal][outcome], attributes],
    ]),
  )
})

const ofTargets =
  (read: (target: TargetSnapshot) => number): Read<'targets'> =>
  (all) =>
    Object.entries(all).map(([exporter, target]) => [read(target), { exporter }])

const exporter = FORWARDED.flatMap(([signal, suffix, unit, words]) => [
  targets.counter(
    `exporter.sent_${suffix}`,
    unit,
    `${words} sent to a target.`,
    ofTargets(({ sent }) => sent[signal]),
  ),
  targets.counter(
    `exporter.send_failed_${suffix}`,
    unit,
    `${words} that a target refused for good.`,
    ofTargets(({ rejected }) => rejected[signal]),
  ),
])

const ofLedgers =
  (read: (target: TargetLedger) => number): Read<'ledger'> =>
  ({ forward }) =>
    Object.entries(forward).map(([exporter, target]) => [read(target), { exporter }])

const OPERATIONS = '{operation}'
const ITEM = '{item}'

/** Every metric of the collector about itself. Those of receiver and ledger count since the data directory was made, the others since the start. */
export const SELF_METRICS: readonly SelfMetric[] = [
  ...receiver,
  answers.counter('query.cache_hits', '{answer}', 'Answers that were kept from before.', ({ hits }) => [[hits]]),
  answers.counter('query.cache_misses', '{answer}', 'Answers that had to be made.', ({ misses }) => [[misses]]),
  answers.gauge('query.cache_size', 'By', 'Bytes of answers that are kept.', ({ bytes }) => [[bytes]]),
  rowsOf('pressure').gauge(
    'query.ingest_pressure',
    '1',
    'How far questions give way to what comes in: at 0 they have all there is, at 1 a part of a core.',
    (pressure) => [[pressure]],
  ),
  live.gauge('live.subscribers', '{reader}', 'Readers of the live stream.', ({ subscribers }) => [[subscribers]]),
  live.counter('live.refused', '{reader}', 'Readers that were too many.', ({ refused }) => [[refused]]),
  live.counter('live.sent', '{event}', 'Events handed to readers, by kind.', ({ sent }) => by('kind', sent)),
  live.counter('live.skipped', '{event}', 'Events that readers were too slow for.', ({ skipped }) => [[skipped]]),
  memory.gauge('receiver.memory_size', 'By', 'Bytes of bodies in flight.', ({ size }) => [[size]]),
  memory.gauge('receiver.memory_capacity', 'By', 'Bytes of bodies that may be in flight.', ({ capacity }) => [
    [capacity],
  ]),
  memory.counter('receiver.memory_refused', '{request}', 'Bodies that found no room.', ({ refused }) => [[refused]]),

  normalise.counter('normalise.recognised', ITEM, 'Items that became operations, by dialect.', ({ dialects }) =>
    ofDialects(dialects, 'recognised'),
  ),
  normalise.counter(
    'normalise.ignored',
    ITEM,
    'Items that are no operations of their own, by dialect.',
    ({ dialects }) => ofDialects(dialects, 'ignored'),
  ),
  normalise.counter('normalise.rejected', ITEM, 'Items of no use, by dialect.', ({ dialects }) =>
    ofDialects(dialects, 'rejected'),
  ),
  normalise.counter('normalise.foreign', ITEM, 'Items of no dialect, which pass through.', ({ foreign }) => [
    [foreign],
  ]),
  rowsOf('discarded').counter(
    'normalise.discarded_values',
    '{value}',
    'Values of operations left out because they cannot be true or must not be kept, by field.',
    (counts) => by('field', counts),
  ),
  rowsOf('overflowed').counter(
    'instruments.attribute_overflow',
    OPERATIONS,
    'Operations whose value of an attribute, or whose series, was beyond its limit, by attribute.',
    (counts) => by('attribute', counts),
  ),

  queue.gauge('queue.size', 'By', 'Bytes of operations that wait for the store.', (now) => [[now.operationBytes]]),
  queue.gauge(
    'queue.capacity',
    'By',
    'Bytes of operations that may wait for the store; beyond, requests are refused.',
    ({ maxOperationBytes }) => [[maxOperationBytes]],
  ),
  queue.gauge(
    'queue.seen_ids',
    OPERATIONS,
    'Operations that would be recognised if they came again.',
    ({ seenIds }) => [[seenIds]],
  ),
  queue.counter(
    'queue.seen_ids_expired_early',
    OPERATIONS,
    'Operations forgotten before their time, since there were too many to remember.',
    ({ seenIdsExpiredEarly }) => [[seenIdsExpiredEarly]],
  ),

  store.gauge('store.rows', '{row}', 'Rows in the store, by table.', ({ tables }) =>
    tables.map(({ table, rows }) => [rows, { table }]),
  ),
  store.gauge('store.size', 'By', 'Bytes of the store on the disk, by table.', ({ tables }) =>
    tables.map(({ table, bytes }) => [bytes, { table }]),
  ),

  ...exporter,
  targets.counter(
    'exporter.failed_attempts',
    '{request}',
    'Requests to a target that failed and are made again, by status or code of the failure.',
    (all) => Object.entries(all).flatMap(([exporter, { failedAttempts }]) => by('cause', failedAttempts, { exporter })),
  ),
  targets.gauge(
    'exporter.in_flight_requests',
    '{request}',
    'Requests to a target that are on their way.',
    ofTargets(({ requestsInFlight }) => requestsInFlight),
  ),
  targets.gauge(
    'exporter.queue_items',
    ITEM,
    'Spans, data points and log records that wait for a target.',
    ofTargets(({ waitingItems }) => waitingItems),
  ),
  targets.gauge(
    'exporter.queue_size',
    'By',
    'Bytes that wait for a target.',
    ofTargets(({ waitingBytes }) => waitingBytes),
  ),
  targets.gauge(
    'exporter.queue_capacity',
    'By',
    'Bytes that may wait for a target; beyond, the oldest are dropped.',
    ofTargets(({ maxBytes }) => maxBytes),
  ),

  ledger.counter('ledger.received', OPERATIONS, 'Operations that came in.', (now) => [[now.received]]),
  ...OUTCOMES.map(([outcome, what]) =>
    ledger.counter(`ledger.${outcome}`, OPERATIONS, `Operations ${what}`, (now) => [[now[outcome]]]),
  ),
  ledger.counter('ledger.stored', OPERATIONS, 'Operations that are in the store.', ({ stored }) => [[stored]]),
  store.counter(
    'ledger.imported',
    OPERATIONS,
    'Operations that were read out of files into the store, beside those that came in.',
    ({ imported }) => [[imported]],
  ),
  ledger.counter('ledger.duplicate', OPERATIONS, 'Operations that had been accepted before.', (now) => [
    [now.duplicate],
  ]),
  ledger.counter('ledger.dropped', OPERATIONS, 'Operations accepted and then lost, by reason.', ({ dropped }) =>
    by('reason', dropped),
  ),
  ledger.gauge('ledger.in_queue', OPERATIONS, 'Operations that wait for the store.', ({ inQueue }) => [[inQueue]]),
  ledger.counter(
    'ledger.forward.accepted',
    ITEM,
    'Items accepted for a target.',
    ofLedgers((one) => one.accepted),
  ),
  ledger.counter(
    'ledger.forward.sent',
    ITEM,
    'Items that a target has.',
    ofLedgers((one) => one.sent),
  ),
  ledger.counter(
    'ledger.forward.rejected',
    ITEM,
    'Items a target refused for good.',
    ofLedgers((one) => one.rejected),
  ),
  ledger.counter(
    'ledger.forward.dropped',
    ITEM,
    'Items accepted for a target and then lost, by reason.',
    ({ forward }) => Object.entries(forward).flatMap(([exporter, { dropped }]) => by('reason', dropped, { exporter })),
  ),
  ledger.gauge(
    'ledger.forward.in_queue',
    ITEM,
    'Items that wait for a target.',
    ofLedgers((one) => one.inQueue),
  ),

  ...BUDGET_METRICS,
  ...ALERT_METRICS,

  process.gauge('process.start_time', 's', 'When the process started, in seconds of the epoch.', (now) => [
    [now.startSeconds],
  ]),
  process.counter('process.uptime', 's', 'Time since the process started.', (now) => [[now.uptimeSeconds]]),
  process.counter('process.cpu_seconds', 's', 'CPU time used, user and system.', (now) => [[now.cpuSeconds]]),
  process.gauge('process.memory_rss', 'By', 'Memory of the process that is resident.', (now) => [[now.residentBytes]]),
  process.gauge('process.runtime_heap_alloc', 'By', 'Bytes of the JavaScript heap in use.', (now) => [[now.heapBytes]]),
]

function ofDialects(
  dialects: Snapshot<'normalise'>['dialects'],
  outcome: 'recognised' | 'ignored' | 'rejected',
): Observation[] {
  return Object.entries(dialects).map(([dialect, counts]) => [counts[outcome], { dialect }])
}

/** The process as it is now. */
export function processSnapshot(): ProcessSnapshot {
  const { user, system } = globalThis.process.cpuUsage()
  const { rss, heapUsed } = globalThis.process.memoryUsage()
  return {
    startSeconds: performance.timeOrigin / 1000,
    uptimeSeconds: globalThis.process.uptime(),
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
  }
}
