/** Metrics in protobuf: counted, not read. They are passed on, and never added to what is derived from operations. */
import type { DecodedMetrics } from './decoded.js'
import { ITEM_LIMIT } from './limits.js'
import { WireReader } from './wire-reader.js'

/** Fields of a Metric that hold data points, each in their field 1: gauge, sum, histogram, exponential histogram, summary. */
const DATA_FIELDS: ReadonlySet<number> = new Set([5, 7, 9, 10, 11])

export function decodeProtobufMetrics(body: Uint8Array): DecodedMetrics {
  const reader = new WireReader(body)
  let count = 0

  /** Calls `inside` for each message in field `field` of the message that ends at `end`. */
  function each(end: number, isWanted: (field: number) => boolean, inside: (end: number) => void): void {
    while (reader.next(end)) {
      if (isWanted(reader.field)) inside(reader.enter())
      else reader.ignore()
    }
  }

  const isFirst = (field: number) => field === 1
  const isSecond = (field: number) => field === 2
  const isData = (field: number) => DATA_FIELDS.has(field)
  const countPoint = (end: number) => {
    reader.pos = end
    if (++count > ITEM_LIMIT) reader.fail(`more than ${ITEM_LIMIT} data points`)
  }
  const inData = (end: number) => each(end, isFirst, countPoint)
  const inMetric = (end: number) => each(end, isData, inData)
  const inScope = (end: number) => each(end, isSecond, inMetric)
  const inResource = (end: number) => each(end, isSecond, inScope)
  each(reader.len, isFirst, inResource)
  return { signal: 'metrics', count }
}
