/** The positions and counts of the queue: one record, written with every group, and what a directory without one begins with. */

import type { Signal } from '../batch.js'
import { type Counts, type ForwardDropReason, noCounts, noTargetCounts, SIGNALS } from '../ledger.js'
import type { Entries } from './entries.js'

/** Where a target of forwarding stands among the bodies. */
export type TargetState = {
  /** All bodies before this position are done with. */
  cursor: number
  /** Bodies from the cursor on that are done with, out of order. */
  readonly settled: number[]
  /** For each signal it takes the position from which on: it gets nothing that was accepted before it was there. */
  readonly from: { [signal in Signal]?: number }
  /** What waits for it. Counted anew when the directory is opened. */
  items: number
  bytes: number
}

export type QueueState = {
  /** Operations before this position are done with. */
  firstOperations: number
  nextOperations: number
  nextBody: number
  /** The run that the store was handed: from the first position to before the second. It is the same again after a crash. */
  handedOut: { readonly from: number; readonly to: number } | null
  /** What waits for the store. Counted anew when the directory is opened. */
  operationsInQueue: number
  operationBytes: number
  /** Ids that are remembered: what is read of them when the directory is opened has to be as many. Missing in directories of before. */
  seenIds?: number
  readonly counts: Counts
  readonly targets: { [name: string]: TargetState }
}

export const initialState = (): QueueState => ({
  firstOperations: 0,
  nextOperations: 0,
  nextBody: 0,
  handedOut: null,
  operationsInQueue: 0,
  operationBytes: 0,
  seenIds: 0,
  counts: noCounts(),
  targets: {},
})

export type TargetLimits = {
  readonly name: string
  readonly signals: readonly Signal[]
  /** Most bytes of bodies that wait for it; beyond, the oldest are dropped. */
  readonly maxBytes: number
}

/** Targets that were taken out of the configuration and whose counts are kept. */
const FORMER_TARGETS = 100

/** Whether a body is still to be sent to a target. */
export function isWanted(target: TargetState, bodies: Entries, position: number): boolean {
  const from = target.from[SIGNALS[bodies.kind(position)]!]
  return from !== undefined && position >= from && position >= target.cursor && !target.settled.includes(position)
}

/** Gives a body, which is among the bodies already, to the targets that take its signal; returns whether any does. */
export function offerBody(
  state: QueueState,
  bodies: Entries,
  position: number,
  limits: ReadonlyMap<string, TargetLimits>,
): void {
  for (const [name, { maxBytes }] of limits) {
    const target = state.targets[name]!
    if (isWanted(target, bodies, position)) {
      const { bytes, items } = bodies.at(position)
      state.counts.forward[name]!.accepted += items
      target.items += items
      target.bytes += bytes
    }
    advance(target, bodies)
    while (target.bytes > maxBytes) drop(state, name, bodies, target.cursor, 'queue_full')
  }
}

/** A body was sent to a target, which rejected so many of its items. Nothing when it was dropped meanwhile. */
export function countSent(state: QueueState, name: string, bodies: Entries, position: number, rejected: number): void {
  const items = settle(state, name, bodies, position)
  const counts = state.counts.forward[name]
  if (items === undefined || counts === undefined) return
  const known = Math.min(Math.max(rejected, 0), items)
  counts.rejected += known
  counts.sent += items - known
}

export function drop(
  state: QueueState,
  name: string,
  bodies: Entries,
  position: number,
  reason: ForwardDropReason,
): void {
  const items = settle(state, name, bodies, position)
  if (items !== undefined) state.counts.forward[name]!.dropped[reason] += items
}

/** Takes a body from what waits for a target, and returns its items; undefined when it does not wait. */
function settle(state: QueueState, name: string, bodies: Entries, position: number): number | undefined {
  const target = state.targets[name]
  if (target === undefined || position < target.cursor || !isWanted(target, bodies, position)) return undefined
  const { bytes, items } = bodies.at(position)
  target.items -= items
  target.bytes -= bytes
  target.settled.push(position)
  advance(target, bodies)
  return items
}

/** Moves the cursor over what is done with, and over what the target does not take. */
function advance(target: TargetState, bodies: Entries): void {
  let { cursor } = target
  while (cursor < bodies.next) {
    const settled = target.settled.indexOf(cursor)
    if (settled >= 0) target.settled.splice(settled, 1)
    else if (isWanted(target, bodies, cursor)) break
    cursor++
    target.cursor = cursor
  }
}

/** Before this position no body is needed any more. */
export function firstNeeded(state: QueueState, bodies: Entries): number {
  return Object.values(state.targets).reduce((first, { cursor }) => Math.min(first, cursor), bodies.next)
}

/**
 * Makes the targets those of the configuration. A new one begins at the end; what waits for one that is gone, or for a signal that
 * is gone, is dropped.
 */
export function configureTargets(state: QueueState, bodies: Entries, limits: ReadonlyMap<string, TargetLimits>): void {
  for (const [name, target] of Object.entries(state.targets)) {
    const signals = limits.get(name)?.signals ?? []
    for (let position = target.cursor; position < bodies.next; position++) {
      if (signals.includes(SIGNALS[bodies.kind(position)]!) || !isWanted(target, bodies, position)) continue
      const { bytes, items } = bodies.at(position)
      target.items -= items
      target.bytes -= bytes
      state.counts.forward[name]!.dropped.removed += items
    }
    for (const signal of SIGNALS) if (!signals.includes(signal)) delete target.from[signal]
    if (limits.has(name)) advance(target, bodies)
    else delete state.targets[name]
  }
  for (const [name, { signals }] of limits) {
    state.counts.forward[name] ??= noTargetCounts()
    state.targets[name] ??= { cursor: bodies.next, settled: [], from: {}, items: 0, bytes: 0 }
    for (const signal of signals) state.targets[name].from[signal] ??= bodies.next
  }
  const former = Object.keys(state.counts.forward).filter((name) => !limits.has(name))
  for (const name of former.slice(0, -FORMER_TARGETS)) delete state.counts.forward[name]
}

/** Counts what waits from the entries that are there. */
export function recount(state: QueueState, operations: Entries, bodies: Entries): void {
  state.operationsInQueue = 0
  state.operationBytes = 0
  for (let position = operations.first; position < operations.next; position++) {
    const { bytes, items } = operations.at(position)
    state.operationsInQueue += items
    state.operationBytes += bytes
  }
  for (const target of Object.values(state.targets)) {
    target.items = 0
    target.bytes = 0
    for (let position = target.cursor; position < bodies.next; position++) {
      if (!isWanted(target, bodies, position)) continue
      const { bytes, items } = bodies.at(position)
      target.items += items
      target.bytes += bytes
    }
  }
}
