/** The operations themselves: searched by the filters, page by page. */
import { useEffect, useState } from 'preact/hooks'
import type { Operation } from 'tokmeter/core'
import { answerOf, type Unanswered } from '../api.js'
import { useAnswer, useSubject } from '../asking.js'
import { Choices, useChoice } from '../by-dimension.js'
import { OperationDetails } from '../operation-details.js'
import { merged, type OperationsAnswer, operationsRequest } from '../operation-list.js'
import { OperationTable } from '../operation-table.js'
import { Panel } from '../panel.js'
import { ErrorState } from '../states.js'

const PAGE = '50'
const OUTCOMES = [
  { name: 'all', title: 'All', asked: {} },
  { name: 'failed', title: 'Failed', asked: { failed: 'true' } },
  { name: 'succeeded', title: 'Succeeded', asked: { failed: 'false' } },
] as const

export function Operations() {
  const { span, filters } = useSubject()
  const view = useChoice(OUTCOMES)
  const outcome = OUTCOMES.find(({ name }) => name === view)!.asked
  const asked = useAnswer<OperationsAnswer>(operationsRequest(span, filters, { ...outcome, limit: PAGE }))
  const [older, setOlder] = useState<{ readonly operations: readonly Operation[]; readonly cursor: string | null }>()
  const [error, setError] = useState<Unanswered>()
  // Another question: the pages of the last one are not its own.
  useEffect(() => setOlder(undefined), [view, JSON.stringify(filters), asked.request?.parameters?.get('start_time')])
  async function more(cursor: string): Promise<void> {
    try {
      const next = await answerOf(operationsRequest(span, filters, { ...outcome, limit: PAGE, cursor }))
      setOlder((before) => ({
        operations: [...(before?.operations ?? []), ...next.operations],
        cursor: next.next_cursor,
      }))
      setError(undefined)
    } catch (failure) {
      setError(failure as Unanswered)
    }
  }
  return (
    <div class="grid">
      <Panel
        title="Operations"
        hint="the latest first"
        asked={asked}
        width={12}
        height={600}
        tools={<Choices label="Outcome" choices={OUTCOMES} />}
        isEmpty={({ operations }) => operations.length === 0}
      >
        {({ operations, next_cursor }) => {
          const cursor = older === undefined ? next_cursor : older.cursor
          return (
            <>
              <OperationTable operations={merged(operations, older?.operations ?? [])} />
              {error && <ErrorState error={error} isOld />}
              {cursor !== null && (
                <p class="more">
                  <button type="button" class="button" onClick={() => more(cursor)}>
                    Older ones
                  </button>
                </p>
              )}
            </>
          )
        }}
      </Panel>
      <OperationDetails />
    </div>
  )
}
