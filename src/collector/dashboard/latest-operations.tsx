/** The latest operations: what the store has, and before it what came since, as it comes. */
import { useEffect, useState } from 'preact/hooks'
import type { Operation } from 'tokmeter/core'
import { useAnswer, useSubject } from './asking.js'
import { useLive } from './live-context.js'
import { OperationDetails } from './operation-details.js'
import { merged, type OperationsAnswer, operationsRequest } from './operation-list.js'
import { OperationTable } from './operation-table.js'
import { Panel } from './panel.js'

const SHOWN = 12
/** How often the table moves at most, in milliseconds: nobody reads faster. */
const MOVE_EVERY_MS = 500

export function LatestOperations() {
  const { span, filters, range } = useSubject()
  const asked = useAnswer<OperationsAnswer>(operationsRequest(span, filters, { limit: String(SHOWN) }))
  const live = useLiveOperations('last' in range, JSON.stringify(filters))
  return (
    <>
      <Panel
        title="Latest operations"
        hint={'last' in range ? 'as they come' : 'of the range'}
        asked={asked}
        width={12}
        height={300}
        isEmpty={({ operations }) => operations.length + live.length === 0}
      >
        {({ operations }) => <OperationTable operations={merged(live, operations).slice(0, SHOWN)} />}
      </Panel>
      <OperationDetails />
    </>
  )
}

/** The last few that came, the latest first. `key`: those of another are forgotten. */
function useLiveOperations(isOn: boolean, key: string): readonly Operation[] {
  const { subscribe } = useLive()
  const [operations, setOperations] = useState<readonly Operation[]>([])
  useEffect(() => {
    setOperations([])
    if (!isOn) return
    let waiting: Operation[] = []
    const timer = setInterval(() => {
      if (waiting.length === 0) return
      const came = waiting.reverse()
      waiting = []
      setOperations((before) => merged(came, before).slice(0, SHOWN))
    }, MOVE_EVERY_MS)
    const unsubscribe = subscribe((operation) => {
      waiting.push(operation)
      if (waiting.length > SHOWN) waiting.shift()
    })
    return () => {
      clearInterval(timer)
      unsubscribe()
    }
  }, [isOn, key])
  return operations
}
