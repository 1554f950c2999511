/**
 * Measures on the instruments of a Meter, whoever's it is. Each measurement there costs microseconds, for its attributes are
 * hashed: so sums of counters and repeated values wait, and are handed on a slice at a time.
 */
import { type Attributes, type Context, type Meter, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api'
import { instrumentKind } from './catalogue.js'
import { bucketOf, type InstrumentSource, type Point } from './instruments.js'
import type { Operation } from './operation.js'
import { SpanInContext } from './span-in-context.js'

type Counter = { add(value: number, attributes: Attributes): void }
type Histogram = { record(value: number, attributes: Attributes, context?: Context): void }

/** A sum that waits to be handed on. */
type Sum = { readonly counter: Counter; readonly attributes: Attributes; value: number; waits: boolean }
/** Values that wait to be measured, gathered by the default buckets so that ten thousand of them take no more room than one. */
type Repeated = {
  readonly histogram: Histogram
  readonly attributes: Attributes
  readonly counts: number[]
  readonly sums: number[]
  waits: boolean
}

/** @param onError Told what an instrument threw while `flush` was at it: a view's attribute processor is code of the application's. */
export function meterSource(meter: Meter, onError: (error: unknown) => void): InstrumentSource {
  const waitingSums: Sum[] = []
  const waitingValues: Repeated[] = []
  const contextOf = createContexts()

  function counterPoint(counter: Counter, attributes: Attributes): Point {
    const sum: Sum = { counter, attributes, value: 0, waits: false }
    return {
      record(value, times) {
        sum.value += value * times
        if (sum.waits) return
        sum.waits = true
        waitingSums.push(sum)
      },
    }
  }

  function histogramPoint(histogram: Histogram, boundaries: readonly number[], attributes: Attributes): Point {
    let repeated: Repeated | undefined
    return {
      record(value, times, operation) {
        if (times === 1) {
          histogram.record(value, attributes, contextOf(operation))
          return
        }
        if (repeated === undefined) {
          const counts: number[] = new Array(boundaries.length + 1).fill(0)
          repeated = { histogram, attributes, counts, sums: counts.slice(), waits: false }
        }
        const bucket = bucketOf(boundaries, value)
        repeated.counts[bucket]! += times
        repeated.sums[bucket]! += value * times
        if (repeated.waits) return
        repeated.waits = true
        waitingValues.push(repeated)
      },
    }
  }

  return {
    instrument(definition) {
      const { name, unit, description, boundaries = [] } = definition
      if (instrumentKind(definition) === 'counter') {
        const counter = meter.createCounter(name, { unit, description })
        return { point: (attributes) => counterPoint(counter, attributes) }
      }
      const advice = { explicitBucketBoundaries: [...boundaries] }
      const histogram = meter.createHistogram(name, { unit, description, advice })
      return { point: (attributes) => histogramPoint(histogram, boundaries, attributes) }
    },

    flush(outOfTime) {
      // Sums first: one call a series, however many operations. They are bounded by the slices that made them.
      for (const sum of waitingSums) {
        const { value } = sum
        sum.value = 0
        sum.waits = false
        try {
          sum.counter.add(value, sum.attributes)
        } catch (error) {
          onError(error)
        }
      }
      waitingSums.length = 0
      for (let repeated = waitingValues.at(-1); repeated !== undefined; repeated = waitingValues.at(-1)) {
        try {
          if (!measure(repeated, outOfTime)) return false
        } catch (error) {
          // What refuses one value refuses them all; tried again and again they would never leave.
          repeated.counts.fill(0)
          repeated.sums.fill(0)
          onError(error)
        }
        repeated.waits = false
        waitingValues.pop()
      }
      return true
    },
  }
}

/** Measures what was gathered, as many times as there were values; stops half-way when out of time. */
function measure({ histogram, attributes, counts, sums }: Repeated, outOfTime: () => boolean): boolean {
  let measured = 0
  for (let bucket = 0; bucket < counts.length; bucket++) {
    let left = counts[bucket]!
    if (left === 0) continue
    // The mean of a bucket's values lies in that bucket, so the distribution and the sum come out as they were.
    const mean = sums[bucket]! / left
    let stopped = false
    while (left > 0 && !stopped) {
      histogram.record(mean, attributes)
      left--
      stopped = ++measured % 32 === 0 && outOfTime()
    }
    counts[bucket] = left
    sums[bucket] = mean * left
    if (stopped) return false
  }
  return true
}

/** What an SDK that keeps exemplars takes the trace from; made once for all the measurements of an operation. */
function createContexts(): (operation: Operation) => Context | undefined {
  let last: Operation | undefined
  let found: Context | undefined
  return (operation) => {
    if (operation === last) return found
    last = operation
    const { sampled, traceId, spanId } = operation
    found =
      !sampled || traceId === undefined || spanId === undefined
        ? undefined
        : new SpanInContext(ROOT_CONTEXT, trace.wrapSpanContext({ traceId, spanId, traceFlags: TraceFlags.SAMPLED }))
    return found
  }
}
