/** How much of the input came from the providers' caches, model by model. */
import { request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { type Format, money, perMillion, ratio, short } from './format.js'
import { Panel } from './panel.js'
import { Ranking } from './ranking.js'

const METRICS = {
  input: ['input_tokens', 'sum'],
  cached: ['cache_read_tokens', 'sum'],
  written: ['cache_write_tokens', 'sum'],
  cost: ['cost_usd', 'sum'],
  tokens: ['total_tokens', 'sum'],
} as const

const BY_CACHED = { by: 'cached', direction: 'desc' } as const

/** `hitShare`: of all input. */
export function CacheEfficiency({ hitShare, format }: { hitShare: number | null | undefined; format: Format }) {
  const { span, filters } = useSubject()
  const asked = useAnswer(request({ span, filters, metrics: METRICS, groupBy: ['model'], order: BY_CACHED, limit: 6 }))
  return (
    <Panel
      title="Prompt caches"
      hint={
        hitShare === undefined || hitShare === null
          ? 'share of the input tokens'
          : `${format(hitShare)} of the input tokens from a cache`
      }
      asked={asked}
      covered="usage"
      isEmpty={({ rows }) => rows.length === 0}
    >
      {({ rows }) => (
        <Ranking
          rows={rows}
          title="Model"
          dimension="model"
          name={({ of }) => of[0]!}
          bar={({ cached, input }) => ratio(cached, input)}
          columns={[
            { title: 'From cache', value: ({ cached, input }) => ratio(cached, input), format },
            { title: 'Input', value: ({ input }) => input, format: short },
            { title: 'Written', value: ({ written }) => written, format: short, isExtra: true },
            {
              title: '$ per 1M',
              value: ({ cost, tokens }) => perMillion(cost, tokens),
              format: money,
            },
          ]}
        />
      )}
    </Panel>
  )
}
