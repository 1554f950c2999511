/** `GET /api/v1/reports/daily`, `/weekly` and `/monthly`. */
import * as z from 'zod'
import { endpoint, ofCalls } from '../endpoint.js'
import { filtersOf, ROLLUP_FILTER_PARAMETERS } from '../parameters.js'
import { REPORTS } from './answer.js'
import { PERIODS, type PeriodName, periodOf } from './period.js'
import { reportOf } from './report.js'

const OF: { readonly [period in PeriodName]: string } = { daily: 'day', weekly: 'week', monthly: 'month' }

/** One for each period. */
export const reports = PERIODS.map((name) =>
  endpoint({
    method: 'GET',
    path: `/reports/${name}`,
    summary: `What a ${OF[name]} (UTC) was like, against the one before: use, cost, failures, latency of calls, what is new, what goes up and down`,
    table: name === 'daily' ? 'hourly_summaries' : 'daily_summaries',
    parameters: z.strictObject({
      ...ROLLUP_FILTER_PARAMETERS,
      date: z
        .string()
        .max(40)
        .optional()
        .describe(
          `a day of the ${OF[name]}: 2026-01-31${name === 'monthly' ? ', or 2026-01' : ''}; default: the one that is going on`,
        ),
    }),
    response: REPORTS[name],
    answer({ date, ...given }, asker) {
      const filters = { all: filtersOf(given), calls: filtersOf(ofCalls(given)) }
      return reportOf(name, periodOf(name, date, asker.now), filters, asker)
    },
  }),
)
