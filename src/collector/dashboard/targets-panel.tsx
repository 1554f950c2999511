/** Where the collector forwards to: what was sent, what waits, what failed. */
import type { SystemState } from '../show/system-state.js'
import type { Asked } from './asking.js'
import { bytes, short, sumOfCounts } from './format.js'
import type { LedgerAnswer } from './pages/system.js'
import { Panel } from './panel.js'
import { Ranking } from './ranking.js'

export function TargetsPanel({ ledger, system }: { ledger: Asked<LedgerAnswer>; system: Asked<SystemState> }) {
  const targets = system.answer?.targets ?? {}
  return (
    <Panel
      title="Forwarding"
      hint="spans, data points and log records"
      asked={ledger}
      width={12}
      height={120}
      isEmpty={({ forward }) => Object.keys(forward).length === 0}
      whenEmpty={
        <p>
          Nothing is forwarded. Targets stand under <code>forward</code> in the configuration.
        </p>
      }
    >
      {({ forward }) => (
        <Ranking
          rows={Object.entries(forward)}
          title="Target"
          name={([name]) => name}
          bar={([, { sent }]) => sent}
          columns={[
            { title: 'Sent', value: ([, { sent }]) => sent, format: short },
            { title: 'Waiting', value: ([, { inQueue }]) => inQueue, format: short },
            {
              title: 'Waiting size',
              value: ([name]) => targets[name]?.waitingBytes ?? null,
              format: bytes,
              isExtra: true,
            },
            { title: 'Rejected', value: ([, { rejected }]) => rejected, format: short, tone: bad },
            { title: 'Dropped', value: ([, { dropped }]) => sumOfCounts(dropped), format: short, tone: bad },
            {
              title: 'Failed attempts',
              value: ([name]) => (targets[name] ? sumOfCounts(targets[name].failedAttempts) : null),
              format: short,
              isExtra: true,
            },
          ]}
        />
      )}
    </Panel>
  )
}

const bad = (value: number | null) => ((value ?? 0) > 0 ? 'bad' : '')
