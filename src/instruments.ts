/** Turns finished operations into OTel measurements, by the catalogue. Knows nothing of buffers, clients or exporters. */
import type { Attributes } from '@opentelemetry/api'
import {
  catalogueOf,
  type MetricDefinition,
  type OperationKind,
  operationKind,
  type SemconvEdition,
} from './catalogue.js'
import type { Operation } from './operation.js'
import { attribute, boundaries, OVERFLOW_ATTRIBUTE } from './semconv.js'
import { createSeriesLimit, type SeriesIdentity, type SeriesLimits, seriesKey } from './series.js'

/** One series of one metric: takes its measurements. */
export type Point = {
  /** Measures `value` so many times. `operation` is what was measured, for whoever keeps exemplars. */
  record(value: number, times: number, operation: Operation): void
}

/** One metric. */
export type Instrument = {
  /** Its series with these attributes. */
  point(attributes: Attributes): Point
}

/** What keeps measurements: a Meter of OpenTelemetry (`meterSource`), or tokmeter's own aggregation. */
export type InstrumentSource = {
  instrument(definition: MetricDefinition): Instrument
  /** Hands on what waits, asking `outOfTime` between measurements. Returns whether nothing waits any more. Never throws. */
  flush(outOfTime: () => boolean): boolean
}

export type InstrumentsOptions = SeriesLimits & {
  /** Which edition of the conventions' names to record. */
  readonly edition: SemconvEdition
  /** Told the attribute each time an operation's value of it was beyond a limit. */
  readonly onOverflow: (attributeName: string) => void
}

export type Instruments = {
  /** Measures one finished operation. What its source puts off waits for `flush`. */
  record(operation: Operation): void
  /**
   * Hands what waits to the instruments, asking `outOfTime` between measurements.
   * Returns whether nothing waits any more. Never throws.
   */
  flush(outOfTime: () => boolean): boolean
}

type Row = { readonly definition: MetricDefinition; readonly index: number; readonly instrument: Instrument }

/** All that is remembered for operations that share their attributes. */
type Series = SeriesIdentity & { readonly points: (Point | undefined)[] }

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

/** Creates the catalogue's instruments of `source`. */
export function createInstruments(source: InstrumentSource, options: InstrumentsOptions): Instruments {
  const byKind = createRows(source, options.edition)
  const series = new Map<string, Series>()
  const identify = createSeriesLimit(options)

  function seriesOf(operation: Operation): Series {
    const key = seriesKey(operation, options.tagAttributes)
    let found = series.get(key)
    if (found === undefined) {
      // Keys hold names from the wire, so the map is bounded by forgetting: what is made anew has the same attributes.
      if (series.size >= 4 * options.seriesLimit) series.clear()
      found = { ...identify(operation), points: [] }
      series.set(key, found)
    }
    return found
  }

  function pointOf({ definition, index, instrument }: Row, found: Series, variant?: string): Point {
    const extra = variant === undefined ? undefined : EXTRA[variant]
    const slot = index * VARIANTS + (extra?.slot ?? 0)
    let point = found.points[slot]
    if (point === undefined) {
      point = instrument.point(attributesOf(definition, found, extra?.attributes))
      found.points[slot] = point
    }
    return point
  }

  return {
    record(operation) {
      const found = seriesOf(operation)
      for (const name of found.overflowed) options.onOverflow(name)
      for (const row of byKind[operationKind(operation.operation)]) {
        const { value } = row.definition
        switch (value.kind) {
          case 'histogram': {
            const measured = value.read(operation)
            if (measured === undefined) break
            const variant = row.definition.extraAttributes === undefined ? undefined : operation.cost?.source
            pointOf(row, found, variant).record(measured, 1, operation)
            break
          }
          case 'histogram-by-token-type': {
            const { inputTokens, outputTokens } = operation.usage ?? {}
            if (inputTokens !== undefined) pointOf(row, found, 'input').record(inputTokens, 1, operation)
            if (outputTokens !== undefined) pointOf(row, found, 'output').record(outputTokens, 1, operation)
            break
          }
          case 'histogram-of-gaps': {
            const pairs = operation.outputChunkGaps
            if (pairs === undefined) break
            const point = pointOf(row, found)
            for (let index = 0; index + 1 < pairs.length; index += 2)
              point.record(pairs[index]! / 1000, pairs[index + 1]!, operation)
            break
          }
          case 'counter': {
            const counted = value.read(operation)
            if (counted !== undefined) pointOf(row, found).record(counted, 1, operation)
            break
          }
          case 'counter-by-modality': {
            const split = value.read(operation)
            if (split === undefined) break
            for (const part of split) pointOf(row, found, part.modality).record(part.tokens, 1, operation)
            break
          }
        }
      }
    },
    flush: (outOfTime) => source.flush(outOfTime),
  }
}

function attributesOf(definition: MetricDefinition, found: Series, extra: Attributes | undefined): Attributes {
  if (found.base === undefined) return OVERFLOW
  const attributes: Attributes = { ...found.base[definition.attributes], ...extra }
  if (definition.serviceTier && found.serviceTier !== undefined)
    attributes[attribute.openaiServiceTier] = found.serviceTier
  return attributes
}

/** The index of the default duration bucket a gap of so many milliseconds falls into. */
export function gapBucket(milliseconds: number): number {
  return bucketOf(boundaries.duration, milliseconds / 1000)
}

/** The index of the bucket a value falls into: each boundary is the upper end of its bucket, and in it. */
export function bucketOf(boundaries: readonly number[], value: number): number {
  let bucket = 0
  while (bucket < boundaries.length && value > boundaries[bucket]!) bucket++
  return bucket
}

function createRows(source: InstrumentSource, edition: SemconvEdition) {
  const rows: Row[] = catalogueOf(edition).map((definition, index) => {
    return { definition, index, instrument: source.instrument(definition) }
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
  return byKind
}
