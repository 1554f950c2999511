/** Operations as a table, one a line. */
import type { Operation } from 'tokmeter/core'
import { count, duration, money, nameOf, UNKNOWN } from './format.js'
import { showOperation } from './operation-details.js'
import { costOf, modelOf } from './operation-list.js'

const TIME = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
})

export type OperationTableProps = {
  readonly operations: readonly Operation[]
  /** What went wrong, in words. */
  readonly withMessage?: boolean
}

export function OperationTable({ operations, withMessage = false }: OperationTableProps) {
  return (
    <div class="scroll">
      <table class="operations">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Model</th>
            <th scope="col" class="extra">
              Operation
            </th>
            <th scope="col" class="extra">
              Service
            </th>
            <th scope="col" class="number extra">
              Input
            </th>
            <th scope="col" class="number extra">
              Output
            </th>
            <th scope="col" class="number">
              Cost
            </th>
            <th scope="col" class="number extra">
              First chunk
            </th>
            <th scope="col" class="number">
              Duration
            </th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <Line key={operation.id} operation={operation} withMessage={withMessage} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Line({ operation, withMessage }: { operation: Operation; withMessage: boolean }) {
  const { startTime, provider, service, usage, timeToFirstChunkMs, durationMs, error, finishReason } = operation
  const time = startTime === undefined ? UNKNOWN : TIME.format(startTime)
  return (
    <tr class={error ? 'failed' : ''}>
      <td class="time">
        <button type="button" class="name" onClick={() => showOperation(operation)} title="Details">
          {time}
        </button>
      </td>
      <td>
        <span class="model">{nameOf(modelOf(operation) || operation.toolName || operation.agentName)}</span>{' '}
        {provider && <span class="hint provider">{provider}</span>}
      </td>
      <td class="extra">{operation.operation}</td>
      <td class="extra">{service ?? UNKNOWN}</td>
      <td class="number extra">{count(usage?.inputTokens)}</td>
      <td class="number extra">{count(usage?.outputTokens)}</td>
      <td class="number">{money(costOf(operation))}</td>
      <td class="number extra">{duration(timeToFirstChunkMs)}</td>
      <td class="number">{duration(durationMs)}</td>
      <td>
        {error ? (
          <>
            <span class="outcome bad">{error.type}</span>{' '}
            {withMessage && error.message && <span class="hint message">{error.message}</span>}
          </>
        ) : (
          <span class="outcome good">{finishReason ?? 'ok'}</span>
        )}
      </td>
    </tr>
  )
}
