/** Says of which share of the calls a sum knows: beside every sum that does not know all. */
import type { Coverage } from './api.js'
import { share } from './format.js'

export type Covered = 'cost' | 'usage' | 'both'

const WORDS = {
  cost: { short: 'priced', long: 'have no known price, and are in no sum of money' },
  usage: { short: 'with usage', long: 'did not tell their tokens, and are in no sum of tokens or money' },
}

/** Nothing where all is known, or there are no calls. */
export function CoverageNote({ coverage, of }: { coverage: Coverage; of: Covered }) {
  const kinds = (of === 'both' ? (['usage', 'cost'] as const) : [of]).filter((kind) => (coverage[kind] ?? 1) < 1)
  return (
    <>
      {kinds.map((kind) => {
        const known = coverage[kind]!
        const missing = share(1 - known)
        return (
          <span key={kind} class="coverage" title={`${missing} of ${coverage.calls} calls ${WORDS[kind].long}.`}>
            {share(known)} {WORDS[kind].short}
          </span>
        )
      })}
    </>
  )
}
