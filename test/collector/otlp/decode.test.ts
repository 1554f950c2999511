/** What is read of OTLP, the same from protobuf and from JSON. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AttributeSelection } from '../../../src/collector/otlp/attribute-selection.js'
import { decode } from '../../../src/collector/otlp/decode.js'
import { readText } from '../../../src/collector/otlp/known-text.js'
import { toProtobuf } from './encode.js'
import { bytesOf, keyValues, logsRequest, type PlainValue, START, TRACE_ID, tracesRequest } from './request.js'

const both = ['protobuf', 'json'] as const
const bodyIn = (encoding: 'protobuf' | 'json', request: unknown) =>
  encoding === 'json' ? bytesOf(request) : toProtobuf(request)

const onlySpan = (encoding: 'protobuf' | 'json', request: unknown) => {
  const decoded = decode('traces', encoding, bodyIn(encoding, request))
  expect(decoded.count).toBe(1)
  return decoded.groups[0]!.items[0]!
}

test.each(both)('a span in %s', (encoding) => {
  const request = tracesRequest(
    [
      {
        spanId: '00f067aa0ba902b7',
        parentSpanId: 'b7ad6b7169203331',
        name: 'chat gpt-4o',
        start: START + 0.25,
        durationMs: 1234.567,
        attributes: { 'gen_ai.request.model': 'gpt-4o' },
        failure: '429 Too many requests',
        exception: { type: 'RateLimitError', message: 'slow down' },
      },
    ],
    { resource: { 'service.name': 'chat-api' }, scope: 'some-instrumentation' },
  )
  const decoded = decode('traces', encoding, bodyIn(encoding, request))
  expect(decoded.groups).toEqual([
    {
      resource: { 'service.name': 'chat-api' },
      scope: { name: 'some-instrumentation', version: '1' },
      items: [
        {
          traceId: TRACE_ID,
          spanId: '00f067aa0ba902b7',
          parentSpanId: 'b7ad6b7169203331',
          name: 'chat gpt-4o',
          kind: 3,
          startTime: START + 0.25,
          durationMs: 1234.567,
          hasError: true,
          statusMessage: '429 Too many requests',
          exception: { type: 'RateLimitError', message: 'slow down' },
          attributes: { 'gen_ai.request.model': 'gpt-4o' },
        },
      ],
    },
  ])
  expect([...decoded.parents()]).toEqual([[`${TRACE_ID}-00f067aa0ba902b7`, `${TRACE_ID}-b7ad6b7169203331`]])
})

test.each(both)('a log record in %s', (encoding) => {
  const record = {
    traceId: TRACE_ID,
    spanId: '00f067aa0ba902b7',
    sampled: true,
    time: START + 0.5,
    eventName: 'something.happened',
    body: 'SECRET, and long enough to be content rather than a name',
    attributes: { answer: 42 },
  }
  const decoded = decode('logs', encoding, bodyIn(encoding, logsRequest([record])))
  expect(decoded.count).toBe(1)
  expect(decoded.groups[0]?.items).toEqual([
    {
      traceId: TRACE_ID,
      spanId: '00f067aa0ba902b7',
      sampled: true,
      time: START + 0.5,
      eventName: 'something.happened',
      attributes: { answer: 42 },
    },
  ])
})

test.each(both)('every kind of value in %s', (encoding) => {
  const f = (sent: PlainValue, read: unknown = sent) => {
    const span = onlySpan(encoding, tracesRequest([{ attributes: { value: sent } }]))
    expect(span.attributes['value']).toEqual(read)
  }
  f('text')
  f('')
  f('Grüße, 世界 🎉')
  f('a'.repeat(300))
  f(true)
  f(false)
  f(0)
  f(42)
  f(127)
  f(128)
  f(-1)
  f(2 ** 53 - 1)
  f(-(2 ** 53 - 1))
  f(2n ** 63n - 1n)
  f(-(2n ** 63n))
  f(0.1)
  f(-1e300)
  f(null)
  f([])
  f(['a', 1, true, null, ['nested', { deep: 0.5 }]])
  f({ a: { b: [1, 2] }, empty: {} })
})

test.each(both)('bytes and numbers that are none in %s', (encoding) => {
  const request = tracesRequest([{}])
  const span = request.resourceSpans[0]!.scopeSpans[0]!.spans[0] as { attributes: object[] }
  span.attributes = [
    { key: 'bytes', value: { bytesValue: 'AQID/w==' } },
    { key: 'nan', value: { doubleValue: encoding === 'json' ? 'NaN' : Number.NaN } },
    { key: 'infinite', value: { doubleValue: encoding === 'json' ? '-Infinity' : Number.NEGATIVE_INFINITY } },
  ]
  expect(onlySpan(encoding, request).attributes).toEqual({
    bytes: new Uint8Array([1, 2, 3, 255]),
    nan: Number.NaN,
    infinite: Number.NEGATIVE_INFINITY,
  })
})

test('a text longer than 16 KiB is cut, but not through a character', () => {
  const f = (sent: string, read: string) => {
    expect(onlySpan('protobuf', tracesRequest([{ attributes: { value: sent } }])).attributes['value']).toBe(read)
  }
  f('a'.repeat(16_384), 'a'.repeat(16_384))
  f('a'.repeat(20_000), 'a'.repeat(16_384))
  f(`x${'é'.repeat(9000)}`, `x${'é'.repeat(8191)}`)
  f(`x${'🎉'.repeat(9000)}`, `x${'🎉'.repeat(4095)}`)
})

test('of thousands of texts of one length none is taken for another', () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => String(100_000 + index))
  expect(texts.filter((text) => readText(Buffer.from(text), 0, 6) !== text)).toEqual([])
})

test('a key named __proto__ does no harm', () => {
  for (const encoding of both) {
    const request = tracesRequest([{}])
    const span = request.resourceSpans[0]!.scopeSpans[0]!.spans[0] as { attributes: object[] }
    span.attributes = [{ key: '__proto__', value: { kvlistValue: { values: keyValues({ polluted: true }) } } }]
    const { attributes } = onlySpan(encoding, request)
    expect(attributes['polluted']).toBeUndefined()
    expect(Object.keys(attributes)).toEqual([])
  }
})

test('times keep their fraction: a nanosecond in a duration, a quarter of a microsecond in a date', () => {
  for (const encoding of both) {
    const request = tracesRequest([{}])
    const span = request.resourceSpans[0]!.scopeSpans[0]!.spans[0] as { [field: string]: unknown }
    span['startTimeUnixNano'] = '1793491200123456789'
    span['endTimeUnixNano'] = '1793491200123456790'
    const { startTime, durationMs } = onlySpan(encoding, request)
    expect(startTime).toBe(1793491200123.4568)
    expect(durationMs).toBe(0.000001)
  }
})

test('a span without times, or that ends before it starts, has no duration', () => {
  for (const encoding of both) {
    const f = (start: string | undefined, end: string | undefined) => {
      const request = tracesRequest([{}])
      const span = request.resourceSpans[0]!.scopeSpans[0]!.spans[0] as { [field: string]: unknown }
      span['startTimeUnixNano'] = start
      span['endTimeUnixNano'] = end
      return onlySpan(encoding, request).durationMs
    }
    expect(f(undefined, '1793491200000000000')).toBeUndefined()
    expect(f('1793491200000000000', '0')).toBeUndefined()
    expect(f('1793491200000000001', '1793491200000000000')).toBeUndefined()
    expect(f('1793491200000000000', '1793491200000000000')).toBe(0)
  }
})

test('what JSON may be: ids in either case, integers as numbers, names of enumerations, unknown fields, null', () => {
  const span = {
    traceId: TRACE_ID.toUpperCase(),
    spanId: '00F067AA0BA902B7',
    parentSpanId: null,
    name: 'x',
    kind: 'SPAN_KIND_SERVER',
    startTimeUnixNano: 1793491200000000000,
    endTimeUnixNano: '1793491200500000000',
    attributes: [
      { key: 'a', value: { intValue: 7 } },
      { key: 'b', value: { doubleValue: '0.5' } },
      { key: 'c', value: null },
      { key: 'd' },
      { key: 'e', value: { futureValue: 1 } },
    ],
    status: { code: 'STATUS_CODE_ERROR' },
    futureField: [{ anything: true }],
    events: null,
  }
  const request = { resourceSpans: [{ resource: null, scopeSpans: [{ spans: [span] }], futureField: 1 }], other: {} }
  expect(onlySpan('json', request)).toMatchObject({
    traceId: TRACE_ID,
    spanId: '00f067aa0ba902b7',
    parentSpanId: '',
    kind: 2,
    startTime: 1793491200000,
    durationMs: 500,
    hasError: true,
    attributes: { a: 7, b: 0.5, c: null, d: null, e: null },
  })
})

test('ids that are absent or all zero are none', () => {
  for (const encoding of both) {
    const request = tracesRequest([{ traceId: '0'.repeat(32), spanId: '', parentSpanId: '0'.repeat(16) }])
    expect(onlySpan(encoding, request)).toMatchObject({ traceId: '', spanId: '', parentSpanId: '' })
  }
})

test('fields may stand in any order, twice, or be unknown', () => {
  // A ResourceSpans whose scope spans stand before the resource, with unknown fields of every wire type before, between and after.
  const unknown = Buffer.from([
    0x98, 0x06, 0x01, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xaa, 0x06, 1, 9, 0xb5, 0x06, 1, 2, 3, 4,
  ])
  const group = Buffer.from([0xbb, 0x06, 0x08, 0x01, 0xbc, 0x06])
  const inside = (body: Uint8Array) => Buffer.from(body).subarray(Buffer.from(body)[1]! < 0x80 ? 2 : 3)
  const resource = inside(
    toProtobuf({ resourceSpans: [{ resource: { attributes: keyValues({ 'service.name': 'late' }) } }] }),
  )
  const spans = inside(
    toProtobuf({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'first', attributes: keyValues({ a: 1 }) }] }] }] }),
  )
  const content = Buffer.concat([unknown, spans, group, resource, unknown])
  const body = Buffer.concat([unknown, Buffer.from([0x0a, content.length]), content, unknown])
  const { groups } = decode('traces', 'protobuf', body)
  expect(groups).toMatchObject([
    { resource: { 'service.name': 'late' }, items: [{ name: 'first', attributes: { a: 1 } }] },
  ])
})

test('of a value that stands twice in an attribute the last counts', () => {
  const value = Buffer.from([0x0a, 0x01, 0x61, 0x18, 0x05])
  const attribute = Buffer.concat([Buffer.from([0x0a, 0x01, 0x6b, 0x12, value.length]), value])
  const wrap = (field: number, content: Uint8Array) =>
    Buffer.concat([Buffer.from([(field << 3) | 2, content.length]), content])
  const body = wrap(1, wrap(2, wrap(2, wrap(9, attribute))))
  expect(decode('traces', 'protobuf', body).groups[0]?.items[0]?.attributes).toEqual({ k: 5 })
})

test('a key that only begins like one that is asked for is another', () => {
  // Both are in one bucket of the selection.
  const selection = new AttributeSelection({ markers: ['xz'], details: [], prefixes: [] })
  const find = (key: string) => selection.find(Buffer.from(key), 0, key.length)
  expect(find('xz')).toBe(0)
  expect(find('xz=')).toBe(-1)
})

test('nothing at all is a request, too', () => {
  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    expect(decode(signal, 'protobuf', new Uint8Array()).count).toBe(0)
    expect(decode(signal, 'json', bytesOf({})).count).toBe(0)
  }
})

test.each(both)('of metrics in %s only the data points are counted', (encoding) => {
  const points = (count: number) => ({
    dataPoints: Array.from({ length: count }, () => ({ attributes: keyValues({ a: 1 }) })),
  })
  const request = {
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [{ name: 'a', gauge: points(1) }, { name: 'b', sum: points(2) }, { name: 'c' }] },
          {
            metrics: [
              { name: 'd', histogram: points(3) },
              { name: 'e', exponentialHistogram: points(4) },
            ],
          },
        ],
      },
      { scopeMetrics: [{ metrics: [{ name: 'f', summary: points(5) }] }] },
    ],
  }
  expect(decode('metrics', encoding, bodyIn(encoding, request))).toEqual({ signal: 'metrics', count: 15 })
})

test.each(both)('with a selection in %s only what is asked for is read, all is counted', (encoding) => {
  const selection = new AttributeSelection({ markers: ['mark'], details: ['detail'], prefixes: ['tag.'] })
  const selections = { resource: selection, spans: selection, logs: selection }
  const request = tracesRequest(
    [
      { attributes: { mark: 1, detail: 'kept', secret: 'left', 'tag.a': 'x', 'tag.': 'y', tagged: 'z' } },
      { attributes: { detail: 'not worth it' }, parentSpanId: '00000000000000aa' },
      { attributes: { marked: 1, mar: 2, Mark: 3 } },
    ],
    { resource: { detail: 'of the resource', other: 1 } },
  )
  const decoded = decode('traces', encoding, bodyIn(encoding, request), selections)
  expect(decoded.count).toBe(3)
  expect(decoded.groups).toMatchObject([{ resource: { detail: 'of the resource' } }])
  expect(decoded.groups[0]?.items.map(({ attributes }) => attributes)).toEqual([
    { mark: 1, detail: 'kept', 'tag.a': 'x' },
  ])
  expect(decoded.parents().size).toBe(1)
})

test.each(both)('an event is named by its field, its attribute, or a short body in %s', (encoding) => {
  const f = (eventName: string | undefined, attribute: string | undefined, body: string | undefined) => {
    const record = {
      ...(eventName !== undefined && { eventName }),
      ...(body !== undefined && { body }),
      attributes: attribute === undefined ? {} : { 'event.name': attribute },
    }
    return decode('logs', encoding, bodyIn(encoding, logsRequest([record]))).groups[0]?.items[0]?.eventName
  }
  expect(f('a.b', 'c', 'd')).toBe('a.b')
  expect(f(undefined, 'c.d', 'something happened')).toBe('c.d')
  expect(f(undefined, 'api_request', 'claude_code.api_request')).toBe('claude_code.api_request')
  expect(f(undefined, undefined, 'a.name')).toBe('a.name')
  expect(f(undefined, undefined, 'Not a name, but what somebody wrote.')).toBe('')
})

test.each(both)('a record that does not say when it happened has the time when it was observed in %s', (encoding) => {
  const f = (timeUnixNano: string | undefined, observedTimeUnixNano: string | undefined) => {
    const request = logsRequest([{ attributes: { a: 1 } }])
    Object.assign(request.resourceLogs[0]!.scopeLogs[0]!.logRecords[0]!, { timeUnixNano, observedTimeUnixNano })
    return decode('logs', encoding, bodyIn(encoding, request)).groups[0]?.items[0]?.time
  }
  expect(f('1793491200000000000', '1793491201000000000')).toBe(1793491200000)
  expect(f('0', '1793491201000000000')).toBe(1793491201000)
  expect(f(undefined, '1793491201000000000')).toBe(1793491201000)
  expect(f(undefined, undefined)).toBe(0)
})

test('the payloads of real instrumentations are the same in both encodings', () => {
  const folder = new URL('../normalise/payloads/', import.meta.url)
  const files = readdirSync(folder)
  expect(files.length).toBeGreaterThan(8)
  for (const file of files) {
    const request = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    const signal = (['logs', 'metrics'] as const).find((name) => file.endsWith(`-${name}.json`)) ?? 'traces'
    const fromJson = decode(signal, 'json', bytesOf(request))
    expect(fromJson.count).toBeGreaterThan(0)
    const fromProtobuf = decode(signal, 'protobuf', toProtobuf(request))
    expect({ ...fromProtobuf, parents: undefined }).toEqual({ ...fromJson, parents: undefined })
  }
})
