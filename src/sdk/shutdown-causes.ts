/** When the SDK shuts down by itself. */
import type { ShutdownCause } from './options.js'

/** How often what was recorded is exported while the application finishes its work after a signal, in milliseconds. */
const FLUSH_EVERY_MS = 1000

export type Stoppable = {
  readonly shutdown: () => Promise<void>
  readonly flush: () => Promise<void>
}

/**
 * Shuts down for these causes. A signal is raised again after the shutdown, to take the effect it would have had; where the
 * application listens to it too, it decides what becomes of the process, and what it still does is measured: then the SDK
 * only exports, now and every second, until the process ends. Returns what takes this back.
 */
export function shutdownOn(causes: readonly ShutdownCause[], { shutdown, flush }: Stoppable): () => void {
  let flushing: NodeJS.Timeout | undefined
  const removals = causes.map((cause) => {
    const listener = () => {
      if (cause === 'beforeExit') void shutdown()
      // Asked at the signal: listeners for one time are gone once they have run.
      else if (process.listenerCount(cause) === 0) void shutdown().then(() => process.kill(process.pid, cause))
      else {
        void flush()
        flushing ??= setInterval(() => void flush(), FLUSH_EVERY_MS).unref()
      }
    }
    // Node's types tell signals and the event of the end apart; to listen to, they are alike.
    process.prependOnceListener(cause as 'SIGTERM', listener)
    return () => process.removeListener(cause, listener)
  })
  return () => {
    clearInterval(flushing)
    for (const remove of removals) remove()
  }
}
