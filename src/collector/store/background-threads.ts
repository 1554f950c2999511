/** Makes the engine's background threads stand back: a merge can wait, who waits for an acknowledgement cannot. Knows of them their name only. */
import { readdirSync, readFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

const THREADS = '/proc/self/task'
/** What the engine calls the threads that merge and delete. */
const NAME = 'MergeMutate'
/** Where both are wanted, such a thread gets a tenth of a core; where nothing else is to be done, all of it. */
const LESS = 10

/**
 * Lowers their priority below that of this process, for which no right is needed. The engine's own setting for it needs one, and is silent
 * without. Where the system does not show its threads by name (anything but Linux) they stay as they are.
 */
export function lowerBackgroundThreads(): void {
  const priority = Math.min(constants.priority.PRIORITY_LOW, getPriority() + LESS)
  for (const thread of backgroundThreads()) {
    try {
      setPriority(thread, priority)
    } catch {
      // It has ended, or the system does not let us: it merges as before.
    }
  }
}

function backgroundThreads(): number[] {
  if (process.platform !== 'linux') return []
  try {
    return readdirSync(THREADS)
      .filter((thread) => nameOf(thread) === NAME)
      .map(Number)
  } catch {
    return []
  }
}

function nameOf(thread: string): string | undefined {
  try {
    return readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trimEnd()
  } catch {
    return undefined
  }
}
