/** A metric reader without an exporter: it collects when asked, so that no bench pays for exporting. */
import { DataPointType, MetricReader } from '@opentelemetry/sdk-metrics'

export class ManualReader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

/**
 * What was measured, as text by metric and attributes: its number of values, its sum, its buckets.
 * @param {ManualReader} reader
 * @returns {Promise<Map<string, { count: number, sum: number, buckets: string }>>}
 */
export async function readAll(reader) {
  const { resourceMetrics } = await reader.collect()
  const points = new Map()
  for (const { descriptor, dataPointType, dataPoints } of resourceMetrics.scopeMetrics.flatMap(
    ({ metrics }) => metrics,
  )) {
    for (const { attributes, value } of dataPoints) {
      const key = `${descriptor.name} ${JSON.stringify(Object.entries(attributes).sort())}`
      const isHistogram = dataPointType === DataPointType.HISTOGRAM
      points.set(
        key,
        isHistogram
          ? { count: value.count, sum: value.sum, buckets: value.buckets.counts.join() }
          : { count: 1, sum: value, buckets: '' },
      )
    }
  }
  return points
}

/**
 * Makes sure that both sides measured the same: a comparison of different work would mean nothing.
 * @param {ManualReader} ours
 * @param {ManualReader} theirs
 */
export async function checkSame(ours, theirs) {
  const own = await readAll(ours)
  for (const key of own.keys()) if (key.startsWith('tokmeter.sdk.')) own.delete(key)
  const other = await readAll(theirs)
  for (const key of new Set([...own.keys(), ...other.keys()])) {
    const [one, two] = [own.get(key), other.get(key)]
    const isSame =
      one !== undefined &&
      two !== undefined &&
      one.count === two.count &&
      one.buckets === two.buckets &&
      Math.abs(one.sum - two.sum) <= 1e-9 * Math.abs(two.sum)
    if (!isSame)
      throw new Error(`BUG: not the same measurements: ${key}: ${JSON.stringify(one)}, ${JSON.stringify(two)}`)
  }
  return other.size
}
