/** How much ingest needs of the machine, told by its two ends: the thread that takes in, and what waits to be stored. */
import { BusyShare } from './busy-share.js'

export type Ingest = {
  /** Share of the time lately in which the thread made operations of what came in, from 0 to 1: about half of what it has to do for them. */
  readonly taking: number
  /** Operations that wait for the store. */
  readonly waiting: number
}

/** Up to the first there is room beside ingest, from the second on it takes all it gets. */
const TAKING = [0.1, 0.3] as const
/** An insert at once is worth the second: where so many wait there is always one to be made. */
const WAITING = [10_000, 20_000] as const

/** From 0, where there is room beside ingest, to 1, where it lacks whatever others take. */
export function pressureOf({ taking, waiting }: Ingest): number {
  const between = (value: number, [room, full]: readonly [number, number]) => (value - room) / (full - room)
  return Math.min(1, Math.max(0, between(taking, TAKING), between(waiting, WAITING)))
}

export type IngestPressure = {
  /** Told when the thread begins to make operations of something, and when it has. */
  readonly taking: Pick<BusyShare, 'begin' | 'end'>
  /** As it is now, from 0 to 1. */
  readonly now: () => number
}

/** How far is looked back on the thread, in milliseconds: what begins is noticed soon, and a moment in which it did something else is no end. */
const WINDOWS_MS = [250, 2000]

/** @param waiting Operations that wait for the store. */
export function createIngestPressure(waiting: () => number): IngestPressure {
  const shares = WINDOWS_MS.map((windowMs) => new BusyShare({ windowMs }))
  return {
    taking: {
      begin() {
        for (const share of shares) share.begin()
      },
      end() {
        for (const share of shares) share.end()
      },
    },
    now: () => pressureOf({ taking: Math.max(...shares.map((each) => each.share())), waiting: waiting() }),
  }
}
