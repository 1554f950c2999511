/** Which rollups a range is read from: the widest windows that fit, narrower ones at its ends. */
import { InvalidQuestion } from './invalid-question.js'
import { GRANULARITIES, type Granularity, type TimeRange, WINDOW_MS, windowEnd, windowStart } from './time-range.js'

/** Days each tier is kept. */
export type KeptDays = { readonly [granularity in Granularity]: number }

/** Windows of one tier that begin in a range. */
export type Segment = { readonly tier: Granularity } & TimeRange

export type Cover = {
  /** What is answered: the range that was asked for, widened to whole windows of the narrowest tier that is still kept. */
  readonly range: TimeRange
  /** In order of time, without gaps or overlaps. */
  readonly segments: readonly Segment[]
}

const DAY_MS = 86_400_000
/** Retention is applied to partitions, some time after they are due; what is nearly due may be gone while it is read. */
const MARGIN_MS = 3_600_000

/**
 * Covers `range` with windows of at most `widest`. A range that begins before the narrow tiers' retention is answered in wider windows;
 * one that no tier is kept for as long is answered by the widest.
 */
export function coverOf(range: TimeRange, widest: Granularity, kept: KeptDays, now: number): Cover {
  const narrowest = narrowestKept(range, kept, now)
  if (WINDOW_MS[narrowest] > WINDOW_MS[widest])
    throw new InvalidQuestion(
      'interval',
      `${widest} is kept for ${kept[widest]} days: ask for ${narrowest}, or for a later start_time`,
      GRANULARITIES.slice(GRANULARITIES.indexOf(narrowest)),
    )
  const whole = { start: windowStart(range.start, narrowest), end: windowEnd(range.end, narrowest) }
  const tiers = GRANULARITIES.filter(
    (tier) => WINDOW_MS[tier] >= WINDOW_MS[narrowest] && WINDOW_MS[tier] <= WINDOW_MS[widest],
  )
  return { range: whole, segments: segmentsOf(whole, tiers) }
}

/** The narrowest tier that is kept for as long as the range is ago. */
export function narrowestKept({ start }: TimeRange, kept: KeptDays, now: number): Granularity {
  return GRANULARITIES.find((tier) => start >= now - kept[tier] * DAY_MS + MARGIN_MS) ?? '1d'
}

/** `tiers` from narrow to wide; the range is one of whole windows of the first. */
function segmentsOf(range: TimeRange, tiers: readonly Granularity[]): Segment[] {
  const tier = tiers.at(-1)!
  if (range.start >= range.end) return []
  if (tiers.length === 1) return [{ tier, ...range }]
  const start = windowEnd(range.start, tier)
  const end = windowStart(range.end, tier)
  const narrower = tiers.slice(0, -1)
  if (start >= end) return segmentsOf(range, narrower)
  return [
    ...segmentsOf({ start: range.start, end: start }, narrower),
    { tier, start, end },
    ...segmentsOf({ start: end, end: range.end }, narrower),
  ]
}
