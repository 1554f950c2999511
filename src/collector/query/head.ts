/** What stands at the head of answers: the window they are of, how much of it is known, and how exact percentiles are. */
import * as z from 'zod'
import { RELATIVE_ERROR } from '../store/histogram.js'
import { GRANULARITIES, type TimeRange } from './time-range.js'

/** ISO 8601, UTC. */
export const MOMENT = z.iso.datetime()
/** A share of something, 0 to 1; null where there is nothing to be a share of. */
export const SHARE = z.number().nullable()

export const WINDOW = z
  .strictObject({ start_time: MOMENT, end_time: MOMENT.describe('the first moment after') })
  .meta({ id: 'Window', description: 'half-open, UTC' })
export type WrittenWindow = z.output<typeof WINDOW>

export const COVERAGE = z
  .strictObject({
    calls: z.int().describe('calls of a model'),
    usage: SHARE.describe('share of them whose token usage is known; null where there are none'),
    cost: SHARE.describe('share of them whose cost is known; null where there are none'),
  })
  .meta({ id: 'Coverage', description: 'how much is known of the calls of a model that are answered about' })
export type Coverage = z.output<typeof COVERAGE>

export const HEAD = {
  window: WINDOW.describe('what is answered: whole windows, so it may be wider than what was asked for'),
  coverage: COVERAGE,
}
/** Of answers with percentiles that are told from histograms. */
export const ESTIMATED_HEAD = {
  ...HEAD,
  percentile_error: z.number().describe('largest relative error of the percentiles'),
}

export const CURRENCY = z.literal('USD')
export const GRANULARITY = z.enum(GRANULARITIES).describe('length of the windows of the series')
export const HAS_MORE = z.boolean().describe('there are more than are told')

export type Head = { readonly window: WrittenWindow; readonly coverage: Coverage }

export function headOf({ window, coverage }: Head): Head {
  return { window, coverage }
}

export function estimatedHeadOf(answer: Head) {
  return { ...headOf(answer), percentile_error: RELATIVE_ERROR }
}

export function windowOf({ start, end }: TimeRange): WrittenWindow {
  return { start_time: new Date(start).toISOString(), end_time: new Date(end).toISOString() }
}
