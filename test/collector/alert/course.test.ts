import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Course,
  LONGEST_STEP_MS,
  SHOWN_RESOLVED_MS,
  step,
  type Timing,
  type Verdict,
} from '../../../src/collector/alert/course.js'

const START = 1_700_000_000_000
const LOOK_MS = 15_000
const MINUTE = 60_000
const AT_ONCE: Timing = { forMs: 0, keepFiringMs: 0, cooldownMs: 0 }

type Seen = { readonly verdict: Verdict; readonly afterMs: number }
type Event = { readonly event: 'firing' | 'resolved'; readonly index: number; readonly at: number }

/** The events of a row of looks; `between` what is done to the course from look to look. */
function run(looks: readonly Seen[], timing: Timing, between: (course: Course) => Course = (course) => course) {
  let course: Course | undefined
  let at = START
  const events: Event[] = []
  const phases: (Course['phase'] | 'inactive')[] = []
  for (const [index, { verdict, afterMs }] of looks.entries()) {
    at += afterMs
    const next = step(course, verdict, at, timing)
    course = next.course === undefined ? undefined : between(next.course)
    if (next.event !== undefined) events.push({ event: next.event, index, at })
    phases.push(course?.phase ?? 'inactive')
  }
  return { events, phases }
}

const LETTERS: { readonly [letter: string]: Verdict } = { b: 'breached', '~': 'between', c: 'clear', '?': 'unknown' }
const looks = (letters: string, afterMs = LOOK_MS) =>
  [...letters].map((letter) => ({ verdict: LETTERS[letter]!, afterMs }))
const PHASES = { inactive: '.', pending: 'p', firing: 'F', resolved: 'r' }

test('a breach is pending, fires when it lasted, and is resolved when it was clear for long enough', () => {
  const f = (letters: string, timing: Partial<Timing>, phases: string) =>
    expect(
      run(looks(letters), { ...AT_ONCE, ...timing })
        .phases.map((phase) => PHASES[phase])
        .join(''),
    ).toBe(phases)
  f('cbbcc', {}, '.FFrr')
  // Three looks are 30 s apart from first to last.
  f('bbbbc', { forMs: 30_000 }, 'ppFFr')
  f('bbcbbb', { forMs: 30_000 }, 'pp.ppF')
  f('bccbcccc', { keepFiringMs: 30_000 }, 'FFFFFFrr')
  // Resolved, it fires again no sooner than the cooldown has passed.
  f('bcbbbb', { cooldownMs: 45_000 }, 'FrppFF')
  f('bcbcbb', { cooldownMs: 45_000 }, 'FrprFF')
  // Between the thresholds nothing begins and nothing ends.
  f('~b~~c~', {}, '.FFFrr')
  // What cannot be told is not OK, and no breach either.
  f('?b??c', {}, '.FFFr')
  f('b??bbb', { forMs: 30_000 }, 'pppppF')
  f('bc?cc', { keepFiringMs: 30_000 }, 'FFFFF')
})

test('a resolved alert is shown for a quarter of an hour, then it is forgotten', () => {
  const { phases } = run(looks(`bc${'c'.repeat(SHOWN_RESOLVED_MS / LOOK_MS)}`), AT_ONCE)
  expect([phases.at(-2), phases.at(-1)]).toEqual(['resolved', 'inactive'])
})

test('time in which nobody looked proves no more than five minutes of anything', () => {
  const timing = { ...AT_ONCE, forMs: 20 * MINUTE }
  const breached = (afterMs: number): Seen => ({ verdict: 'breached', afterMs })
  // A clock put forward by ten years, or a collector that was down for as long.
  const { phases } = run([breached(0), breached(10 * 365 * 24 * 60 * MINUTE), breached(MINUTE)], timing)
  expect(phases).toEqual(['pending', 'pending', 'pending'])
  // Put back, it goes on from where it was: four steps of five minutes, whatever the clock says.
  const back = run([breached(0), ...Array(4).fill(breached(LONGEST_STEP_MS)), breached(0)], timing)
  expect(back.phases).toEqual(['pending', 'pending', 'pending', 'pending', 'firing', 'firing'])
  const jumping = run(
    [breached(0), breached(MINUTE), breached(-60 * MINUTE), ...Array(19).fill(breached(MINUTE))],
    timing,
  )
  expect(jumping.events.map(({ index }) => index)).toEqual([21])
})

const anyVerdict = fc.constantFrom<Verdict>('breached', 'between', 'clear', 'unknown')
const anyTiming = fc.record({
  forMs: fc.constantFrom(0, 15_000, MINUTE, 10 * MINUTE),
  keepFiringMs: fc.constantFrom(0, 15_000, MINUTE, 10 * MINUTE),
  cooldownMs: fc.constantFrom(0, 15_000, 5 * MINUTE, 60 * MINUTE),
})
const steady = fc.array(
  anyVerdict.map((verdict): Seen => ({ verdict, afterMs: LOOK_MS })),
  { maxLength: 300 },
)
const anyLooks = fc.array(
  fc.record({ verdict: anyVerdict, afterMs: fc.oneof(fc.constant(LOOK_MS), fc.integer({ min: -1e12, max: 1e12 })) }),
  { maxLength: 200 },
)

test('it never fires without having been breached for as long, and is never resolved without having been clear for as long', () => {
  fc.assert(
    fc.property(steady, anyTiming, (seen, timing) => {
      const { events } = run(seen, timing)
      const lasted = (index: number, isSame: (verdict: Verdict) => boolean) => {
        let count = 0
        while (index - count >= 0 && isSame(seen[index - count]!.verdict)) count++
        return (count - 1) * LOOK_MS
      }
      for (const { event, index } of events) {
        if (event === 'firing') expect(lasted(index, (one) => one === 'breached')).toBeGreaterThanOrEqual(timing.forMs)
        else expect(lasted(index, (one) => one === 'clear')).toBeGreaterThanOrEqual(timing.keepFiringMs)
      }
    }),
  )
})

test('it does not flap: events alternate, and after one is resolved the cooldown passes, whatever is seen and whatever the clock does', () => {
  fc.assert(
    fc.property(fc.oneof(steady, anyLooks), anyTiming, (seen, timing) => {
      const { events } = run(seen, timing)
      expect(events.map(({ event }) => event)).toEqual(
        events.map((_, index) => (index % 2 === 0 ? 'firing' : 'resolved')),
      )
      for (const [index, { event, index: firedAt }] of events.entries()) {
        const resolvedAt = events[index - 1]?.index
        if (event !== 'firing' || resolvedAt === undefined) continue
        // However far the clock leaps, a look counts for five minutes at most.
        const most = seen.slice(resolvedAt + 1, firedAt + 1)
        const passed = most.reduce((sum, { afterMs }) => sum + Math.min(Math.max(afterMs, 0), LONGEST_STEP_MS), 0)
        expect(passed).toBeGreaterThanOrEqual(timing.cooldownMs)
      }
    }),
  )
})

test('a restart at any point changes nothing', () => {
  fc.assert(
    fc.property(anyLooks, anyTiming, (seen, timing) => {
      expect(run(seen, timing, (course) => JSON.parse(JSON.stringify(course)) as Course)).toEqual(run(seen, timing))
    }),
  )
})

test('once it is clear for long enough nothing is left of it', () => {
  fc.assert(
    fc.property(anyLooks, anyTiming, (seen, timing) => {
      const calm = looks('c'.repeat(40), LONGEST_STEP_MS)
      expect(run([...seen, ...calm], timing).phases.at(-1)).toBe('inactive')
    }),
  )
})
