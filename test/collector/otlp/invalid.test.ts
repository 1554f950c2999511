/** What is no OTLP is refused with one kind of error that says where it broke, and nothing else ever comes out. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SELECTIONS } from '../../../src/collector/normalise/dialects.js'
import { decode, type Encoding, type OtlpSignal } from '../../../src/collector/otlp/decode.js'
import { InvalidOtlp } from '../../../src/collector/otlp/invalid-otlp.js'
import { toProtobuf } from './encode.js'
import { bytesOf, keyValues, logsRequest, type PlainValue, tracesRequest } from './request.js'

/** A length-delimited field of each number in turn, the innermost holding `content`. */
function nested(fields: readonly number[], content: Uint8Array): Buffer {
  return fields.reduceRight<Buffer>(
    (inner, field) => Buffer.concat([Buffer.from([(field << 3) | 2]), lengthOf(inner.length), inner]),
    Buffer.from(content),
  )
}

function lengthOf(length: number): Buffer {
  const bytes = []
  for (let rest = length; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}

const span = [1, 2, 2]
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const refused = (signal: OtlpSignal, encoding: Encoding, body: Uint8Array, message: RegExp) => {
  for (const selections of [undefined, SELECTIONS]) {
    const decoding = () => decode(signal, encoding, body, selections)
    expect(decoding).toThrow(InvalidOtlp)
    expect(decoding).toThrow(message)
  }
}

test('broken protobuf is refused', () => {
  const f = (body: Uint8Array, message: RegExp) => refused('traces', 'protobuf', body, message)
  f(hex('0a'), /EOF|truncated/)
  f(hex('0a 05 01'), /truncated, at byte 2/)
  f(hex('0a ff ff ff ff 0f'), /truncated/)
  f(hex('00'), /a field of number 0/)
  f(hex('08 01'), /field 1 has wire type 0, at byte 1/)
  f(hex('0f'), /wire type 7/)
  f(hex('0c'), /wire type 4/)
  f(hex('fb06 0801'), /EOF/)
  f(hex('98 06 ff ff ff ff ff ff ff ff ff ff 01'), /10 bytes/)
  f(hex('a1 06 01 02'), /truncated/)
  f(hex('ff ff ff ff ff ff ff ff ff ff 01'), /varint/)
  // In a span.
  f(nested(span, hex('08 01')), /field 1 has wire type 0, at byte/)
  f(nested(span, hex('0a 03 010203')), /an id of 3 bytes instead of 16/)
  f(nested(span, hex('12 10 00112233445566778899aabbccddeeff')), /an id of 16 bytes instead of 8/)
  f(nested(span, hex('22 01 aa')), /an id of 1 bytes instead of 8/)
  f(nested(span, hex('39 0102')), /truncated|beyond/)
  f(nested(span, hex('3d 01020304')), /field 7 has wire type 5/)
  f(nested(span, hex('4a 05 0a 03 61')), /beyond|truncated/)
  f(nested([...span, 9], hex('08 01')), /wire type 0/)
  f(
    nested([...span, 9], Buffer.concat([nested([1], Buffer.from('gen_ai.system')), nested([2], hex('18 80'))])),
    /beyond|EOF/,
  )
  // A name of five bytes in a span of three, with enough behind it.
  f(Buffer.concat([nested(span, hex('2a 05 61')), nested([9], Buffer.alloc(20))]), /a field reaches beyond its message/)
})

test('a text that is read and is no UTF-8 is refused', () => {
  const value = (text: string) =>
    nested([...span, 9], Buffer.concat([nested([1], Buffer.from('gen_ai.system')), nested([2, 1], hex(text))]))
  for (const text of ['ff', 'c0 80', 'e2 82', 'ed a0 80', `61${'ff'.repeat(70)}`]) {
    refused('traces', 'protobuf', value(text), /not UTF-8 at byte \d+/)
  }
})

test('values nested too deep, and too many attributes, are refused', () => {
  let deep: PlainValue = 'x'
  for (let level = 0; level < 34; level++) deep = [deep]
  const many = Array.from({ length: 1025 }, () => keyValues({ 'gen_ai.system': 'x' })[0]!)
  const f = (attributes: object[], message: RegExp) => {
    const request = tracesRequest([{}])
    ;(request.resourceSpans[0]!.scopeSpans[0]!.spans[0] as { attributes: object[] }).attributes = attributes
    refused('traces', 'protobuf', toProtobuf(request), message)
    refused('traces', 'json', bytesOf(request), message)
  }
  f(keyValues({ 'gen_ai.system': deep }), /nested deeper than 32/)
  f(many, /more than 1024 attributes/)
})

test('a request of more items than can be kept in memory is refused, unless nobody asks for them', () => {
  const spans = (key: string) =>
    nested([1, 2], Buffer.concat(new Array(100_001).fill(nested([2, 9, 1], Buffer.from(key)))))
  expect(() => decode('traces', 'protobuf', spans('gen_ai.system'), SELECTIONS)).toThrow(
    /more than 100000 spans to be read/,
  )
  expect(decode('traces', 'protobuf', spans('http.route'), SELECTIONS).count).toBe(100_001)
  const record = '{"attributes":[{"key":"gen_ai.system"}]}'
  const logs = Buffer.from(
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${`${record},`.repeat(100_000)}${record}]}]}]}`,
  )
  expect(() => decode('logs', 'json', logs, SELECTIONS)).toThrow(/more than 100000 items to be read/)
})

test('broken JSON is refused, and what is said of it quotes nothing of it', () => {
  const f = (text: string | Uint8Array, message: RegExp) => {
    const body = typeof text === 'string' ? Buffer.from(text) : text
    for (const signal of ['traces', 'logs', 'metrics'] as const) refused(signal, 'json', body, message)
  }
  f('', /not JSON/)
  f('{"resourceSpans":[', /^the body is not JSON$/)
  f('SECRET', /^the body is not JSON$/)
  f('[]', /not a JSON object/)
  f('null', /not a JSON object/)
  f('1', /not a JSON object/)
  f('"text"', /not a JSON object/)
  f(Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/)
})

test('JSON of another shape is refused, and where it broke is said', () => {
  const f = (span: unknown, message: RegExp) => {
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'good' }, span] }] }] }
    refused('traces', 'json', bytesOf(request), message)
  }
  f(1, /^spans is not an object, in spans\[1\]$/)
  f([], /is not an object/)
  f({ traceId: 'abc' }, /^spans.traceId is not 32 hex digits, in spans\[1\]$/)
  f({ traceId: 'AAAAAAAAAAAAAAAAAAAAAA==' }, /is not 32 hex digits/)
  f({ spanId: 'x'.repeat(16) }, /is not 16 hex digits/)
  f({ spanId: 12 }, /is not text/)
  f({ name: {} }, /is not text/)
  f({ startTimeUnixNano: '-1' }, /not a time/)
  f({ startTimeUnixNano: '1.5' }, /not a time/)
  f({ startTimeUnixNano: true }, /not a time/)
  f({ endTimeUnixNano: '18446744073709551616' }, /64 bits/)
  f({ attributes: {} }, /is not a list/)
  f({ attributes: [1] }, /is not an object/)
  f({ attributes: [{ key: 1 }] }, /key .* is not text/)
  const value = (any: unknown) => ({ attributes: [{ key: 'gen_ai.system', value: any }] })
  f(value('text'), /is not an object/)
  f(value({ stringValue: 1 }), /is not text/)
  f(value({ intValue: 'x' }), /whole number/)
  f(value({ intValue: 1.5 }), /whole number/)
  f(value({ intValue: '9223372036854775808' }), /64 bits/)
  f(value({ doubleValue: 'x' }), /not a number/)
  f(value({ boolValue: 'true' }), /neither true nor false/)
  f(value({ arrayValue: [] }), /is not an object/)
  f(value({ arrayValue: { values: {} } }), /is not a list/)
  f({ ...value({ stringValue: 'x' }), status: 1 }, /status is not an object/)
  f({ ...value({ stringValue: 'x' }), status: { code: 'BROKEN' } }, /enumeration/)
  f({ ...value({ stringValue: 'x' }), kind: {} }, /enumeration/)
})

const requests = [
  {
    signal: 'traces',
    request: tracesRequest([
      {
        attributes: { 'gen_ai.system': 'openai', list: [1, 'a', { b: true }] },
        failure: 'x',
        exception: { type: 'E', message: 'm' },
      },
      {},
    ]),
  },
  {
    signal: 'logs',
    request: logsRequest([{ eventName: 'codex.sse_event', body: 'b', attributes: { 'event.name': 'x', n: 0.5 } }]),
  },
] as const

const signals = fc.constantFrom<OtlpSignal>('traces', 'logs', 'metrics')

/** Either it is read, or it is refused as it should be. */
function isReadOrRefused(signal: OtlpSignal, encoding: Encoding, body: Uint8Array): void {
  for (const selections of [undefined, SELECTIONS]) {
    try {
      decode(signal, encoding, body, selections)
    } catch (error) {
      if (!(error instanceof InvalidOtlp)) throw error
    }
  }
}

test('random bytes are read or refused', () => {
  fc.assert(
    fc.property(
      signals,
      fc.constantFrom<Encoding>('protobuf', 'json'),
      fc.uint8Array({ maxLength: 300 }),
      isReadOrRefused,
    ),
    { numRuns: 3000 },
  )
})

test('requests with some bytes changed, lost or added are read or refused', () => {
  const change = fc.record({ at: fc.nat(), remove: fc.nat({ max: 4 }), add: fc.uint8Array({ maxLength: 4 }) })
  fc.assert(
    fc.property(
      fc.constantFrom(...requests),
      fc.constantFrom<Encoding>('protobuf', 'json'),
      fc.array(change, { minLength: 1, maxLength: 5 }),
      ({ signal, request }, encoding, changes) => {
        let body = Buffer.from(encoding === 'json' ? bytesOf(request) : toProtobuf(request))
        for (const { at, remove, add } of changes) {
          const start = at % (body.length + 1)
          body = Buffer.concat([body.subarray(0, start), add, body.subarray(start + remove)])
        }
        isReadOrRefused(signal, encoding, body)
      },
    ),
    { numRuns: 3000 },
  )
})

test('any JSON in the place of anything is read or refused', () => {
  const spans = fc.dictionary(
    fc.constantFrom(
      'traceId',
      'spanId',
      'name',
      'kind',
      'startTimeUnixNano',
      'attributes',
      'events',
      'status',
      'flags',
    ),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(fc.array(spans), fc.jsonValue(), (items, resource) => {
      const withMark = items.map((item) => ({
        ...item,
        attributes: item['attributes'] ?? keyValues({ 'gen_ai.system': 'x' }),
      }))
      isReadOrRefused('traces', 'json', bytesOf({ resourceSpans: [{ resource, scopeSpans: [{ spans: withMark }] }] }))
      isReadOrRefused(
        'logs',
        'json',
        bytesOf({ resourceLogs: [{ scopeLogs: [{ scope: resource, logRecords: items }] }] }),
      )
      isReadOrRefused('metrics', 'json', bytesOf({ resourceMetrics: [{ scopeMetrics: [{ metrics: [resource] }] }] }))
    }),
    { numRuns: 300 },
  )
})
