/**
 * OTLP by hand: writes the JSON form of a request as protobuf, and reads the few messages a server answers with. Shares nothing
 * with any server, so that an error is not made on both sides alike.
 * Fields: https://github.com/open-telemetry/opentelemetry-proto/tree/v1.11.0/opentelemetry/proto
 */

const ATTRIBUTES = '*KeyValue'

/** Number and type of each field, by the name it has in JSON. `*` is repeated. @type {{ [message: string]: { [name: string]: [number, string] } }} */
const MESSAGES = {
  TracesRequest: { resourceSpans: [1, '*ResourceSpans'] },
  ResourceSpans: { resource: [1, 'Resource'], scopeSpans: [2, '*ScopeSpans'], schemaUrl: [3, 'string'] },
  ScopeSpans: { scope: [1, 'Scope'], spans: [2, '*Span'], schemaUrl: [3, 'string'] },
  Span: {
    traceId: [1, 'hex'],
    spanId: [2, 'hex'],
    traceState: [3, 'string'],
    parentSpanId: [4, 'hex'],
    name: [5, 'string'],
    kind: [6, 'varint'],
    startTimeUnixNano: [7, 'fixed64'],
    endTimeUnixNano: [8, 'fixed64'],
    attributes: [9, ATTRIBUTES],
    droppedAttributesCount: [10, 'varint'],
    events: [11, '*SpanEvent'],
    droppedEventsCount: [12, 'varint'],
    links: [13, '*SpanLink'],
    droppedLinksCount: [14, 'varint'],
    status: [15, 'SpanStatus'],
    flags: [16, 'fixed32'],
  },
  SpanEvent: {
    timeUnixNano: [1, 'fixed64'],
    name: [2, 'string'],
    attributes: [3, ATTRIBUTES],
    droppedAttributesCount: [4, 'varint'],
  },
  SpanLink: {
    traceId: [1, 'hex'],
    spanId: [2, 'hex'],
    traceState: [3, 'string'],
    attributes: [4, ATTRIBUTES],
    droppedAttributesCount: [5, 'varint'],
    flags: [6, 'fixed32'],
  },
  SpanStatus: { message: [2, 'string'], code: [3, 'varint'] },

  LogsRequest: { resourceLogs: [1, '*ResourceLogs'] },
  ResourceLogs: { resource: [1, 'Resource'], scopeLogs: [2, '*ScopeLogs'], schemaUrl: [3, 'string'] },
  ScopeLogs: { scope: [1, 'Scope'], logRecords: [2, '*LogRecord'], schemaUrl: [3, 'string'] },
  LogRecord: {
    timeUnixNano: [1, 'fixed64'],
    severityNumber: [2, 'varint'],
    severityText: [3, 'string'],
    body: [5, 'AnyValue'],
    attributes: [6, ATTRIBUTES],
    droppedAttributesCount: [7, 'varint'],
    flags: [8, 'fixed32'],
    traceId: [9, 'hex'],
    spanId: [10, 'hex'],
    observedTimeUnixNano: [11, 'fixed64'],
    eventName: [12, 'string'],
  },

  MetricsRequest: { resourceMetrics: [1, '*ResourceMetrics'] },
  ResourceMetrics: { resource: [1, 'Resource'], scopeMetrics: [2, '*ScopeMetrics'], schemaUrl: [3, 'string'] },
  ScopeMetrics: { scope: [1, 'Scope'], metrics: [2, '*Metric'], schemaUrl: [3, 'string'] },
  Metric: {
    name: [1, 'string'],
    description: [2, 'string'],
    unit: [3, 'string'],
    gauge: [5, 'Gauge'],
    sum: [7, 'Sum'],
    histogram: [9, 'Histogram'],
    exponentialHistogram: [10, 'ExponentialHistogram'],
    summary: [11, 'Summary'],
  },
  Gauge: { dataPoints: [1, '*NumberDataPoint'] },
  Sum: {
    dataPoints: [1, '*NumberDataPoint'],
    aggregationTemporality: [2, 'varint'],
    isMonotonic: [3, 'varint'],
  },
  Histogram: { dataPoints: [1, '*HistogramDataPoint'], aggregationTemporality: [2, 'varint'] },
  ExponentialHistogram: { dataPoints: [1, '*ExponentialHistogramDataPoint'], aggregationTemporality: [2, 'varint'] },
  Summary: { dataPoints: [1, '*SummaryDataPoint'] },
  NumberDataPoint: {
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    asDouble: [4, 'double'],
    exemplars: [5, '*Exemplar'],
    asInt: [6, 'fixed64'],
    attributes: [7, ATTRIBUTES],
  },
  HistogramDataPoint: {
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    bucketCounts: [6, 'packed fixed64'],
    explicitBounds: [7, 'packed double'],
    exemplars: [8, '*Exemplar'],
    attributes: [9, ATTRIBUTES],
    min: [11, 'double'],
    max: [12, 'double'],
  },
  ExponentialHistogramDataPoint: {
    attributes: [1, ATTRIBUTES],
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    scale: [6, 'zigzag'],
    zeroCount: [7, 'fixed64'],
    positive: [8, 'Buckets'],
    negative: [9, 'Buckets'],
    min: [12, 'double'],
    max: [13, 'double'],
    zeroThreshold: [14, 'double'],
  },
  Buckets: { offset: [1, 'zigzag'], bucketCounts: [2, 'packed varint'] },
  SummaryDataPoint: {
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    quantileValues: [6, '*ValueAtQuantile'],
    attributes: [7, ATTRIBUTES],
  },
  ValueAtQuantile: { quantile: [1, 'double'], value: [2, 'double'] },
  Exemplar: {
    timeUnixNano: [2, 'fixed64'],
    asDouble: [3, 'double'],
    spanId: [4, 'hex'],
    traceId: [5, 'hex'],
    asInt: [6, 'fixed64'],
    filteredAttributes: [7, ATTRIBUTES],
  },

  Resource: { attributes: [1, ATTRIBUTES], droppedAttributesCount: [2, 'varint'] },
  Scope: {
    name: [1, 'string'],
    version: [2, 'string'],
    attributes: [3, ATTRIBUTES],
    droppedAttributesCount: [4, 'varint'],
  },
  KeyValue: { key: [1, 'string'], value: [2, 'AnyValue'] },
  AnyValue: {
    stringValue: [1, 'string'],
    boolValue: [2, 'varint'],
    intValue: [3, 'varint'],
    doubleValue: [4, 'double'],
    arrayValue: [5, 'ArrayValue'],
    kvlistValue: [6, 'KeyValueList'],
    bytesValue: [7, 'base64'],
  },
  ArrayValue: { values: [1, '*AnyValue'] },
  KeyValueList: { values: [1, ATTRIBUTES] },
}

const REQUESTS = { traces: 'TracesRequest', metrics: 'MetricsRequest', logs: 'LogsRequest' }

/** @typedef {'traces' | 'metrics' | 'logs'} Signal */

/** A request of a signal, written as protobuf. @param {Signal} signal @param {object} json the request as it is in JSON @returns {Buffer} */
export function encodeRequest(signal, json) {
  return encode(REQUESTS[signal], json)
}

/** @param {string} type @param {any} json @returns {Buffer} */
function encode(type, json) {
  const fields = MESSAGES[type] ?? {}
  const unknown = Object.keys(json).find((name) => fields[name] === undefined)
  if (unknown !== undefined) throw new Error(`BUG: ${type} has no field ${unknown}`)
  /** @type {Buffer[]} */
  const parts = []
  // In the order of their numbers, as nearly everybody writes them.
  for (const [name, [number, kind]] of Object.entries(fields).sort(([, [a]], [, [b]]) => a - b)) {
    const value = json[name]
    if (value === undefined) continue
    const values = kind.startsWith('*') ? value : [value]
    for (const one of values) parts.push(encodeField(number, kind.replace('*', ''), one))
  }
  return Buffer.concat(parts)
}

/** @param {number} number @param {string} kind @param {any} value @returns {Buffer} */
function encodeField(number, kind, value) {
  const [packed, scalar] = kind.split(' ')
  if (packed === 'packed') {
    return delimited(number, Buffer.concat(value.map((/** @type {any} */ one) => encodeScalar(scalar ?? '', one))))
  }
  switch (kind) {
    case 'varint':
    case 'zigzag':
      return Buffer.concat([tag(number, 0), encodeScalar(kind, value)])
    case 'fixed64':
    case 'double':
      return Buffer.concat([tag(number, 1), encodeScalar(kind, value)])
    case 'fixed32':
      return Buffer.concat([tag(number, 5), encodeScalar(kind, value)])
    case 'string':
      return delimited(number, Buffer.from(value))
    case 'hex':
      return delimited(number, Buffer.from(value, 'hex'))
    case 'base64':
      return delimited(number, Buffer.from(value, 'base64'))
    default:
      return delimited(number, encode(kind, value))
  }
}

/** @param {string} kind @param {any} value @returns {Buffer} */
function encodeScalar(kind, value) {
  const bytes = Buffer.alloc(kind === 'fixed32' ? 4 : 8)
  if (kind === 'double') bytes.writeDoubleLE(Number(value))
  else if (kind === 'fixed32') bytes.writeUInt32LE(Number(value))
  else if (kind === 'fixed64') bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
  else if (kind === 'zigzag') return varint((BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  else return varint(BigInt(value))
  return bytes
}

/** @param {bigint | number} value @returns {Buffer} */
export function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}

/** @param {number} number @param {number} wireType @returns {Buffer} */
export function tag(number, wireType) {
  return varint((number << 3) | wireType)
}

/** A field of text, bytes or a message. @param {number} number @param {Uint8Array} content @returns {Buffer} */
export function delimited(number, content) {
  return Buffer.concat([tag(number, 2), varint(content.length), content])
}

/** The fields of a message, in their order. Throws when it is none. @param {Buffer} message @returns {{ number: number, value: bigint | Buffer }[]} */
export function decode(message) {
  const found = []
  let at = 0
  const readVarint = () => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined) throw new Error('the protobuf ends within a number')
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
    throw new Error('a number of the protobuf has more than ten bytes')
  }
  const take = (/** @type {number} */ length) => {
    if (at + length > message.length) throw new Error('the protobuf ends within a field')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const key = Number(readVarint())
    const number = key >> 3
    const wireType = key & 7
    if (number === 0) throw new Error('the protobuf has a field of number 0')
    if (wireType === 0) found.push({ number, value: readVarint() })
    else if (wireType === 1) found.push({ number, value: take(8) })
    else if (wireType === 2) found.push({ number, value: take(Number(readVarint())) })
    else if (wireType === 5) found.push({ number, value: take(4) })
    else throw new Error(`the protobuf has a field of wire type ${wireType}`)
  }
  return found
}
