/** The stream of events for the components of a page: its last snapshot, and the operations as they come. */
import { createContext } from 'preact'
import { useContext, useEffect, useMemo, useState } from 'preact/hooks'
import type { Operation } from 'tokmeter/core'
import type { Filters } from './address.js'
import { type LiveState, listen } from './live.js'

export type Live = LiveState & {
  /** Calls the listener for each operation, until what it returns is called. */
  readonly subscribe: (listener: (operation: Operation) => void) => () => void
}

export const LiveContext = createContext<Live | undefined>(undefined)

/** Listens for as long as the component is there. */
export function useLiveStream(filters: Filters): Live {
  const [state, setState] = useState<LiveState>({ isConnected: false, snapshot: undefined })
  const listeners = useMemo(() => new Set<(operation: Operation) => void>(), [])
  const key = JSON.stringify(filters)
  useEffect(
    () =>
      listen(filters, {
        onState: setState,
        onOperation: (operation) => {
          for (const listener of listeners) listener(operation)
        },
      }),
    [key],
  )
  return useMemo(
    () => ({
      ...state,
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }),
    [state],
  )
}

export function useLive(): Live {
  return useContext(LiveContext)!
}
