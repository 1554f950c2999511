/**
 * As much of protobuf as it takes to read an ExportMetricsServiceRequest:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/v1.11.0/opentelemetry/proto/metrics/v1/metrics.proto
 */
import type { OtlpPoint } from './otlp-server.js'

type Field = { readonly number: number; readonly bytes: Buffer }

/** The fields of a message. A varint is handed on as the eight bytes of its value. */
function fields(message: Buffer): Field[] {
  const found: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined) throw new Error('cut short')
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const take = (length: number): Buffer => {
    if (at + length > message.length) throw new Error('cut short')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const key = Number(varint())
    const number = key >> 3
    const wireType = key & 7
    if (wireType === 0) {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt.asUintN(64, varint()))
      found.push({ number, bytes })
    } else if (wireType === 1) found.push({ number, bytes: take(8) })
    else if (wireType === 2) found.push({ number, bytes: take(Number(varint())) })
    else if (wireType === 5) found.push({ number, bytes: take(4) })
    else throw new Error(`wire type ${wireType}`)
  }
  return found
}

const all = (message: Buffer, number: number) => fields(message).filter((field) => field.number === number)
const one = (message: Buffer, number: number) => all(message, number)[0]?.bytes
const inside = (messages: readonly Buffer[], number: number) =>
  messages.flatMap((message) => all(message, number).map(({ bytes }) => bytes))

export function decodeMetrics(body: Buffer): OtlpPoint[] {
  const metrics = inside(inside(inside([body], 1), 2), 2)
  return metrics.flatMap((metric) => {
    const name = one(metric, 1)?.toString() ?? ''
    const unit = one(metric, 3)?.toString() ?? ''
    const [data] = fields(metric).filter(({ number }) => [5, 7, 9, 10].includes(number))
    if (data === undefined) return []
    const isNumber = data.number === 5 || data.number === 7
    const temporality = one(data.bytes, 2)?.readUInt8()
    return all(data.bytes, 1).map(({ bytes: point }): OtlpPoint => {
      const attributes = attributesOf(all(point, isNumber ? 7 : data.number === 9 ? 9 : 1))
      const about = { name, unit, attributes, ...(temporality !== undefined && { temporality }) }
      if (isNumber) return { ...about, value: one(point, 4)?.readDoubleLE() ?? Number(one(point, 6)?.readBigInt64LE()) }
      return { ...about, count: Number(one(point, 4)?.readBigUInt64LE()), sum: one(point, 5)?.readDoubleLE() ?? 0 }
    })
  })
}

function attributesOf(attributes: readonly Field[]): { [name: string]: unknown } {
  return Object.fromEntries(
    attributes.map(({ bytes }) => {
      const [value] = fields(one(bytes, 2)!)
      const read: { [number: number]: (bytes: Buffer) => unknown } = {
        1: (text) => text.toString(),
        2: (flag) => flag[0] === 1,
        3: (number) => Number(number.readBigInt64LE()),
        4: (number) => number.readDoubleLE(),
      }
      return [one(bytes, 1)!.toString(), read[value!.number]!(value!.bytes)]
    }),
  )
}
