/** The store: how much is in it, and for how long it is kept. */
import type { SystemState } from '../show/system-state.js'
import { type Asked, useSubject } from './asking.js'
import { bytes, short } from './format.js'
import { Panel } from './panel.js'
import { Ranking } from './ranking.js'

const DAY_MS = 86_400_000

export function StorePanel({ asked }: { asked: Asked<SystemState> }) {
  const { settings } = useSubject()
  const { retention, max_bytes } = settings
  const keptOf = (table: string) => {
    const [, tier] = /^operations_(1m|5m|1h|1d)(?:_main)?$/.exec(table) ?? []
    const kept = tier === undefined ? (table === 'operations' ? retention.raw : undefined) : retention[tier as '1m']
    return kept === undefined ? null : kept / DAY_MS
  }
  return (
    <Panel
      title="The store"
      hint={max_bytes === null ? 'looked at once a minute' : `at most ${bytes(max_bytes)}, looked at once a minute`}
      asked={asked}
      width={6}
      height={260}
      isEmpty={({ store }) => store === null}
      whenEmpty={<p>The store was not looked at yet: that is done once a minute.</p>}
    >
      {({ store }) => (
        <Ranking
          rows={[...store!.tables].sort((one, other) => other.bytes - one.bytes)}
          title="Table"
          name={({ table }) => table}
          bar={({ bytes: size }) => size}
          columns={[
            { title: 'Size', value: ({ bytes: size }) => size, format: bytes },
            { title: 'Rows', value: ({ rows }) => rows, format: short },
            { title: 'Kept', value: ({ table }) => keptOf(table), format: days },
          ]}
        />
      )}
    </Panel>
  )
}

function days(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  return value >= 730 ? `${Math.round(value / 365)} years` : `${value} days`
}
