/** How a budget stands at a moment: what is spent, left and to be expected, and how near its end it is. Pure arithmetic. */
import type { TimeRange } from '../query/time-range.js'
import type { Budget } from './budget.js'

export const RISK_LEVELS = ['low', 'medium', 'high', 'critical', 'exhausted'] as const
export type RiskLevel = (typeof RISK_LEVELS)[number]

/** Percentages of the limit each level begins at. */
const BEGINS_AT: { readonly [level in RiskLevel]: number } = {
  low: 0,
  medium: 50,
  high: 80,
  critical: 95,
  exhausted: 100,
}

/** What was spent in a period, of one budget or of one value of its `per`. */
export type Spending = {
  readonly value?: string | undefined
  /** Integer nano-dollars; null where nothing of it is priced. */
  readonly spent: bigint | null
  /** Calls of a model. */
  readonly calls: number
  /** Calls whose cost is known. */
  readonly priced: number
}

export type BudgetStatus = Spending & {
  readonly budget: Budget
  /** The period, half-open. */
  readonly window: TimeRange
  /** Epoch milliseconds of the moment this is true for. */
  readonly evaluatedAt: number
  /** Nano-dollars; negative where more was spent than the limit. */
  readonly remaining: bigint | null
  /** Share of the limit that is spent. */
  readonly used: number | null
  readonly riskLevel: RiskLevel | null
  /** How many times as fast as the limit allows it is being spent: 1 ends with the period. */
  readonly burnRate: number | null
  /** Nano-dollars that will have been spent by the end of the period. */
  readonly projected: bigint | null
  /** Milliseconds from then until nothing is left, 0 where nothing is; null where it cannot be told, or is not in this period. */
  readonly exhaustedInMs: number | null
  /** Whether all of the period is kept that long; what is gone is not in what was spent. */
  readonly isComplete: boolean
}

/** How burn rate, projection and exhaustion are told. */
export const METHOD =
  'at the mean rate since the period began, once a hundredth of the period has passed or half of the limit is spent'
/** Before that the rate is that of a few calls. */
const LEAST_ELAPSED = 0.01

type Moment = { readonly window: TimeRange; readonly now: number; readonly isComplete: boolean }

export function statusOf(budget: Budget, spending: Spending, { window, now, isComplete }: Moment): BudgetStatus {
  const { limit } = budget
  const { spent } = spending
  const length = window.end - window.start
  const elapsed = Math.floor(Math.min(now, window.end) - window.start)
  const isTellable =
    spent !== null && elapsed > 0 && (elapsed >= LEAST_ELAPSED * length || hasReached(spent, limit, BEGINS_AT.medium))
  const projected = isTellable ? (spent * BigInt(length)) / BigInt(elapsed) : null
  const used = spent === null ? null : Number(spent) / Number(limit)
  return {
    ...spending,
    budget,
    window,
    evaluatedAt: now,
    remaining: spent === null ? null : limit - spent,
    used,
    riskLevel: spent === null ? null : RISK_LEVELS.findLast((level) => hasReached(spent, limit, BEGINS_AT[level]))!,
    burnRate: isTellable ? used! / (elapsed / length) : null,
    projected,
    exhaustedInMs: exhaustionOf(spent, limit, isTellable ? elapsed : undefined, window.end - now),
    isComplete,
  }
}

/** Whether so much of the limit is spent; exact. */
export function hasReached(spent: bigint, limit: bigint, percent: number): boolean {
  return spent * 100n >= limit * BigInt(percent)
}

function exhaustionOf(spent: bigint | null, limit: bigint, elapsed: number | undefined, left: number): number | null {
  if (spent === null) return null
  if (spent >= limit) return 0
  if (elapsed === undefined || spent <= 0n) return null
  const inMs = Number(((limit - spent) * BigInt(elapsed)) / spent)
  return inMs < left ? inMs : null
}
