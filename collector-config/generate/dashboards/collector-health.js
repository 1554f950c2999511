/** Whether the numbers can be relied on: the collector's books, its queue, its store, its targets, and the SDKs before it. */
import { REQUEST_ATTRIBUTES, REQUEST_DURATION } from '../../../src/collector/dist/request-durations.js'
import { filtersOf } from '../dashboard.js'
import { attribute, expressions, metric } from '../expressions.js'
import { labelOf } from '../metric-names.js'

const REQUESTS = REQUEST_DURATION.name
const { route: ROUTE, status: STATUS } = REQUEST_ATTRIBUTES
const VARIABLES = /** @type {const} */ (['job'])
const SIGNALS = ['spans', 'log_records', 'metric_points', 'events']

/** @param {import('../metric-names.js').Naming} naming @returns {import('../dashboard.js').Dashboard} */
export function collectorHealth(naming) {
  const q = expressions(naming, { filters: filtersOf(VARIABLES), window: '$__rate_interval' })
  const received = (/** @type {string} */ outcome) =>
    SIGNALS.map((signal) => ({
      expr: q.rateOf(`tokmeter.receiver.${outcome}_${signal}`),
      legend: signal.replace('_', ' '),
    }))
  const now = (/** @type {string} */ name, /** @type {readonly string[]} */ by = []) => q.sum(q.series(name), by)
  return {
    uid: 'tokmeter-collector',
    title: 'tokmeter / Collector health',
    description: 'Whether the numbers can be relied on: books, queue, store, targets, and the SDKs before them.',
    variables: VARIABLES,
    rows: [
      {
        title: 'The books',
        panels: [
          {
            title: 'Accepted',
            description: 'Operations taken and safe on the disk, since the data directory was made.',
            unit: 'short',
            kind: 'stat',
            queries: [{ expr: now('tokmeter.ledger.accepted') }],
          },
          {
            title: 'Stored',
            description: 'Operations that are in the store.',
            unit: 'short',
            kind: 'stat',
            queries: [{ expr: now('tokmeter.ledger.stored') }],
          },
          {
            title: 'In queue',
            description: 'Operations that wait for the store.',
            unit: 'short',
            kind: 'stat',
            queries: [{ expr: now('tokmeter.ledger.in_queue') }],
          },
          {
            title: 'Dropped',
            description: 'Operations accepted and then lost.',
            unit: 'short',
            kind: 'stat',
            thresholds: [
              ['green', null],
              ['red', 1],
            ],
            queries: [{ expr: now('tokmeter.ledger.dropped') }],
          },
          {
            title: 'Queue filled',
            description: 'Share of queue.maxBytes; when it is full, requests are refused.',
            unit: 'percentunit',
            kind: 'stat',
            max: 1,
            thresholds: [
              ['green', null],
              ['orange', 0.5],
              ['red', 0.8],
            ],
            queries: [{ expr: `${now('tokmeter.queue.size')} / ${now('tokmeter.queue.capacity')}` }],
          },
          {
            title: 'Duplicates',
            description: 'Operations that had been accepted before.',
            unit: 'short',
            kind: 'stat',
            queries: [{ expr: now('tokmeter.ledger.duplicate') }],
          },
        ],
      },
      {
        title: 'In',
        panels: [
          {
            title: 'Accepted a second',
            description: 'Items by signal.',
            unit: 'short',
            queries: received('accepted'),
          },
          {
            title: 'Refused a second',
            description: 'Items not taken; senders may send them again.',
            unit: 'short',
            queries: received('refused'),
          },
          {
            title: 'Rejected a second',
            description: 'Items that are invalid.',
            unit: 'short',
            queries: received('rejected'),
          },
          {
            title: 'Recognised a second, by dialect',
            description: 'Items that became operations.',
            unit: 'short',
            kind: 'stacked',
            queries: [{ expr: q.rateOf('tokmeter.normalise.recognised', ['dialect']), legend: '{{dialect}}' }],
          },
        ],
      },
      {
        title: 'Requests',
        panels: [
          {
            title: 'Answered a second, by route',
            description: 'What comes in and what is asked.',
            unit: 'reqps',
            queries: [{ expr: q.countRateOf(REQUESTS, [ROUTE]), legend: `{{${labelOf(ROUTE)}}}` }],
          },
          {
            title: 'Time they take, p95 by route',
            description:
              'From the head of a request until the last of its answer is sent; what is received is on the disk by then.',
            unit: 's',
            queries: [{ expr: q.quantile(0.95, REQUESTS, [ROUTE]), legend: `{{${labelOf(ROUTE)}}}` }],
          },
          {
            title: 'Not answered as wished a second, by status',
            description: 'From 400 on: 429 and 503 are to be sent again.',
            unit: 'reqps',
            none: 'none',
            mayBeEmpty: true,
            queries: [
              {
                expr: q.countRateOf(REQUESTS, [ROUTE, STATUS], { [STATUS]: '=~"[45].."' }),
                legend: `{{${labelOf(ROUTE)}}} {{${labelOf(STATUS)}}}`,
              },
            ],
          },
        ],
      },
      {
        title: 'Kept',
        panels: [
          {
            title: 'Store on the disk, by table',
            description: 'Looked at once a minute.',
            unit: 'bytes',
            kind: 'stacked',
            queries: [{ expr: now('tokmeter.store.size', ['table']), legend: '{{table}}' }],
          },
          {
            title: 'Stored a second',
            description: 'Operations that got into the store.',
            unit: 'short',
            queries: [{ expr: q.rateOf('tokmeter.ledger.stored'), legend: 'stored' }],
          },
          {
            title: 'Answers kept from before',
            description: 'Share of the questions that did not need the store.',
            unit: 'percentunit',
            none: 'nobody asked',
            mayBeEmpty: true,
            queries: [
              {
                expr: `${q.rateOf('tokmeter.query.cache_hits')} / ((${q.rateOf('tokmeter.query.cache_hits')} + ${q.rateOf('tokmeter.query.cache_misses')}) > 0)`,
                legend: 'kept',
              },
            ],
          },
          {
            title: 'Values beyond their limits a second, by attribute',
            description: 'Operations whose value of an attribute, or whose series, was beyond its limit.',
            unit: 'short',
            none: 'none',
            mayBeEmpty: true,
            queries: [
              { expr: q.rateOf('tokmeter.instruments.attribute_overflow', ['attribute']), legend: '{{attribute}}' },
            ],
          },
        ],
      },
      {
        title: 'Out',
        panels: [
          {
            title: 'Waiting for targets',
            description: 'Bytes by target.',
            unit: 'bytes',
            none: 'no targets',
            mayBeEmpty: true,
            queries: [{ expr: now('tokmeter.exporter.queue_size', ['exporter']), legend: '{{exporter}}' }],
          },
          {
            title: 'Failed attempts a second',
            description: 'Requests to targets that failed and are made again, by cause.',
            unit: 'reqps',
            none: 'none failed',
            mayBeEmpty: true,
            queries: [
              {
                expr: q.rateOf('tokmeter.exporter.failed_attempts', ['exporter', 'cause']),
                legend: '{{exporter}} {{cause}}',
              },
            ],
          },
        ],
      },
      {
        title: 'The process',
        panels: [
          {
            title: 'CPU',
            description: 'Cores in use.',
            unit: 'short',
            queries: [{ expr: q.rateOf('tokmeter.process.cpu_seconds', ['instance']), legend: '{{instance}}' }],
          },
          {
            title: 'Memory',
            description: 'Resident.',
            unit: 'bytes',
            queries: [{ expr: now('tokmeter.process.memory_rss', ['instance']), legend: '{{instance}}' }],
          },
        ],
      },
      {
        title: 'The SDKs before it',
        panels: [
          {
            title: 'Buffers filled',
            description: 'Share of the capacity, by program that is scraped.',
            unit: 'percentunit',
            max: 1,
            none: 'no program is scraped',
            queries: [
              {
                expr: `${now(metric.sdkBufferSize, ['job'])} / ${now(metric.sdkBufferCapacity, ['job'])}`,
                legend: '{{job}}',
              },
            ],
          },
          {
            title: 'Dropped a second',
            description: 'Operations that are in no metric, by reason.',
            unit: 'short',
            none: 'none',
            mayBeEmpty: true,
            queries: [
              {
                expr: q.rateOf(metric.sdkDropped, ['job', attribute.reason]),
                legend: `{{job}} {{${labelOf(attribute.reason)}}}`,
              },
            ],
          },
          {
            title: 'Failed exports a second',
            description: 'By signal.',
            unit: 'short',
            none: 'none',
            mayBeEmpty: true,
            queries: [
              {
                expr: q.rateOf(metric.sdkExports, ['job', attribute.signal], { [attribute.outcome]: '="failure"' }),
                legend: `{{job}} {{${labelOf(attribute.signal)}}}`,
              },
            ],
          },
          {
            title: 'Untested clients',
            description: 'Client libraries whose version is not a tested one.',
            unit: 'short',
            none: 'none',
            mayBeEmpty: true,
            queries: [
              {
                expr: now(metric.sdkUntestedClients, [attribute.client, attribute.clientVersion]),
                legend: `{{${labelOf(attribute.client)}}} {{${labelOf(attribute.clientVersion)}}}`,
              },
            ],
          },
        ],
      },
    ],
  }
}
