/** `GET /api/v1/anomalies`: hours that are not as they should be, or not as they were in the weeks before. */
import * as z from 'zod'
import { endpoint, ofCalls } from '../endpoint.js'
import { HAS_MORE, HEAD, MOMENT } from '../head.js'
import { InvalidQuestion } from '../invalid-question.js'
import { RANGE_PARAMETERS, ROLLUP_FILTER_PARAMETERS, subjectOf, wholeNumber } from '../parameters.js'
import { ANOMALY_TYPES, type AnomalySettings, SEVERITIES } from './anomaly.js'
import { findAnomalies } from './finding.js'

/** Of each of what judgements are made. */
export const ENTITY_DIMENSIONS = ['model', 'provider', 'service', 'agent'] as const

const LONGEST_DAYS = 31

const BY = z.enum(['all', ...ENTITY_DIMENSIONS])
/** The name of an entity; null: everything together. */
const ENTITY = z.string().nullable().describe('null: everything together')

const ANOMALY = z.strictObject({
  detected_at: MOMENT.describe('start of the hour'),
  type: z.enum(ANOMALY_TYPES),
  severity: z.enum(SEVERITIES),
  entity: ENTITY,
  value: z
    .number()
    .describe('share of failed calls, milliseconds, calls, US dollars or tokens of a call: as its type says'),
  expected: z.number().nullable().describe('by the weeks before; null where the threshold is a fixed one'),
  threshold: z.number().describe('past it an hour has this severity, in the unit of the value'),
  description: z.string(),
})

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
      by: BY.default('model').describe('of each of what; all: of everything together'),
      type: z.enum(ANOMALY_TYPES).optional().describe('only of this type'),
      severity: z.enum(SEVERITIES).default('info').describe('only of this severity or a worse one'),
      limit: wholeNumber(1, 1000, 100, 'how many, the latest first'),
    }),
    response: z.strictObject({
      ...HEAD,
      by: BY,
      count: z.record(z.enum(SEVERITIES), z.int()).describe('how many there are of each severity'),
      entities: z.int().describe('how many had calls in the hours that were looked at'),
      without_history: z.array(ENTITY).describe('those of which too little is known to expect anything'),
      anomalies: z.array(ANOMALY).describe('the latest first'),
      has_more: HAS_MORE,
    }),
    async answer({ by, type, severity, limit, ...given }, asker) {
      const { range, filters } = subjectOf(ofCalls(given), asker.now)
      if (range.end - range.start > LONGEST_DAYS * 86_400_000)
        throw new InvalidQuestion('start_time', `may be at most ${LONGEST_DAYS} days before end_time here`)
      const dimension = by === 'all' ? undefined : by
      const options = { settings: settings(), range, filters, by: dimension, type, least: severity, limit }
      const { head, ...found } = await findAnomalies(asker, options)
      return {
        // The store tells it.
        ...head!,
        by,
        count: found.count,
        entities: found.entities.length,
        without_history: found.withoutHistory,
        anomalies: found.anomalies,
        has_more: found.count.info + found.count.warning + found.count.critical > limit,
      }
    },
  })
}
