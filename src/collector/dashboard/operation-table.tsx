/** Operations as a table, one a line. */
import type { Operation } from 'tokmeter/core'
import { count, duration, money, nameOf, UNKNOWN } from './format.js'
import { showOperation } from './operation-details.js'
import { costOf, modelOf } from './operation-list.js'
import { type Column, Table } from './table.js'

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
  const columns = withMessage ? COLUMNS.filter(({ title }) => !OF_ANSWERS.includes(title)) : COLUMNS
  const outcome = {
    title: 'Outcome',
    cell: (operation: Operation) => outcomeOf(operation, withMessage),
    look: withMessage ? 'wrap' : '',
  }
  return (
    <Table
      rows={operations}
      columns={[...columns, outcome]}
      keyOf={({ id }) => id!}
      look="operations"
      lookOf={({ error }) => (error ? 'failed' : '')}
    />
  )
}

/** Mostly unknown of what failed: they give way to its message. */
const OF_ANSWERS = ['Input', 'Output', 'First chunk']
const COLUMNS: readonly Column<Operation>[] = [
  { title: 'Time', cell: timeOf, look: 'time' },
  { title: 'Model', cell: whatOf },
  { title: 'Operation', cell: ({ operation }) => operation, isExtra: true },
  { title: 'Service', cell: ({ service }) => service ?? UNKNOWN, isExtra: true },
  { title: 'Input', cell: ({ usage }) => count(usage?.inputTokens), isNumber: true, isExtra: true },
  { title: 'Output', cell: ({ usage }) => count(usage?.outputTokens), isNumber: true, isExtra: true },
  { title: 'Cost', cell: (operation) => money(costOf(operation)), isNumber: true },
  {
    title: 'First chunk',
    cell: ({ timeToFirstChunkMs }) => duration(timeToFirstChunkMs),
    isNumber: true,
    isExtra: true,
  },
  { title: 'Duration', cell: ({ durationMs }) => duration(durationMs), isNumber: true },
]

function timeOf(operation: Operation) {
  return (
    <button type="button" class="name" onClick={() => showOperation(operation)} title="Details">
      {operation.startTime === undefined ? UNKNOWN : TIME.format(operation.startTime)}
    </button>
  )
}

function whatOf(operation: Operation) {
  return (
    <>
      <span class="model">{nameOf(modelOf(operation) || operation.toolName || operation.agentName)}</span>{' '}
      {operation.provider && <span class="hint provider">{operation.provider}</span>}
    </>
  )
}

function outcomeOf({ error, finishReason }: Operation, withMessage: boolean) {
  if (!error) return <span class="outcome good">{finishReason ?? 'ok'}</span>
  return (
    <>
      <span class="outcome bad">{error.type}</span>{' '}
      {withMessage && error.message && <span class="hint message">{error.message}</span>}
    </>
  )
}
