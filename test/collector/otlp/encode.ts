/** The protobuf of an OTLP request in JSON, by field numbers of opentelemetry-proto 1.11 and a writer that is not ours. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

type Json = { readonly [key: string]: unknown }
type Write = (writer: BinaryWriter, value: Json) => void
type Fields = {
  readonly [name: string]: readonly [
    number: number,
    write: (writer: BinaryWriter, number: number, value: never) => void,
  ]
}

const bytes = (encoding: 'hex' | 'base64') => (writer: BinaryWriter, number: number, value: string) =>
  writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(value, encoding))
const string = (writer: BinaryWriter, number: number, value: string) =>
  writer.tag(number, WireType.LengthDelimited).string(value)
const fixed64 = (writer: BinaryWriter, number: number, value: string) =>
  writer.tag(number, WireType.Bit64).fixed64(BigInt(value))
const fixed32 = (writer: BinaryWriter, number: number, value: number) =>
  writer.tag(number, WireType.Bit32).fixed32(value)
const int64 = (writer: BinaryWriter, number: number, value: string | number) =>
  writer.tag(number, WireType.Varint).int64(String(value))
const int32 = (writer: BinaryWriter, number: number, value: number) => writer.tag(number, WireType.Varint).int32(value)
const bool = (writer: BinaryWriter, number: number, value: boolean) => writer.tag(number, WireType.Varint).bool(value)
const double = (writer: BinaryWriter, number: number, value: number) => writer.tag(number, WireType.Bit64).double(value)

/** One message of those fields, or one for each element of a list. */
const message = (fields: () => Fields) => (writer: BinaryWriter, number: number, value: Json | readonly Json[]) => {
  for (const one of Array.isArray(value) ? value : [value]) {
    writer.tag(number, WireType.LengthDelimited).fork()
    fieldsOf(fields)(writer, one)
    writer.join()
  }
}

const fieldsOf =
  (fields: () => Fields): Write =>
  (writer, value) => {
    for (const [name, [number, write]] of Object.entries(fields())) {
      if (value[name] !== undefined && value[name] !== null) write(writer, number, value[name] as never)
    }
  }

const values: () => Fields = () => ({ values: [1, message(anyValue)] })
const pairs: () => Fields = () => ({ values: [1, message(keyValue)] })
const anyValue: () => Fields = () => ({
  stringValue: [1, string],
  boolValue: [2, bool],
  intValue: [3, int64],
  doubleValue: [4, double],
  arrayValue: [5, message(values)],
  kvlistValue: [6, message(pairs)],
  bytesValue: [7, bytes('base64')],
})
const keyValue: () => Fields = () => ({ key: [1, string], value: [2, message(anyValue)] })
const resource: () => Fields = () => ({ attributes: [1, message(keyValue)] })
const scope: () => Fields = () => ({ name: [1, string], version: [2, string], attributes: [3, message(keyValue)] })
const event: () => Fields = () => ({
  timeUnixNano: [1, fixed64],
  name: [2, string],
  attributes: [3, message(keyValue)],
})
const status: () => Fields = () => ({ message: [2, string], code: [3, int32] })

const span: () => Fields = () => ({
  traceId: [1, bytes('hex')],
  spanId: [2, bytes('hex')],
  traceState: [3, string],
  parentSpanId: [4, bytes('hex')],
  name: [5, string],
  kind: [6, int32],
  startTimeUnixNano: [7, fixed64],
  endTimeUnixNano: [8, fixed64],
  attributes: [9, message(keyValue)],
  events: [11, message(event)],
  status: [15, message(status)],
  flags: [16, fixed32],
})

const logRecord: () => Fields = () => ({
  timeUnixNano: [1, fixed64],
  severityNumber: [2, int32],
  severityText: [3, string],
  body: [5, message(anyValue)],
  attributes: [6, message(keyValue)],
  flags: [8, fixed32],
  traceId: [9, bytes('hex')],
  spanId: [10, bytes('hex')],
  observedTimeUnixNano: [11, fixed64],
  eventName: [12, string],
})

const points: () => Fields = () => ({ dataPoints: [1, message(() => ({ attributes: [7, message(keyValue)] }))] })
const metric: () => Fields = () => ({
  name: [1, string],
  gauge: [5, message(points)],
  sum: [7, message(points)],
  histogram: [9, message(points)],
  exponentialHistogram: [10, message(points)],
  summary: [11, message(points)],
})

const scopeSpans: () => Fields = () => ({
  scope: [1, message(scope)],
  spans: [2, message(span)],
  schemaUrl: [3, string],
})
const scopeLogs: () => Fields = () => ({ scope: [1, message(scope)], logRecords: [2, message(logRecord)] })
const scopeMetrics: () => Fields = () => ({ scope: [1, message(scope)], metrics: [2, message(metric)] })

const request: () => Fields = () => ({
  resourceSpans: [1, message(() => ({ resource: [1, message(resource)], scopeSpans: [2, message(scopeSpans)] }))],
  resourceLogs: [1, message(() => ({ resource: [1, message(resource)], scopeLogs: [2, message(scopeLogs)] }))],
  resourceMetrics: [1, message(() => ({ resource: [1, message(resource)], scopeMetrics: [2, message(scopeMetrics)] }))],
})

/** Fields of the request that are not in this file are left out. */
export function toProtobuf(json: unknown): Uint8Array {
  const writer = new BinaryWriter()
  fieldsOf(request)(writer, json as Json)
  return writer.finish()
}
