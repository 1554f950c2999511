/** How healthy each model is, in points of 100, which way its traffic goes, and what is recommended. */
import type { HealthScore, HealthStatus } from '../query/health-score.js'
import type { Filters } from './address.js'
import { type Coverage, parametersOf, type Request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { change, count, nameOf, short, UNKNOWN } from './format.js'
import { Panel } from './panel.js'
import type { Span } from './range.js'
import { Ranking } from './ranking.js'

type Entity = Omit<HealthScore, 'is_idle'> & {
  readonly entity: string
  readonly operations: number
  /** Against the period before; null where there is nothing to compare with. */
  readonly change: number | null
}
type Health = {
  readonly coverage: Coverage
  readonly status: HealthStatus | null
  readonly entities: readonly Entity[]
  readonly idle: readonly string[]
}

/** The scores are of rollups, which know no users, conversations and types of errors. */
function healthRequest(span: Span, filters: Filters): Request<Health> {
  const { error_type: _type, conversation_id: _id, user_id: _user, ...known } = filters
  return { path: '/health-scores', parameters: parametersOf(span, known, { by: 'model', limit: '30' }) }
}

const TONES = { healthy: 'good', degraded: 'warn', critical: 'bad' } as const
const points = (value: number | null | undefined) => (value === null || value === undefined ? UNKNOWN : count(value))
const toneOf = (score: number | null) => (score === null ? '' : score >= 90 ? 'good' : score >= 70 ? 'warn' : 'bad')

export function HealthPanel() {
  const { span, filters } = useSubject()
  const asked = useAnswer(healthRequest(span, filters))
  const status = asked.answer?.status
  return (
    <Panel
      title="Health"
      hint="points of 100: success, speed, and how lately it was used"
      asked={asked}
      width={12}
      height={300}
      tools={status && <span class={`outcome ${TONES[status]}`}>{status}</span>}
      isEmpty={({ entities }) => entities.length === 0}
    >
      {({ entities }) => (
        <>
          <Ranking
            rows={entities}
            title="Model"
            dimension="model"
            name={({ entity }) => entity}
            bar={({ overall_score }) => overall_score}
            columns={[
              { title: 'Score', value: ({ overall_score }) => overall_score, format: points, tone: toneOf },
              { title: 'Success', value: ({ success_score }) => success_score, format: points },
              { title: 'Speed', value: ({ performance_score }) => performance_score, format: points },
              { title: 'Activity', value: ({ activity_score }) => activity_score, format: points, isExtra: true },
              { title: 'Calls', value: ({ operations }) => operations, format: short, isExtra: true },
              { title: 'Against before', value: (entity) => entity.change, format: change, isExtra: true },
              { title: 'Days since', value: ({ days_since_last_seen: days }) => days, format: points, isExtra: true },
            ]}
          />
          <Recommendations entities={entities} />
        </>
      )}
    </Panel>
  )
}

function Recommendations({ entities }: Pick<Health, 'entities'>) {
  const all = entities.flatMap(({ entity, recommendations }) => recommendations.map((text) => ({ entity, text })))
  if (all.length === 0) return null
  return (
    <details class="method">
      <summary>{all.length === 1 ? 'One recommendation' : `${all.length} recommendations`}</summary>
      <ul class="recommendations">
        {all.map(({ entity, text }) => (
          <li key={`${entity} ${text}`}>
            <strong>{nameOf(entity)}</strong>: {text}.
          </li>
        ))}
      </ul>
    </details>
  )
}
