/** Replays rules over a range of the past: what would have fired, and when. By the very evaluator that runs in a collector, on a store that remembers nothing. */
import type { Notice } from 'tokmeter/core'
import type { Asker } from '../query/asker.js'
import { type AlertStore, Evaluator } from './evaluator.js'
import type { Rows } from './readings.js'
import type { Labels, Rule } from './rule.js'

export type ReplayOptions = {
  readonly rules: readonly Rule[]
  /** Half-open, in epoch milliseconds. */
  readonly range: { readonly start: number; readonly end: number }
  /** Milliseconds from one look to the next: whole minutes, and no more than five, since a look proves no more. */
  readonly stepMs: number
  /** Asks as at a moment. */
  readonly askerAt: (now: number) => Asker
  /** How rows are asked at a look. @default one question for each shape of rules */
  readonly rowsOf?: (asker: Asker) => Rows
  /** Told before each look; what is not asked of the asker is looked at then. */
  readonly beforeLook?: (asker: Asker) => Promise<void>
}

export type Firing = {
  readonly rule: string
  readonly severity: string
  readonly labels: Labels
  /** Epoch milliseconds. */
  readonly firedAt: number
  /** Null where it was firing still at the end. */
  readonly resolvedAt: number | null
  /** What was compared when it fired. */
  readonly value: number | null
  readonly summary: string
}

export type Replayed = {
  /** In the order they fired. */
  readonly firings: readonly Firing[]
  readonly looks: number
  /** Rules that could not be evaluated at some of the looks, and why the first time. */
  readonly failures: readonly { readonly rule: string; readonly looks: number; readonly message: string }[]
}

export async function replay({ rules, range, stepMs, askerAt, rowsOf, beforeLook }: ReplayOptions): Promise<Replayed> {
  const firings: { -readonly [field in keyof Firing]: Firing[field] }[] = []
  const failures = new Map<string, { rule: string; looks: number; message: string }>()
  const evaluator = new Evaluator({
    rules: () => rules,
    delayMs: () => 0,
    channelsOf: () => [],
    ...(rowsOf && { rowsOf }),
    onFailure: (rule, { message }) => {
      if (!failures.has(rule)) failures.set(rule, { rule, looks: 0, message })
    },
  })
  const store: AlertStore = {
    states: { read: async () => new Map(), write: async () => {} },
    recordNotices: async (notices) => {
      for (const notice of notices) take(notice)
    },
  }
  const take = ({ kind, time, alert }: Notice) => {
    const { rule, severity, labels, value, summary } = alert!
    if (kind === 'alert_firing')
      firings.push({ rule, severity, labels, firedAt: time, resolvedAt: null, value, summary })
    const key = JSON.stringify(labels)
    const open = firings.find(
      (one) => one.resolvedAt === null && one.rule === rule && JSON.stringify(one.labels) === key,
    )
    if (kind === 'alert_resolved' && open !== undefined) open.resolvedAt = time
  }
  let looks = 0
  for (let time = range.start; time < range.end; time += stepMs) {
    const asker = askerAt(time)
    await beforeLook?.(asker)
    await evaluator.look({ store, asker })
    for (const rule of evaluator.failing.keys()) failures.get(rule)!.looks++
    looks++
  }
  return { firings, looks, failures: [...failures.values()] }
}
