/**
 * The messages OTLP/HTTP answers with, in the encoding of the request:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/v1.11.0/docs/specification.md#otlphttp-response
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Failure } from './failure.js'
import type { Encoding, OtlpResult, OtlpSignal } from './intake.js'

/** How each signal names what was rejected of it. */
const REJECTED: { readonly [signal in OtlpSignal]: string } = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
}

// An answer must stay under 4 MiB, and a message that nobody reads to its end helps nobody.
const MESSAGE_LIMIT = 1000

// google.rpc.Code, by the HTTP status. For those who write it down: OTLP does not use it.
const RPC_CODES: { readonly [statusCode: number]: number } = {
  400: 3, // INVALID_ARGUMENT
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  404: 5, // NOT_FOUND
  405: 12, // UNIMPLEMENTED
  408: 4, // DEADLINE_EXCEEDED
  413: 11, // OUT_OF_RANGE
  415: 3,
  429: 8, // RESOURCE_EXHAUSTED
  431: 11,
  503: 14, // UNAVAILABLE
}
const UNKNOWN = 2

const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest'
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

/** An Export…ServiceResponse: empty when everything was taken and there is nothing to say. */
export function exportResponse(signal: OtlpSignal, encoding: Encoding, { rejected, message }: OtlpResult): Buffer {
  const isFull = rejected === 0 && !message
  const text = shortened(message || 'not everything was taken')
  if (encoding === 'json') {
    if (isFull) return Buffer.from('{}')
    // 64-bit integers are strings in the JSON of protobuf.
    const partialSuccess = { ...(rejected > 0 && { [REJECTED[signal]]: String(rejected) }), errorMessage: text }
    return Buffer.from(JSON.stringify({ partialSuccess }))
  }
  if (isFull) return Buffer.alloc(0)
  const partialSuccess = new BinaryWriter()
  if (rejected > 0) partialSuccess.tag(1, WireType.Varint).int64(rejected)
  partialSuccess.tag(2, WireType.LengthDelimited).string(text)
  return message1(partialSuccess)
}

/** A google.rpc.Status. */
export function status(encoding: Encoding, failure: Failure): Buffer {
  const code = RPC_CODES[failure.statusCode] ?? UNKNOWN
  const text = shortened(failure.message)
  return encoding === 'json' ? statusJson(code, text, failure) : statusProtobuf(code, text, failure)
}

function statusJson(code: number, message: string, { statusCode, field, retryAfterSeconds }: Failure): Buffer {
  const details: object[] = []
  if (statusCode === 400) {
    details.push({
      '@type': BAD_REQUEST,
      fieldViolations: [{ ...(field !== undefined && { field }), description: message }],
    })
  }
  if (retryAfterSeconds !== undefined) details.push({ '@type': RETRY_INFO, retryDelay: `${retryAfterSeconds}s` })
  return Buffer.from(JSON.stringify({ code, message, ...(details.length > 0 && { details }) }))
}

function statusProtobuf(code: number, message: string, { statusCode, field, retryAfterSeconds }: Failure): Buffer {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(code)
  writer.tag(2, WireType.LengthDelimited).string(message)
  if (statusCode === 400) {
    const violation = new BinaryWriter()
    if (field !== undefined) violation.tag(1, WireType.LengthDelimited).string(field)
    violation.tag(2, WireType.LengthDelimited).string(message)
    writer.tag(3, WireType.LengthDelimited).bytes(any(BAD_REQUEST, message1(violation)))
  }
  if (retryAfterSeconds !== undefined) {
    const duration = new BinaryWriter().tag(1, WireType.Varint).int64(retryAfterSeconds)
    writer.tag(3, WireType.LengthDelimited).bytes(any(RETRY_INFO, message1(duration)))
  }
  return Buffer.from(writer.finish())
}

/** A google.protobuf.Any. */
function any(type: string, value: Uint8Array): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(type)
  return writer.tag(2, WireType.LengthDelimited).bytes(value).finish()
}

/** A message that holds another one as its first field. */
function message1(inner: BinaryWriter): Buffer {
  return Buffer.from(new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(inner.finish()).finish())
}

function shortened(message: string): string {
  return message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT - 1)}…` : message
}
