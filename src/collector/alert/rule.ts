/** What a rule is once it is settled: which numbers it needs, and what it says of them. Knows nothing of the store. */
import type { Asker } from '../query/asker.js'
import type { Measure } from '../query/measures.js'
import type { Filter } from '../query/question.js'
import type { Timing, Verdict } from './course.js'
import type { RuleKind, RuleOptions, Severity } from './options.js'

export type Labels = { readonly [label: string]: string }

/** One number of each group over a window. */
export type Need = {
  readonly windowMs: number
  readonly measure: Measure
  readonly filters: readonly Filter[]
  readonly groupBy: readonly string[]
}

/** A number of a group. */
export type Cell = {
  /** Null where there is nothing to tell it from. */
  readonly value: number | null
  /** Operations in the window. */
  readonly operations: number
}

/** What a rule says of a group. */
export type Judgement = {
  readonly verdict: Verdict
  /** What was compared; null where nothing is known. */
  readonly value: number | null
  readonly threshold: number | null
}

export type Observed = Judgement & { readonly labels: Labels }

/** How it is told whether something is wrong: from numbers of the store, or by asking somebody else. */
export type Condition =
  | {
      readonly type: 'measured'
      /** Asked at every look; throws where it cannot be told. */
      readonly needs: () => readonly Need[]
      /** Of a group: a cell for each need. */
      readonly judge: (cells: readonly Cell[]) => Judgement
    }
  | { readonly type: 'observed'; readonly observe: (asker: Asker) => Promise<readonly Observed[]> }

/** A rule is of one part, or of several that fire each for itself: the pairs of windows of a burn rate. */
export type Part = {
  readonly severity: Severity
  /** Labels that tell its alerts from those of other parts. */
  readonly labels: Labels
  readonly condition: Condition
}

export type Rule = {
  readonly name: string
  readonly kind: RuleKind
  /** As it was given; of a rule in code all but its function. */
  readonly options: Omit<RuleOptions, 'kind'>
  readonly timing: Timing
  readonly parts: readonly Part[]
}

/** What a rule in code says of one group; `labels` tell it from others. */
export type CustomResult = {
  readonly isBreached: boolean
  readonly value?: number | null | undefined
  readonly threshold?: number | null | undefined
  readonly labels?: Labels | undefined
}

/** Asked at every look; null: it cannot be told. */
export type CustomPredicate = (
  asker: Asker,
) =>
  | Promise<boolean | null | CustomResult | readonly CustomResult[]>
  | boolean
  | null
  | CustomResult
  | readonly CustomResult[]

/** Names one alert of a rule. */
export function alertKey(rule: string, labels: Labels): string {
  return `${rule} ${JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)))}`
}
