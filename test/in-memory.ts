/** Metrics read where they were measured: a real MetricReader of OpenTelemetry, and what it collects as plain values. */
import type { Attributes } from '@opentelemetry/api'
import {
  type ExponentialHistogram,
  type Histogram,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'

/** One series of a metric: `value` of a sum or gauge; `count`, `sum` and `buckets` of a histogram. */
export type Point = {
  readonly name: string
  readonly unit: string
  readonly attributes: Attributes
  readonly value?: number
  readonly count?: number
  readonly sum?: number
  /** Counts by bucket, and the boundaries between them. */
  readonly buckets?: { readonly counts: readonly number[]; readonly boundaries: readonly number[] }
}

/** A reader asked by hand. */
export class InMemoryReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}

  /** Every series there is, or those of one metric. */
  async points(name?: string): Promise<Point[]> {
    const { resourceMetrics } = await this.collect()
    return pointsOf(resourceMetrics).filter((point) => name === undefined || point.name === name)
  }

  /** The only series of a metric. */
  async point(name: string): Promise<Point> {
    const points = await this.points(name)
    if (points.length !== 1) throw new Error(`${name} has ${points.length} series`)
    return points[0]!
  }

  async names(): Promise<string[]> {
    return [...new Set((await this.points()).map((point) => point.name))].sort()
  }
}

export function pointsOf(metrics: ResourceMetrics): Point[] {
  return metrics.scopeMetrics.flatMap((scope) =>
    scope.metrics.flatMap((metric) =>
      metric.dataPoints.map(({ attributes, value }): Point => {
        const { name, unit } = metric.descriptor
        if (typeof value === 'number') return { name, unit, attributes, value }
        const { count, sum } = value as Histogram | ExponentialHistogram
        const point = { name, unit, attributes, count, ...(sum !== undefined && { sum }) }
        if (!Array.isArray((value as Histogram).buckets?.counts)) return point
        const { counts, boundaries } = (value as Histogram).buckets
        return { ...point, buckets: { counts, boundaries } }
      }),
    ),
  )
}
