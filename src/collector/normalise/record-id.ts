/** Ids of operations from log records that have none: made of the record, so that one sent again is recognised. */
import { createHash } from 'node:crypto'
import type { Attributes, LogRecord } from '../otlp/decoded.js'

/** Makes the ids of one request, where two records that are alike to the letter are two. */
export class RecordIds {
  readonly #before = new Map<string, number>()

  /** `undefined` for a record without a time: nothing would tell it from the next one like it. */
  of(record: LogRecord, resource: Attributes): string | undefined {
    if (record.time === 0) return undefined
    const { traceId, spanId, time, eventName, attributes } = record
    const hash = createHash('sha256')
      .update(JSON.stringify([resource, traceId, spanId, time, eventName, attributes], plain))
      .digest('hex')
      .slice(0, 32)
    const times = (this.#before.get(hash) ?? 0) + 1
    this.#before.set(hash, times)
    return times === 1 ? hash : `${hash}-${times}`
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
