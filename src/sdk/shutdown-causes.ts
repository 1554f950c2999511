/** When the SDK shuts down by itself. */
import type { ShutdownCause } from './options.js'

/** Shuts down for these causes. After a signal's shutdown the signal is raised again, to take the effect it would have had. Returns what takes this back. */
export function shutdownOn(causes: readonly ShutdownCause[], shutdown: () => Promise<void>): () => void {
  const listeners = causes.map((cause) => {
    const listener = () => {
      void shutdown().then(() => {
        // Others who listen have decided what becomes of the process.
        if (cause !== 'beforeExit' && process.listenerCount(cause) === 0) process.kill(process.pid, cause)
      })
    }
    process.once(cause, listener)
    return () => process.removeListener(cause, listener)
  })
  return () => {
    for (const remove of listeners) remove()
  }
}
