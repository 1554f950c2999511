/**
 * What happened in the last second, minute, hour: sums of every second, and windows that move over them. Time is a number of whole
 * seconds that never goes back; a window is made of seconds that are over. An operation is in the second it was accepted in, since senders
 * gather theirs for some seconds; one that came late is in the second it ended in, where a window still holds that.
 */
import { BILLABLE_KINDS, type Operation, operationKind, SPENDING_KINDS } from 'tokmeter/core'
import { bucketOf, quantilesOf } from '../store/histogram.js'

/** Seconds of each window. */
export const WINDOWS = { '1s': 1, '10s': 10, '1m': 60, '5m': 300, '1h': 3600 } as const
export type WindowName = keyof typeof WINDOWS
const LONGEST = Math.max(...Object.values(WINDOWS))
/** What had ended so many milliseconds before it was accepted is late. */
const LATE_MS = 60_000
/** What had ended before that is in no window. */
export const LONGEST_MS = LONGEST * 1000

/** Counts and whole numbers alone: what was added is taken away again to the last digit. */
export type Sums = {
  operations: number
  /** Accepted in it long after they had ended: they are counted where they ended. */
  late: number
  /** Calls of a model, as all of the following up to `spending`. */
  calls: number
  errors: number
  withUsage: number
  withCost: number
  /** Whose duration is known, and the sum of these. */
  timed: number
  microseconds: number
  /** Operations that spend for themselves: what agents and workflows report is that of the calls inside them. */
  spending: number
  withTokens: number
  inputTokens: number
  outputTokens: number
  priced: number
  nanoDollars: number
}

const noSums = (): Sums => ({
  operations: 0,
  late: 0,
  calls: 0,
  errors: 0,
  withUsage: 0,
  withCost: 0,
  timed: 0,
  microseconds: 0,
  spending: 0,
  withTokens: 0,
  inputTokens: 0,
  outputTokens: 0,
  priced: 0,
  nanoDollars: 0,
})
const FIELDS = Object.keys(noSums()) as readonly (keyof Sums)[]

/** Values by the bucket of the rollups' histogram. */
type Counts = Map<number, number>
/** The same when it does not change any more: bucket, count, bucket, count, … */
type FrozenCounts = Int32Array

type Second = { readonly sums: Readonly<Sums>; readonly durations: FrozenCounts; readonly firstChunks: FrozenCounts }

/** What is known of one window. */
export type View = {
  /** How much of it there is yet: less than its length while the collector has not run as long. */
  readonly seconds: number
  readonly sums: Readonly<Sums>
  /** Milliseconds of calls, at each of the quantiles; null where none is known. */
  durations(quantiles: readonly number[]): (number | null)[]
  /** Milliseconds to the first chunk of calls that tell. */
  firstChunks(quantiles: readonly number[]): (number | null)[]
}

class Window {
  sums = noSums()
  readonly durations: Counts = new Map()
  readonly firstChunks: Counts = new Map()

  constructor(readonly seconds: number) {}

  change(by: 1 | -1, { sums, durations, firstChunks }: Second): void {
    for (const field of FIELDS) this.sums[field] += by * sums[field]
    changeCounts(this.durations, by, durations)
    changeCounts(this.firstChunks, by, firstChunks)
    // Sums past 2^53 lose digits, and would never find back to nothing.
    if (isNothing(this.sums)) this.sums = noSums()
  }
}

const isNothing = ({ operations, late }: Sums) => operations === 0 && late === 0

/** What is added to one second. */
class Tally {
  readonly sums = noSums()
  readonly durations: Counts = new Map()
  readonly firstChunks: Counts = new Map()

  add({ operation, durationMs, timeToFirstChunkMs, usage, cost, error }: Operation): void {
    const { sums } = this
    const kind = operationKind(operation)
    sums.operations++
    if (BILLABLE_KINDS.includes(kind)) {
      sums.calls++
      if (error !== undefined) sums.errors++
      if (usage?.inputTokens !== undefined) sums.withUsage++
      if (cost !== undefined) sums.withCost++
      if (durationMs !== undefined) {
        sums.timed++
        sums.microseconds += Math.round(durationMs * 1000)
        count(this.durations, bucketOf(durationMs), 1)
      }
      if (timeToFirstChunkMs !== undefined) count(this.firstChunks, bucketOf(timeToFirstChunkMs), 1)
    }
    if (!SPENDING_KINDS.includes(kind)) return
    sums.spending++
    if (usage?.inputTokens !== undefined || usage?.outputTokens !== undefined) {
      sums.withTokens++
      sums.inputTokens += usage.inputTokens ?? 0
      sums.outputTokens += usage.outputTokens ?? 0
    }
    if (cost !== undefined) {
      sums.priced++
      sums.nanoDollars += cost.nanoDollars
    }
  }

  /** As it stays; undefined where nothing was added. */
  finish(): Second | undefined {
    if (isNothing(this.sums)) return undefined
    return { sums: this.sums, durations: frozen(this.durations), firstChunks: frozen(this.firstChunks) }
  }
}

const newWindows = () =>
  Object.entries(WINDOWS).map(([name, seconds]) => [name as WindowName, new Window(seconds)] as const)

export class Windows {
  #windows = newWindows()
  /** The seconds that are over, by their number modulo the longest window; those without operations are empty. */
  readonly #seconds: (Second | undefined)[] = new Array(LONGEST).fill(undefined)
  readonly #start: number
  #now: number
  /** Of the second that is going on. */
  #current = new Tally()

  constructor(second: number) {
    this.#start = second
    this.#now = second
  }

  /** Adds what was accepted in this second, which is `now` in epoch milliseconds. */
  add(operations: readonly Operation[], second: number, now: number): void {
    this.#advance(second)
    const late = new Map<number, Tally>()
    for (const operation of operations) {
      const { startTime = now, durationMs = 0 } = operation
      const age = now - (startTime + durationMs)
      if (age <= LATE_MS) this.#current.add(operation)
      else {
        this.#current.sums.late++
        this.#tallyAt(late, second - Math.floor(age / 1000))?.add(operation)
      }
    }
    for (const [ended, tally] of late) this.#insert(ended, tally.finish()!)
  }

  /** The windows as they are when this second begins. */
  at(second: number): { readonly [name in WindowName]: View } {
    this.#advance(second)
    const views = this.#windows.map(([name, window]) => {
      const { sums, durations, firstChunks } = window
      const seconds = Math.min(window.seconds, this.#now - this.#start)
      const view: View = { seconds, sums, durations: quantiles(durations), firstChunks: quantiles(firstChunks) }
      return [name, view]
    })
    return Object.fromEntries(views) as { [name in WindowName]: View }
  }

  /** Undefined for a second that is in no window: the windows begin with the collector. */
  #tallyAt(late: Map<number, Tally>, second: number): Tally | undefined {
    if (second < this.#start || second < this.#now - LONGEST) return undefined
    let tally = late.get(second)
    if (tally === undefined) {
      tally = new Tally()
      late.set(second, tally)
    }
    return tally
  }

  /** Adds to a second that is over, and to the windows that hold it. */
  #insert(second: number, added: Second): void {
    const before = this.#seconds[second % LONGEST]
    this.#seconds[second % LONGEST] = before === undefined ? added : joined(before, added)
    for (const [, window] of this.#windows) if (second >= this.#now - window.seconds) window.change(1, added)
  }

  #advance(second: number): void {
    if (second - this.#now > LONGEST) this.#skipTo(second)
    for (; this.#now < second; this.#now++) this.#finish()
  }

  /** Ends the current second: it comes into all windows, and each leaves behind the one that is now too old. */
  #finish(): void {
    const second = this.#current.finish()
    this.#current = new Tally()
    for (const [, window] of this.#windows) {
      const left = this.#seconds[(this.#now - window.seconds + LONGEST) % LONGEST]
      if (left !== undefined) window.change(-1, left)
      if (second !== undefined) window.change(1, second)
    }
    this.#seconds[this.#now % LONGEST] = second
  }

  /** To a second so far away that nothing of before is in any window. */
  #skipTo(second: number): void {
    this.#current = new Tally()
    this.#seconds.fill(undefined)
    this.#windows = newWindows()
    this.#now = second
  }
}

function count(counts: Counts, bucket: number, by: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + by)
}

function changeCounts(counts: Counts, by: 1 | -1, frozen: FrozenCounts): void {
  for (let index = 0; index < frozen.length; index += 2) {
    const [bucket, times] = [frozen[index]!, frozen[index + 1]!]
    const changed = (counts.get(bucket) ?? 0) + by * times
    if (changed === 0) counts.delete(bucket)
    else counts.set(bucket, changed)
  }
}

function joined(one: Second, other: Second): Second {
  const window = new Window(1)
  window.change(1, one)
  window.change(1, other)
  const { sums, durations, firstChunks } = window
  return { sums, durations: frozen(durations), firstChunks: frozen(firstChunks) }
}

function frozen(counts: Counts): FrozenCounts {
  return Int32Array.from([...counts].flat())
}

function quantiles(counts: Counts) {
  return (wanted: readonly number[]) => quantilesOf(Object.fromEntries(counts), wanted).map((value) => value ?? null)
}
