/** `GET /api/v1/anomalies`: hours that are not as they should be, or not as they were in the weeks before. */
import * as z from 'zod'
import { endpoint, ofCalls } from '../endpoint.js'
import { InvalidQuestion } from '../invalid-question.js'
import { RANGE_PARAMETERS, ROLLUP_FILTER_PARAMETERS, subjectOf, wholeNumber } from '../parameters.js'
import { ANOMALY_TYPES, type AnomalySettings, SEVERITIES } from './anomaly.js'
import { findAnomalies } from './finding.js'

/** Of each of what judgements are made. */
export const ENTITY_DIMENSIONS = ['model', 'provider', 'service', 'agent'] as const

const LONGEST_DAYS = 31

export function createAnomalies(settings: () => AnomalySettings) {
  return endpoint({
    method: 'GET',
    path: '/anomalies',
    summary:
      'Hours with too many failures, too slow, with too little traffic, too dear or with unusual token counts; of calls of a model where no operation is named',
    table: 'anomalies',
    parameters: z.strictObject({
      ...RANGE_PARAMETERS,
      ...ROLLUP_FILTER_PARAMETERS,
      by: z
        .enum(['all', ...ENTITY_DIMENSIONS])
        .default('model')
        .describe('of each of what; all: of everything together'),
      type: z.enum(ANOMALY_TYPES).optional().describe('only of this type'),
      severity: z.enum(SEVERITIES).default('info').describe('only of this severity or a worse one'),
      limit: wholeNumber(1, 1000, 100, 'how many, the latest first'),
    }),
    async answer({ by, type, severity, limit, ...given }, asker) {
      const { range, filters } = subjectOf(ofCalls(given), asker.now)
      if (range.end - range.start > LONGEST_DAYS * 86_400_000)
        throw new InvalidQuestion('start_time', `may be at most ${LONGEST_DAYS} days before end_time here`)
      const found = await findAnomalies(asker, {
        settings: settings(),
        range,
        filters,
        by: by === 'all' ? undefined : by,
      })
      const severities = SEVERITIES.slice(SEVERITIES.indexOf(severity))
      const chosen = found.anomalies.filter(
        (one) => severities.includes(one.severity) && (type === undefined || one.type === type),
      )
      const count = Object.fromEntries(
        SEVERITIES.map((name) => [name, chosen.filter((one) => one.severity === name).length]),
      )
      return {
        window: {
          start_time: new Date(found.range.start).toISOString(),
          end_time: new Date(found.range.end).toISOString(),
        },
        by,
        count,
        entities: found.entities.length,
        without_history: found.withoutHistory,
        anomalies: chosen.slice(0, limit),
        has_more: chosen.length > limit,
      }
    },
  })
}
