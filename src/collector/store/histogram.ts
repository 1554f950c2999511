/**
 * The exponential histograms of the rollups: OpenTelemetry's own, at one fixed scale, kept as a map of bucket → count.
 *
 * Bucket `i` holds the values v with BASE^i < v <= BASE^(i+1). At scale 4 there are 16 buckets to each doubling, BASE is 2^(1/16) = 1.0443,
 * and a quantile told from the middle of its bucket is at most RELATIVE_ERROR = 2.17 % off the value of that rank.
 * Counts of equal buckets add up, so the histogram of a day is the sum of those of its minutes, with the error of one.
 */

/** OpenTelemetry's scale: buckets to each doubling = 2^SCALE. Fixed: histograms of another scale could not be added to those stored. */
export const SCALE = 4
const BUCKETS_PER_DOUBLING = 2 ** SCALE
export const BASE = 2 ** (1 / BUCKETS_PER_DOUBLING)
/** How far a quantile may be off the value of its rank: |told − true| <= RELATIVE_ERROR × true. */
export const RELATIVE_ERROR = (BASE - 1) / (BASE + 1)
/** The bucket of exact zeros, which have no logarithm: the least value of an Int16. */
export const ZERO_BUCKET = -32_768
/** What no value has, however large: the largest value of an Int16. */
const LAST_BUCKET = 32_767

/** Counts by bucket, as the engine answers a `Map(Int16, UInt64)`. */
export type Histogram = { readonly [bucket: string]: number }

/** The bucket of a value that is not negative. */
export function bucketOf(value: number): number {
  return value > 0 ? Math.ceil(Math.log2(value) * BUCKETS_PER_DOUBLING) - 1 : ZERO_BUCKET
}

/** SQL that tells the bucket of a numeric SQL expression. */
export function bucketSql(expression: string): string {
  return `if(${expression} > 0, toInt16(ceil(log2(${expression}) * ${BUCKETS_PER_DOUBLING}) - 1), toInt16(${ZERO_BUCKET}))`
}

/** The value told for a bucket: the one that is relatively as far from its lower as from its upper end. */
export function middleOf(bucket: number): number {
  if (bucket === ZERO_BUCKET) return 0
  const lower = 2 ** (bucket / BUCKETS_PER_DOUBLING)
  return (2 * lower * BASE) / (1 + BASE)
}

/** The first bucket for which more than a value is told. */
export function bucketAbove(value: number): number {
  if (value < 0) return ZERO_BUCKET
  if (value === 0) return ZERO_BUCKET + 1
  // The bucket of the value or the one after it, whose middles are on both sides of it.
  const bucket = bucketOf(value)
  return Math.min(middleOf(bucket) > value ? bucket : bucket + 1, LAST_BUCKET)
}

/** SQL of the value told for a bucket that a SQL expression names. */
export function middleSql(bucket: string): string {
  return `if(${bucket} = ${ZERO_BUCKET}, 0, exp2(${bucket} / ${BUCKETS_PER_DOUBLING}) * ${(2 * BASE) / (1 + BASE)})`
}

/** How many values a histogram holds. */
export function countOf(histogram: Histogram): number {
  let count = 0
  for (const bucket in histogram) count += Number(histogram[bucket])
  return count
}

/** The sum of histograms. */
export function addHistograms(histograms: Iterable<Histogram>): Histogram {
  const sum: { [bucket: string]: number } = {}
  for (const histogram of histograms)
    for (const bucket in histogram) sum[bucket] = (sum[bucket] ?? 0) + Number(histogram[bucket])
  return sum
}

/** The value of nearest rank ceil(q · n), for each `q` from 0 to 1; `undefined` where nothing was counted. */
export function quantilesOf(histogram: Histogram, quantiles: readonly number[]): (number | undefined)[] {
  const buckets = Object.keys(histogram)
    .map(Number)
    .sort((a, b) => a - b)
  const count = countOf(histogram)
  return quantiles.map((quantile) => {
    const rank = Math.max(1, Math.ceil(quantile * count))
    let seen = 0
    for (const bucket of buckets) {
      seen += Number(histogram[bucket])
      if (seen >= rank) return middleOf(bucket)
    }
    return undefined
  })
}
