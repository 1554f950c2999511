/** What became of everything received, as bars: how much was taken, and where what was taken is now. */
import { count, ratio, share, sumOfCounts } from './format.js'
import type { LedgerAnswer } from './pages/system.js'

type Part = { readonly name: string; readonly value: number; readonly colour: string }

export function LedgerFlow({ ledger }: { ledger: LedgerAnswer }) {
  const dropped = sumOfCounts(ledger.dropped)
  return (
    <>
      <Flow
        title="Received"
        total={ledger.received}
        parts={[
          { name: 'accepted', value: ledger.accepted, colour: '--series-1' },
          { name: 'refused, may be sent again', value: ledger.refused, colour: '--series-2' },
          { name: 'rejected, invalid', value: ledger.rejected, colour: '--series-7' },
        ]}
      />
      <Flow
        title="Accepted"
        total={ledger.accepted}
        parts={[
          { name: 'stored', value: ledger.stored, colour: '--series-3' },
          { name: 'waiting', value: ledger.inQueue, colour: '--series-6' },
          { name: 'came twice', value: ledger.duplicate, colour: '--series-others' },
          { name: 'dropped', value: dropped, colour: '--bad' },
        ]}
      />
      <p class={ledger.imbalances.length === 0 ? 'outcome good' : 'outcome bad'}>
        {ledger.imbalances.length === 0
          ? 'The books balance.'
          : `The books do not balance: ${ledger.imbalances.join('; ')}`}
      </p>
      {ledger.imported !== null && ledger.imported > 0 && (
        <span class="hint"> {count(ledger.imported)} more were imported from files.</span>
      )}
    </>
  )
}

function Flow({ title, total, parts }: { title: string; total: number; parts: readonly Part[] }) {
  return (
    <div class="flow">
      <div class="flow-head">
        <strong>{title}</strong> <span class="flow-total">{count(total)}</span>
      </div>
      <div class="flow-bar" aria-hidden="true">
        {parts.map(({ name, value, colour }) => (
          <span key={name} style={{ width: `${(ratio(value, total) ?? 0) * 100}%`, background: `var(${colour})` }} />
        ))}
      </div>
      <ul class="legend">
        {parts.map(({ name, value, colour }) => (
          <li key={name} class="legend-item">
            <span class="swatch" style={{ background: `var(${colour})` }} />
            <span>{name}</span>
            <span class="legend-total">
              {count(value)}
              {total > 0 && value > 0 && ` · ${share(value / total)}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
