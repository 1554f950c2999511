/** What is going on right now: the collector's stream of events, come back to when it breaks, left alone while nobody looks. */
import type { Operation } from 'tokmeter/core'
import type { Snapshot } from '../live/snapshot.js'
import type { Filters } from './address.js'

export type LiveState = { readonly isConnected: boolean; readonly snapshot: Snapshot | undefined }

type Listeners = {
  readonly onState: (state: LiveState) => void
  readonly onOperation: (operation: Operation) => void
}

const API = './api/v1/live'
/** Milliseconds until it is tried again: a browser gives up by itself where it was refused. */
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [1000, 30_000]

/** Where the stream is asked for: snapshots, and the operations that match the filters. */
export function liveUrl({ error_type: failures, conversation_id: _id, ...filters }: Filters): string {
  const parameters = new URLSearchParams([
    ['events', 'snapshot'],
    ['events', 'operation'],
  ])
  for (const [name, values] of Object.entries(filters)) for (const value of values) parameters.append(name, value)
  // Its kinds of failures the stream does not tell apart.
  if (failures) parameters.set('failed', 'true')
  return `${API}?${parameters}`
}

/** Listens until the returned function is called. */
export function listen(filters: Filters, { onState, onOperation }: Listeners): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let retryMs = FIRST_RETRY_MS
  let snapshot: Snapshot | undefined

  function open(): void {
    close()
    source = new EventSource(liveUrl(filters))
    source.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS
      onState({ isConnected: true, snapshot })
    })
    source.addEventListener('snapshot', ({ data }) => {
      snapshot = JSON.parse(data) as Snapshot
      onState({ isConnected: true, snapshot })
    })
    source.addEventListener('operation', ({ data }) => {
      const operation = JSON.parse(data) as Operation
      if (isWanted(operation, filters)) onOperation(operation)
    })
    source.addEventListener('error', () => {
      onState({ isConnected: false, snapshot })
      if (source?.readyState !== EventSource.CLOSED) return
      timer = setTimeout(open, retryMs)
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)
    })
  }
  function close(): void {
    clearTimeout(timer)
    source?.close()
    source = undefined
  }
  // A browser has six connections to a host: pages in the background give theirs back.
  const look = () => (document.visibilityState === 'visible' ? open() : close())
  document.addEventListener('visibilitychange', look)
  look()
  return () => {
    document.removeEventListener('visibilitychange', look)
    close()
  }
}

/** What the stream cannot filter by. */
export function isWanted(
  operation: Operation,
  { error_type: types, conversation_id: conversations }: Filters,
): boolean {
  if (types && !types.includes(operation.error?.type ?? '')) return false
  return !conversations || conversations.includes(operation.conversationId ?? '')
}
