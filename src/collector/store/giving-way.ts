/** How much of the machine questions may take beside ingest: all of it while that has room, a part of a core while it has none. */
import type { Pace } from './turns.js'

/** What questions may take. */
export type Allowance = {
  /** Cores, on average. */
  readonly cores: number
  /** Questions at once. */
  readonly atOnce: number
  /** Threads of the engine for each; undefined: as many as it likes. */
  readonly threads?: 1
}

/** Of a core that ingest leaves when it takes all it gets. */
const LEFT = 0.3
/** Cores that ingest can take: one for its JavaScript, one for the engine. */
const OF_INGEST = 2
/** Longest rest after a question, in milliseconds: a very long one must not keep all others waiting as long again. */
const LONGEST_REST_MS = 2000

/** @param pressure from 0 to 1. @param cores of the machine. @param readers most questions at once. */
export function allowanceOf(pressure: number, cores: number, readers: number): Allowance {
  if (pressure === 0) return { cores, atOnce: readers }
  const left = LEFT + Math.max(0, cores - OF_INGEST)
  const allowed = (1 - pressure) * cores + pressure * Math.min(cores, left)
  return { cores: allowed, atOnce: Math.min(readers, Math.ceil(allowed)), threads: 1 }
}

/** How soon it is looked whether there is room again, in milliseconds. */
const LOOK_AGAIN_MS = 100

/** The pace at which questions take what they may. @param clock Milliseconds that only go on. */
export function createGivingWay(allowance: () => Allowance, clock = () => performance.now()): Pace {
  let running = 0
  /** Milliseconds of a core that were taken before they were allowed. */
  let owed = 0
  let at = clock()

  function allowedNow(): Allowance {
    const allowed = allowance()
    const passed = clock() - at
    at += passed
    const most = allowed.cores * LONGEST_REST_MS
    owed = allowed.threads === undefined ? 0 : Math.min(most, Math.max(0, owed + (running - allowed.cores) * passed))
    return allowed
  }

  return {
    restMs() {
      const { cores, atOnce } = allowedNow()
      return running < atOnce ? Math.min(LOOK_AGAIN_MS, Math.ceil(owed / cores)) : LOOK_AGAIN_MS
    },
    began() {
      allowedNow()
      running++
    },
    ended() {
      allowedNow()
      running--
    },
  }
}
