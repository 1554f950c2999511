/** The latest operations, as they come. */

import { useAnswer, useSubject } from './asking.js'
import { OperationDetails } from './operation-details.js'
import { type OperationsAnswer, operationsRequest } from './operation-list.js'
import { OperationTable } from './operation-table.js'
import { Panel } from './panel.js'

const SHOWN = 12

export function LatestOperations() {
  const { span, filters } = useSubject()
  const asked = useAnswer<OperationsAnswer>(operationsRequest(span, filters, { limit: String(SHOWN) }))
  return (
    <>
      <Panel
        title="Latest operations"
        asked={asked}
        width={12}
        height={300}
        isEmpty={({ operations }) => operations.length === 0}
      >
        {({ operations }) => <OperationTable operations={operations} />}
      </Panel>
      <OperationDetails />
    </>
  )
}
