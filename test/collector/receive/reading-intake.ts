/** A next stage for tests: reads as much of a request as it takes to answer for it, keeps it, and fails when it is told to. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import {
  type EventsRequest,
  type EventsResult,
  type Intake,
  InvalidBody,
  type OtlpRequest,
  type OtlpResult,
  type OtlpSignal,
} from '../../../src/collector/receive/intake.js'

/** The lists on the way to what is counted, as fields of JSON; of metrics only the metrics. */
const LEVELS: { readonly [signal in OtlpSignal]: readonly [string, string, string] } = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
}

type Item = { readonly traceId: Uint8Array; readonly spanId: Uint8Array }

export class ReadingIntake implements Intake {
  readonly requests: OtlpRequest[] = []
  readonly events: EventsRequest[] = []
  items = 0
  /** What is done instead of taking a request. */
  instead: (() => Promise<OtlpResult>) | undefined
  readonly #seen = new Set<string>()

  async accept(request: OtlpRequest): Promise<OtlpResult> {
    if (this.instead) return this.instead()
    const items = request.encoding === 'json' ? readJson(request) : readProtobuf(request)
    this.requests.push(request)
    this.items += items.length
    const rejected = request.signal === 'traces' ? items.filter((item) => !hasIds(item)).length : 0
    return rejected === 0 ? { rejected } : { rejected, message: 'a span has no ids' }
  }

  async acceptEvents(request: EventsRequest): Promise<EventsResult> {
    if (this.instead) await this.instead()
    this.events.push(request)
    let accepted = 0
    for (const { id } of request.operations) {
      if (!this.#seen.has(id)) accepted++
      this.#seen.add(id)
    }
    return { accepted, duplicates: request.operations.length - accepted }
  }
}

function hasIds({ traceId, spanId }: Item): boolean {
  return [traceId, spanId].every((id) => id.some((byte) => byte !== 0))
}

function readJson({ signal, body }: OtlpRequest): Item[] {
  let levels: unknown[]
  try {
    levels = [JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))]
  } catch {
    throw new InvalidBody('this is not JSON')
  }
  for (const name of LEVELS[signal]) {
    levels = levels.flatMap((value) => {
      const list = record(value)[name] ?? []
      if (!Array.isArray(list)) throw new InvalidBody(`${name} is not a list`, { field: name })
      return list
    })
  }
  return levels.map((value) => {
    const { traceId = '', spanId = '' } = record(value)
    return { traceId: hex(traceId, 16), spanId: hex(spanId, 8) }
  })
}

function record(value: unknown): { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidBody('this is not an object')
  return value as { readonly [name: string]: unknown }
}

function hex(value: unknown, bytes: number): Uint8Array {
  if (value === '') return new Uint8Array()
  if (typeof value !== 'string' || value.length !== 2 * bytes || !/^[0-9a-f]+$/i.test(value)) {
    throw new InvalidBody('this is not an id')
  }
  return Buffer.from(value, 'hex')
}

function readProtobuf({ signal, body }: OtlpRequest): Item[] {
  try {
    const scopes = [body].flatMap((bytes) => fields(bytes, 1)).flatMap((bytes) => fields(bytes, 2))
    const items = scopes.flatMap((bytes) => fields(bytes, 2))
    const [traceId, spanId] = signal === 'logs' ? [9, 10] : [1, 2]
    return items.map((item) => {
      const id = (field: number) => (signal === 'metrics' ? undefined : fields(item, field).at(-1)) ?? new Uint8Array()
      // All fields of metrics too are passed over one by one, and must be whole.
      fields(item, 0)
      return { traceId: id(traceId), spanId: id(spanId) }
    })
  } catch (error) {
    throw error instanceof InvalidBody ? error : new InvalidBody('this is not protobuf')
  }
}

function fields(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(message)
  const found: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (type === WireType.EndGroup) throw new InvalidBody('a group ends that never began')
    if (number === wanted && type === WireType.LengthDelimited) found.push(reader.bytes())
    else reader.skip(type, number)
  }
  if (reader.pos !== reader.len) throw new InvalidBody('the message ends within a field')
  return found
}
