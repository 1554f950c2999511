/** The course of one alert: inactive → pending → firing → resolved. A pure function of what was, what is seen now, and when. */

/**
 * What a look sees. `between`: no longer bad enough to begin, not yet good enough to end. `unknown`: it could not be told, which is
 * neither.
 */
export type Verdict = 'breached' | 'between' | 'clear' | 'unknown'

export type Phase = 'pending' | 'firing' | 'resolved'

export type Timing = {
  /** How long it has to be breached until it fires. Milliseconds, as all of them. */
  readonly forMs: number
  /** How long it has to be clear until it is resolved. */
  readonly keepFiringMs: number
  /** How long after it was resolved it may not fire again. */
  readonly cooldownMs: number
}

/** An alert that is not inactive, as it is kept over restarts. */
export type Course = {
  readonly phase: Phase
  /** When the phase began, in epoch milliseconds. */
  readonly since: number
  /** The last look. */
  readonly at: number
  readonly last: 'breached' | 'clear' | 'unknown'
  /** How long it has been seen as it was last, breached while pending, clear while firing. */
  readonly heldMs: number
  /** Time since it was resolved; absent where it has not fired lately. */
  readonly quietMs?: number | undefined
}

export type Step = {
  /** Undefined: inactive. */
  readonly course: Course | undefined
  readonly event?: 'firing' | 'resolved' | undefined
}

/**
 * Most that one look adds to what has been seen: time in which nobody looked, since the collector was down or its clock was put forward,
 * proves nothing. A clock put back adds nothing.
 */
export const LONGEST_STEP_MS = 5 * 60_000
/** How long a resolved alert is still shown. */
export const SHOWN_RESOLVED_MS = 15 * 60_000

/** What becomes of an alert at a look. `at`: epoch milliseconds. */
export function step(before: Course | undefined, seen: Verdict, at: number, timing: Timing): Step {
  const last = known(seen, before?.phase === 'firing')
  const elapsedMs = before === undefined ? 0 : Math.min(Math.max(at - before.at, 0), LONGEST_STEP_MS)
  // Only the time between two looks that saw the same is known to have been so.
  const heldMs = before?.last === last ? before.heldMs + elapsedMs : 0
  switch (before?.phase) {
    case 'firing':
      return whileFiring({ ...before, at, last, heldMs: last === 'clear' ? heldMs : 0 }, timing)
    case undefined:
    case 'resolved':
    case 'pending': {
      const quietMs = before?.quietMs === undefined ? undefined : before.quietMs + elapsedMs
      if (last === 'breached') {
        const since = before?.phase === 'pending' ? before.since : at
        const isNew = before?.phase !== 'pending'
        return whilePending({ phase: 'pending', since, at, last, heldMs: isNew ? 0 : heldMs, quietMs }, timing)
      }
      // What could not be told neither begins a pending alert nor ends it; its time is begun anew.
      if (last === 'unknown' && before?.phase === 'pending')
        return { course: { ...before, at, last, heldMs: 0, quietMs } }
      if (quietMs === undefined || quietMs >= Math.max(timing.cooldownMs, SHOWN_RESOLVED_MS))
        return { course: undefined }
      const since = before?.phase === 'resolved' ? before.since : at - quietMs
      return { course: { phase: 'resolved', since, at, last, heldMs: 0, quietMs } }
    }
  }
}

function whilePending(course: Course, { forMs, cooldownMs }: Timing): Step {
  const mayFire = course.quietMs === undefined || course.quietMs >= cooldownMs
  if (course.heldMs < forMs || !mayFire) return { course }
  const { at, last } = course
  return { course: { phase: 'firing', since: at, at, last, heldMs: 0 }, event: 'firing' }
}

function whileFiring(course: Course, { keepFiringMs }: Timing): Step {
  if (course.last !== 'clear' || course.heldMs < keepFiringMs) return { course }
  const { at, last } = course
  return { course: { phase: 'resolved', since: at, at, last, heldMs: 0, quietMs: 0 }, event: 'resolved' }
}

/** Between the two thresholds it stays as it is. */
function known(seen: Verdict, isFiring: boolean): Course['last'] {
  if (seen !== 'between') return seen
  return isFiring ? 'breached' : 'clear'
}
