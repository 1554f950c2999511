/** Requests to send: golden ones that use what OTLP has, and the smallest that carry something. In the form they have in JSON. */

const start = '1790000000000000000'
const end = '1790000001500000000'
const traceId = '5b8efff798038103d269b633813fc60c'
const spanId = 'eee19b7ec3c1b174'
const parentSpanId = 'eee19b7ec3c1b173'

const text = (/** @type {string} */ key, /** @type {string} */ stringValue) => ({ key, value: { stringValue } })
const resource = () => ({ attributes: [text('service.name', 'conformance')], droppedAttributesCount: 0 })
const scope = () => ({ name: 'conformance', version: '1.0.0', attributes: [text('scope.attribute', 'some')] })

/** Every kind of value an attribute may have. */
export const EVERY_VALUE = [
  text('text', 'some'),
  { key: 'flag', value: { boolValue: true } },
  { key: 'whole', value: { intValue: '-9007199254740993' } },
  { key: 'fraction', value: { doubleValue: 0.25 } },
  { key: 'list', value: { arrayValue: { values: [{ stringValue: 'many' }, { stringValue: 'values' }] } } },
  { key: 'map', value: { kvlistValue: { values: [text('inner', 'some'), { key: 'n', value: { intValue: '1' } }] } } },
  { key: 'bytes', value: { bytesValue: 'AAEC/w==' } },
]

/** One span with these attributes and fields. @param {object} [fields] @param {object[]} [attributes] */
export function traces(fields = {}, attributes = [text('http.request.method', 'GET')]) {
  const span = {
    traceId,
    spanId,
    name: 'a span',
    kind: 3,
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    attributes,
    ...fields,
  }
  return { resourceSpans: [{ resource: resource(), scopeSpans: [{ scope: scope(), spans: [span] }] }] }
}

/** One data point. */
export function metrics() {
  const point = { startTimeUnixNano: start, timeUnixNano: end, asDouble: 5, attributes: [text('a', 'b')] }
  const metric = {
    name: 'a.counter',
    unit: '1',
    sum: { dataPoints: [point], aggregationTemporality: 2, isMonotonic: true },
  }
  return { resourceMetrics: [{ resource: resource(), scopeMetrics: [{ scope: scope(), metrics: [metric] }] }] }
}

/** One log record. @param {object} [fields] */
export function logs(fields = {}) {
  const record = {
    timeUnixNano: start,
    observedTimeUnixNano: end,
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: 'a log record' },
    attributes: [text('a', 'b')],
    ...fields,
  }
  return { resourceLogs: [{ resource: resource(), scopeLogs: [{ scope: scope(), logRecords: [record] }] }] }
}

/** The smallest request of each signal that carries something. @type {{ [signal in import('./protobuf.js').Signal]: () => object }} */
export const SMALL = { traces: () => traces(), metrics, logs: () => logs() }

/** Of the kinds that opentelemetry-proto gives examples of, each with all the fields the kind has. @type {{ name: string, signal: import('./protobuf.js').Signal, body: object }[]} */
export const GOLDEN = [
  {
    name: 'trace',
    signal: 'traces',
    body: traces(
      {
        traceState: 'vendor=value',
        parentSpanId,
        droppedAttributesCount: 1,
        events: [{ timeUnixNano: start, name: 'an event', attributes: EVERY_VALUE, droppedAttributesCount: 0 }],
        droppedEventsCount: 1,
        links: [{ traceId, spanId: parentSpanId, traceState: 'vendor=value', attributes: EVERY_VALUE, flags: 1 }],
        droppedLinksCount: 1,
        status: { message: 'it failed', code: 2 },
        flags: 257,
      },
      EVERY_VALUE,
    ),
  },
  {
    name: 'metrics',
    signal: 'metrics',
    body: {
      resourceMetrics: [
        {
          resource: resource(),
          scopeMetrics: [{ scope: scope(), metrics: everyMetric(), schemaUrl: 'https://a.test/1' }],
        },
      ],
    },
  },
  { name: 'logs', signal: 'logs', body: logs({ attributes: EVERY_VALUE, traceId, spanId, flags: 1 }) },
  {
    name: 'events',
    signal: 'logs',
    body: logs({ eventName: 'browser.page_view', body: { kvlistValue: { values: EVERY_VALUE } }, traceId, spanId }),
  },
]

function everyMetric() {
  const times = { startTimeUnixNano: start, timeUnixNano: end }
  const attributes = [text('a', 'b')]
  const exemplars = [{ timeUnixNano: end, asDouble: 2.5, spanId, traceId, filteredAttributes: [text('c', 'd')] }]
  return [
    {
      name: 'a.gauge',
      unit: '1',
      description: 'a gauge',
      gauge: { dataPoints: [{ ...times, asInt: '-7', attributes }] },
    },
    {
      name: 'a.sum',
      unit: '1',
      description: 'a sum',
      sum: {
        dataPoints: [{ ...times, asDouble: 5.5, attributes, exemplars }],
        aggregationTemporality: 1,
        isMonotonic: true,
      },
    },
    {
      name: 'a.histogram',
      unit: 's',
      description: 'a histogram',
      histogram: {
        dataPoints: [
          {
            ...times,
            count: '3',
            sum: 6,
            bucketCounts: ['1', '2'],
            explicitBounds: [1],
            min: 0.5,
            max: 3,
            attributes,
            exemplars,
          },
        ],
        aggregationTemporality: 2,
      },
    },
    {
      name: 'an.exponential.histogram',
      unit: 's',
      description: 'an exponential histogram',
      exponentialHistogram: {
        dataPoints: [
          {
            attributes,
            ...times,
            count: '4',
            sum: 10,
            scale: -1,
            zeroCount: '1',
            positive: { offset: -1, bucketCounts: ['1', '2'] },
            negative: { offset: 0, bucketCounts: ['0'] },
            min: 0,
            max: 5,
            zeroThreshold: 0.001,
          },
        ],
        aggregationTemporality: 2,
      },
    },
    {
      name: 'a.summary',
      unit: 's',
      description: 'a summary',
      summary: {
        dataPoints: [
          {
            ...times,
            count: '2',
            sum: 3,
            quantileValues: [
              { quantile: 0, value: 1 },
              { quantile: 1, value: 2 },
            ],
            attributes,
          },
        ],
      },
    },
  ]
}
