/** The collector itself: what became of everything, what waits, what is kept, and how many names there are. */
import type { WholeLedger } from '../../ledger.js'
import type { SystemState } from '../../show/system-state.js'
import type { Request } from '../api.js'
import { request } from '../api.js'
import { useAnswer, useSubject } from '../asking.js'
import { bytes, count, short, sumOfCounts } from '../format.js'
import { Kpi } from '../kpi.js'
import { LedgerFlow } from '../ledger-flow.js'
import { useLive } from '../live-context.js'
import { Panel } from '../panel.js'
import { Ranking } from '../ranking.js'
import { StorePanel } from '../store-panel.js'
import { TargetsPanel } from '../targets-panel.js'

export type LedgerAnswer = WholeLedger & { readonly imbalances: readonly string[] }
const LEDGER: Request<LedgerAnswer> = { path: '/ledger' }
const SYSTEM: Request<SystemState> = { path: '/system' }

/** Dimensions whose values are counted, each exactly. */
const COUNTED = [
  'model',
  'provider',
  'service',
  'environment',
  'operation',
  'agent',
  'workflow',
  'tool',
  'error_type',
  'region',
] as const

export function System() {
  const { settings } = useSubject()
  const ledger = useAnswer(LEDGER)
  const system = useAnswer(SYSTEM)
  const [books, state] = [ledger.answer, system.answer]
  const lost = books && sumOfCounts(books.dropped)
  const late = useLive().snapshot?.windows['1h'].late_count
  return (
    <div class="grid">
      <div class="kpis">
        <Kpi label="Stored" value={books?.stored} format={short} title="Operations that came in and are in the store">
          {books && (
            <span class="hint">{books.duplicate > 0 ? `${count(books.duplicate)} came twice` : 'none came twice'}</span>
          )}
        </Kpi>
        <Kpi label="Waiting for the store" value={books?.inQueue} format={short}>
          {state && (
            <span class="hint">
              {bytes(state.queue.operationBytes)} of {bytes(state.queue.maxOperationBytes)}
            </span>
          )}
        </Kpi>
        <Kpi label="Lost after they were accepted" value={lost} format={short}>
          {books && (
            <span class={lost === 0 ? 'hint' : 'bad'}>
              {lost === 0
                ? 'nothing, as promised'
                : Object.entries(books.dropped)
                    .filter(([, number]) => number > 0)
                    .map(([reason, number]) => `${reason} ${count(number)}`)
                    .join(', ')}
            </span>
          )}
        </Kpi>
        <Kpi label="Memory" value={state?.process.residentBytes} format={bytes}>
          {state && (
            <span class="hint">
              up {uptime(state.process.uptimeSeconds)}, version {settings.version}
            </span>
          )}
        </Kpi>
      </div>
      <Panel
        title="The ledger"
        hint="operations, since the data directory was made"
        asked={ledger}
        width={12}
        height={200}
      >
        {(answer) => <LedgerFlow ledger={answer} />}
      </Panel>
      <StorePanel asked={system} />
      <Cardinality />
      <TargetsPanel ledger={ledger} system={system} />
      <Panel title="Beyond a limit" hint="since the start" asked={system} width={6}>
        {({ overflowed, discarded, answers, memory, normalise }) => (
          <dl class="facts">
            {Object.entries(overflowed).map(([name, number]) => (
              <Fact key={name} title={`${name}: became _OTHER on /metrics`} value={count(number)} isBad />
            ))}
            {Object.entries(discarded).map(([name, number]) => (
              <Fact key={name} title={`${name}: left out of operations`} value={count(number)} />
            ))}
            <Fact
              title="Values beyond the limit of an attribute"
              value={count(sumOfCounts(overflowed))}
              isBad={sumOfCounts(overflowed) > 0}
            />
            <Fact
              title="Requests refused for want of memory"
              value={count(memory.refused)}
              isBad={memory.refused > 0}
            />
            <Fact title="Came over a minute late in the last hour, and are in no live rate" value={count(late)} />
            <Fact title="Spans and records that are not GenAI" value={short(normalise.foreign)} />
            <Fact title="Answers kept" value={`${bytes(answers.bytes)}, ${count(answers.hits)} given again`} />
          </dl>
        )}
      </Panel>
      <Panel
        title="What it understood"
        hint="by dialect, since the start"
        asked={system}
        width={6}
        isEmpty={({ normalise }) => Object.keys(normalise.dialects).length === 0}
        whenEmpty={<p>No spans and records of GenAI came since the start. Events are of no dialect.</p>}
      >
        {({ normalise }) => (
          <Ranking
            rows={Object.entries(normalise.dialects).sort(([, one], [, other]) => other.recognised - one.recognised)}
            title="Dialect"
            name={([dialect]) => dialect}
            bar={([, { recognised }]) => recognised}
            columns={[
              { title: 'Operations', value: ([, { recognised }]) => recognised, format: short },
              { title: 'Counted elsewhere', value: ([, { ignored }]) => ignored, format: short },
              { title: 'Rejected', value: ([, { rejected }]) => rejected, format: short },
            ]}
          />
        )}
      </Panel>
    </div>
  )
}

function Cardinality() {
  const { span, filters } = useSubject()
  const metrics = Object.fromEntries(COUNTED.map((name) => [name, [name, 'uniq'] as const])) as {
    readonly [name in (typeof COUNTED)[number]]: readonly [name, 'uniq']
  }
  const asked = useAnswer(request({ span, filters, metrics }))
  return (
    <Panel title="Distinct values" hint="in the range" asked={asked} width={6} height={260}>
      {({ rows: [row] }) => (
        <Ranking
          rows={COUNTED.map((name) => ({ name, number: row?.[name] ?? null })).sort(
            (one, other) => (other.number ?? 0) - (one.number ?? 0),
          )}
          title="Attribute"
          name={({ name }) => name}
          bar={({ number }) => number}
          columns={[{ title: 'Values', value: ({ number }) => number, format: count }]}
        />
      )}
    </Panel>
  )
}

function Fact({ title, value, isBad = false }: { title: string; value: string; isBad?: boolean }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd class={isBad ? 'warn' : ''}>{value}</dd>
    </div>
  )
}

function uptime(seconds: number): string {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  return days > 0 ? `${days}d ${hours}h` : hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m`
}
