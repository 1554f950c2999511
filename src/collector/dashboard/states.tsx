/** What a panel says where there is nothing to show, or the collector did not answer: always with what to do about it. */
import type { ComponentChildren } from 'preact'
import { go } from './address.js'
import type { Unanswered } from './api.js'
import { useSubject } from './asking.js'
import { rangeInWords } from './range.js'

export function EmptyState({ height, children }: { height?: number; children?: ComponentChildren }) {
  const { range, filters } = useSubject()
  const isFiltered = Object.keys(filters).length > 0
  return (
    <div class="state" style={height ? { minHeight: `${height}px` } : {}}>
      {children ?? (
        <>
          <p>
            Nothing in the {rangeInWords(range)}
            {isFiltered && ' that matches the filters'}.
          </p>
          <p class="state-actions">
            {isFiltered && (
              <button type="button" class="button" onClick={() => go({ filters: {} })}>
                Remove the filters
              </button>
            )}
            <button type="button" class="button" onClick={() => go({ range: { last: '30d' } })}>
              Look at the last 30 days
            </button>
          </p>
        </>
      )}
    </div>
  )
}

const ADVICE: { readonly [status: number]: string } = {
  0: 'It is asked again every few seconds.',
  401: 'Log in again.',
  403: 'Log in with a token that has the scope read.',
  429: 'It is asked again in a moment.',
  503: 'It is asked again in a moment.',
  504: 'Choose a shorter range, or fewer filters by user and conversation.',
}

/** `isOld`: what is below is the answer of before. */
export function ErrorState({ error, isOld }: { error: Unanswered; isOld: boolean }) {
  return (
    <div class="state error" role="alert">
      <p>
        <strong>{isOld ? 'This may be out of date.' : 'This could not be shown.'}</strong> {error.message}
      </p>
      <p class="hint">{ADVICE[error.status] ?? 'If it stays so, the log of the collector says why.'}</p>
    </div>
  )
}
