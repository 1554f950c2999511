/** What a target says of a request it took: how many items it rejected after all. The same for all three signals but for one name. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

export type PartialSuccess = { readonly rejected: number; readonly message: string }

const FULL: PartialSuccess = { rejected: 0, message: '' }
/** Longest message kept, in characters. */
const MESSAGE_LIMIT = 1000
const REJECTED_NAMES = ['rejectedSpans', 'rejectedDataPoints', 'rejectedLogRecords']

/** Reads the body of a 2xx answer. One that cannot be read says nothing: the status said that the request was taken. */
export function readPartialSuccess(contentType: string, body: Uint8Array): PartialSuccess {
  try {
    const { rejected, message } = /^\s*application\/json\b/i.test(contentType) ? readJson(body) : readProtobuf(body)
    return { rejected: rejected > 0 ? rejected : 0, message: message.slice(0, MESSAGE_LIMIT) }
  } catch {
    return FULL
  }
}

function readJson(body: Uint8Array): PartialSuccess {
  const partial = (JSON.parse(Buffer.from(body).toString()) as { partialSuccess?: { [name: string]: unknown } })
    .partialSuccess
  if (partial === undefined || partial === null) return FULL
  const rejected = REJECTED_NAMES.map((name) => Number(partial[name] ?? 0)).find((count) => count > 0) ?? 0
  const message = partial['errorMessage']
  return { rejected, message: typeof message === 'string' ? message : '' }
}

/** The answer has the partial success as its field 1; that has the count as its field 1, and the message as its field 2. */
function readProtobuf(body: Uint8Array): PartialSuccess {
  const partial = fields(body).find(({ field }) => field === 1)?.bytes
  if (partial === undefined) return FULL
  const inner = fields(partial)
  return {
    rejected: inner.find(({ field }) => field === 1)?.integer ?? 0,
    message: Buffer.from(inner.find(({ field }) => field === 2)?.bytes ?? []).toString(),
  }
}

type Field = { readonly field: number; readonly bytes?: Uint8Array; readonly integer?: number }

function fields(bytes: Uint8Array): Field[] {
  const reader = new BinaryReader(bytes)
  const read: Field[] = []
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (type === WireType.LengthDelimited) read.push({ field, bytes: reader.bytes() })
    else if (type === WireType.Varint) read.push({ field, integer: Number(reader.int64()) })
    else reader.skip(type, field)
  }
  return read
}
