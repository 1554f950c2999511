/** Makes a model of the bytes of an OTLP request, whatever their encoding. Knows nothing of what the attributes mean. */
import type { Decoded, DecodedLogs, DecodedMetrics, DecodedTraces } from './decoded.js'
import { InvalidOtlp } from './invalid-otlp.js'
import { decodeJsonLogs, decodeJsonMetrics, decodeJsonTraces } from './json.js'
import { decodeProtobufLogs } from './protobuf-logs.js'
import { decodeProtobufMetrics } from './protobuf-metrics.js'
import { decodeProtobufTraces } from './protobuf-traces.js'
import type { AttributeSelections } from './selections.js'

export type Encoding = 'protobuf' | 'json'
export type OtlpSignal = 'traces' | 'logs' | 'metrics'

/**
 * Decodes the body of an export request, after decompression. With `selections` only items that somebody may want are read, and
 * of them only the attributes asked for; all others are counted. Throws `InvalidOtlp`, and nothing else.
 */
export function decode(
  signal: 'traces',
  encoding: Encoding,
  body: Uint8Array,
  selections?: AttributeSelections,
): DecodedTraces
export function decode(
  signal: 'logs',
  encoding: Encoding,
  body: Uint8Array,
  selections?: AttributeSelections,
): DecodedLogs
export function decode(signal: 'metrics', encoding: Encoding, body: Uint8Array): DecodedMetrics
export function decode(
  signal: OtlpSignal,
  encoding: Encoding,
  body: Uint8Array,
  selections?: AttributeSelections,
): Decoded
export function decode(
  signal: OtlpSignal,
  encoding: Encoding,
  body: Uint8Array,
  selections?: AttributeSelections,
): Decoded {
  try {
    return encoding === 'json' ? decodeJson(signal, body, selections) : decodeProtobuf(signal, body, selections)
  } catch (error) {
    if (error instanceof InvalidOtlp) throw error
    // Of the reader: varints that do not end, groups that do not match.
    const isReaders = error instanceof Error && (error.constructor === Error || error instanceof RangeError)
    throw isReaders ? new InvalidOtlp(error.message) : error
  }
}

function decodeProtobuf(signal: OtlpSignal, body: Uint8Array, selections: AttributeSelections | undefined): Decoded {
  switch (signal) {
    case 'traces':
      return decodeProtobufTraces(body, selections?.spans, selections?.resource)
    case 'logs':
      return decodeProtobufLogs(body, selections?.logs, selections?.resource)
    case 'metrics':
      return decodeProtobufMetrics(body)
  }
}

function decodeJson(signal: OtlpSignal, body: Uint8Array, selections: AttributeSelections | undefined): Decoded {
  switch (signal) {
    case 'traces':
      return decodeJsonTraces(body, selections)
    case 'logs':
      return decodeJsonLogs(body, selections)
    case 'metrics':
      return decodeJsonMetrics(body)
  }
}
