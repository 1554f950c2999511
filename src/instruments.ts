/** Turns finished operations into OTel measurements, by the catalogue. Knows nothing of buffers, clients or exporters. */
import { type Attributes, type Context, type Meter, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api'
import {
  catalogueOf,
  instrumentKind,
  type MetricDefinition,
  type OperationKind,
  operationKind,
  type SemconvEdition,
} from './catalogue.js'
import type { Operation } from './operation.js'
import { attribute, boundaries, OVERFLOW_ATTRIBUTE } from './semconv.js'
import { createSeriesLimit, type SeriesIdentity, type SeriesLimits, seriesKey } from './series.js'

export type InstrumentsOptions = SeriesLimits & {
  /** Which edition of the conventions' names to record. */
  readonly edition: SemconvEdition
  /** Told the attribute each time an operation's value of it was beyond a limit. */
  readonly onOverflow: (attributeName: string) => void
  /** Told what an instrument threw while `flush` was at it: a view's attribute processor is code of the application's. */
  readonly onError: (error: unknown) => void
}

export type Instruments = {
  /** Measures one finished operation. Sums of counters and gaps between chunks wait for `flush`. */
  record(operation: Operation): void
  /**
   * Hands what waits to the instruments, asking `outOfTime` between measurements.
   * Returns whether nothing waits any more. Never throws.
   */
  flush(outOfTime: () => boolean): boolean
}

type Counter = { add(value: number, attributes: Attributes): void }
type Histogram = { record(value: number, attributes: Attributes, context?: Context): void }
type Row = {
  readonly definition: MetricDefinition
  readonly index: number
  readonly counter?: Counter
  readonly histogram?: Histogram
}

/** A sum that waits for the end of a slice. */
type Sum = { readonly counter: Counter; readonly attributes: Attributes; value: number; waits: boolean }
/** Gaps that wait to be measured, gathered by the default buckets so that ten thousand of them take no more room than one. */
type Gaps = {
  readonly histogram: Histogram
  readonly attributes: Attributes
  readonly counts: number[]
  readonly sums: number[]
  waits: boolean
}

/** All that is remembered for operations that share their attributes. */
type Series = SeriesIdentity & {
  readonly attributes: (Attributes | undefined)[]
  readonly sums: (Sum | undefined)[]
  readonly gaps: (Gaps | undefined)[]
}

// One row has at most this many variants of its attributes: modalities, token types or cost sources.
const VARIANTS = 4
/** Groups that gaps between chunks are gathered in: the default buckets. */
export const GAP_BUCKETS = boundaries.duration.length + 1
const EXTRA: { readonly [variant: string]: { readonly slot: number; readonly attributes: Attributes } } = {
  unknown: { slot: 0, attributes: { [attribute.tokenModality]: 'unknown' } },
  text: { slot: 1, attributes: { [attribute.tokenModality]: 'text' } },
  image: { slot: 2, attributes: { [attribute.tokenModality]: 'image' } },
  audio: { slot: 3, attributes: { [attribute.tokenModality]: 'audio' } },
  input: { slot: 0, attributes: { [attribute.tokenType]: 'input' } },
  output: { slot: 1, attributes: { [attribute.tokenType]: 'output' } },
  provider: { slot: 0, attributes: { [attribute.costSource]: 'provider' } },
  catalogue: { slot: 1, attributes: { [attribute.costSource]: 'catalogue' } },
  override: { slot: 2, attributes: { [attribute.costSource]: 'override' } },
}
const OVERFLOW: Attributes = { [OVERFLOW_ATTRIBUTE]: true }

/** Creates the catalogue's instruments on `meter`. */
export function createInstruments(meter: Meter, options: InstrumentsOptions): Instruments {
  const { rows, byKind } = createRows(meter, options.edition)
  const series = new Map<string, Series>()
  const identify = createSeriesLimit(options)
  const waitingSums: Sum[] = []
  const waitingGaps: Gaps[] = []

  function seriesOf(operation: Operation): Series {
    const key = seriesKey(operation, options.tagAttributes)
    let found = series.get(key)
    if (found === undefined) {
      // Keys hold names from the wire, so the map is bounded by forgetting: what is made anew has the same attributes.
      if (series.size >= 4 * options.seriesLimit) series.clear()
      found = { ...identify(operation), attributes: new Array(rows.length * VARIANTS), sums: [], gaps: [] }
      series.set(key, found)
    }
    return found
  }

  function attributesFor(row: Row, found: Series, variant?: string): Attributes {
    const extra = variant === undefined ? undefined : EXTRA[variant]
    const slot = row.index * VARIANTS + (extra?.slot ?? 0)
    let attributes = found.attributes[slot]
    if (attributes === undefined) {
      if (found.base === undefined) attributes = OVERFLOW
      else {
        attributes = { ...found.base[row.definition.attributes], ...extra?.attributes }
        if (row.definition.serviceTier && found.serviceTier !== undefined)
          attributes[attribute.openaiServiceTier] = found.serviceTier
      }
      found.attributes[slot] = attributes
    }
    return attributes
  }

  function add(row: Row, found: Series, value: number, variant?: string): void {
    const slot = row.index * VARIANTS + (variant === undefined ? 0 : EXTRA[variant]!.slot)
    let sum = found.sums[slot]
    if (sum === undefined) {
      const attributes = attributesFor(row, found, variant)
      sum = { counter: row.counter!, attributes, value: 0, waits: false }
      found.sums[slot] = sum
    }
    sum.value += value
    if (!sum.waits) {
      sum.waits = true
      waitingSums.push(sum)
    }
  }

  function gather(row: Row, found: Series, operation: Operation): void {
    if (operation.outputChunkGaps === undefined) return
    let gaps = found.gaps[row.index]
    if (gaps === undefined) {
      const attributes = attributesFor(row, found)
      const counts: number[] = new Array(GAP_BUCKETS).fill(0)
      gaps = { histogram: row.histogram!, attributes, counts, sums: counts.slice(), waits: false }
      found.gaps[row.index] = gaps
    }
    const pairs = operation.outputChunkGaps
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const ms = pairs[index]!
      const count = pairs[index + 1]!
      const bucket = gapBucket(ms)
      gaps.counts[bucket]! += count
      gaps.sums[bucket]! += ms * count
    }
    if (!gaps.waits) {
      gaps.waits = true
      waitingGaps.push(gaps)
    }
  }

  return {
    record(operation) {
      const found = seriesOf(operation)
      for (const name of found.overflowed) options.onOverflow(name)
      const context = exemplarContext(operation)
      for (const row of byKind[operationKind(operation.operation)]) {
        const { value } = row.definition
        switch (value.kind) {
          case 'histogram': {
            const measured = value.read(operation)
            if (measured === undefined) break
            const variant = row.definition.extraAttributes === undefined ? undefined : operation.cost?.source
            row.histogram!.record(measured, attributesFor(row, found, variant), context)
            break
          }
          case 'histogram-by-token-type': {
            const { inputTokens, outputTokens } = operation.usage ?? {}
            if (inputTokens !== undefined)
              row.histogram!.record(inputTokens, attributesFor(row, found, 'input'), context)
            if (outputTokens !== undefined)
              row.histogram!.record(outputTokens, attributesFor(row, found, 'output'), context)
            break
          }
          case 'histogram-of-gaps':
            gather(row, found, operation)
            break
          case 'counter': {
            const counted = value.read(operation)
            if (counted !== undefined) add(row, found, counted)
            break
          }
          case 'counter-by-modality': {
            const split = value.read(operation)
            if (split !== undefined) for (const part of split) add(row, found, part.tokens, part.modality)
            break
          }
        }
      }
    },

    flush(outOfTime) {
      // Sums first: one call a series, however many operations. They are bounded by the slice that made them.
      for (const sum of waitingSums) {
        const { value } = sum
        sum.value = 0
        sum.waits = false
        try {
          sum.counter.add(value, sum.attributes)
        } catch (error) {
          options.onError(error)
        }
      }
      waitingSums.length = 0
      for (let gaps = waitingGaps.at(-1); gaps !== undefined; gaps = waitingGaps.at(-1)) {
        try {
          if (!measureGaps(gaps, outOfTime)) return false
        } catch (error) {
          // What refuses one gap refuses them all; tried again and again they would never leave.
          gaps.counts.fill(0)
          gaps.sums.fill(0)
          options.onError(error)
        }
        gaps.waits = false
        waitingGaps.pop()
      }
      return true
    },
  }
}

/** Measures what was gathered, as many times as there were gaps; stops half-way when out of time. */
function measureGaps(gaps: Gaps, outOfTime: () => boolean): boolean {
  let measured = 0
  for (let bucket = 0; bucket < GAP_BUCKETS; bucket++) {
    let left = gaps.counts[bucket]!
    if (left === 0) continue
    // The mean of a bucket's gaps lies in that bucket, so the distribution and the sum come out as they were.
    const mean = gaps.sums[bucket]! / left
    let stopped = false
    while (left > 0 && !stopped) {
      gaps.histogram.record(mean / 1000, gaps.attributes)
      left--
      stopped = ++measured % 32 === 0 && outOfTime()
    }
    gaps.counts[bucket] = left
    gaps.sums[bucket] = mean * left
    if (stopped) return false
  }
  return true
}

/** The index of the default duration bucket a gap of so many milliseconds falls into. */
export function gapBucket(milliseconds: number): number {
  const seconds = milliseconds / 1000
  let bucket = 0
  while (bucket < boundaries.duration.length && seconds > boundaries.duration[bucket]!) bucket++
  return bucket
}

function createRows(meter: Meter, edition: SemconvEdition) {
  const rows: Row[] = catalogueOf(edition).map((definition, index) => {
    const { name, unit, description } = definition
    if (instrumentKind(definition) === 'counter')
      return { definition, index, counter: meter.createCounter(name, { unit, description }) }
    const advice = { explicitBucketBoundaries: [...(definition.boundaries ?? [])] }
    return { definition, index, histogram: meter.createHistogram(name, { unit, description, advice }) }
  })
  const ofKind = (kind: OperationKind) => rows.filter(({ definition }) => definition.kinds.includes(kind))
  const byKind: { readonly [kind in OperationKind]: readonly Row[] } = {
    inference: ofKind('inference'),
    embeddings: ofKind('embeddings'),
    tool: ofKind('tool'),
    agent: ofKind('agent'),
    workflow: ofKind('workflow'),
    other: ofKind('other'),
  }
  return { rows, byKind }
}

/** What an SDK that keeps exemplars takes the trace from. */
function exemplarContext({ sampled, traceId, spanId }: Operation): Context | undefined {
  if (!sampled || traceId === undefined || spanId === undefined) return undefined
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED })
}
