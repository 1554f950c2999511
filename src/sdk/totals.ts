/** Running totals of every operation recorded, dropped ones too: in all, by model, by provider. Bounded, since model names come from the wire. */
import type { Operation } from '../operation.js'
import { OTHER } from '../semconv.js'

/** Sums over operations. A sum holds what is known; how much was not known is counted beside it. */
export type Totals = {
  readonly operations: number
  readonly failed: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
  /** Integer nano-dollars (1e-9 USD) of the operations whose cost is known. */
  readonly costNanoDollars: number
  /** Operations whose token usage is not known. Counts all sorts of operation. */
  readonly usageUnknown: number
  /** Operations whose cost is not known. Counts all sorts of operation. */
  readonly costUnknown: number
  /** HTTP requests the clients repeated by themselves. */
  readonly retries: number
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] }

/** Most models, and most providers, that have totals of their own; what comes later is gathered under `_OTHER`. */
const NAMES_LIMIT = 1000

const empty = (): Mutable<Totals> => ({
  operations: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costNanoDollars: 0,
  usageUnknown: 0,
  costUnknown: 0,
  retries: 0,
})

export class RunningTotals {
  readonly #all = empty()
  readonly #byModel = new Map<string, Mutable<Totals>>()
  readonly #byProvider = new Map<string, Mutable<Totals>>()

  add(operation: Operation): void {
    add(this.#all, operation)
    add(named(this.#byModel, operation.responseModel ?? operation.requestModel ?? 'unknown'), operation)
    add(named(this.#byProvider, operation.provider ?? 'unknown'), operation)
  }

  /** Copies: what happens later does not change them. */
  snapshot(): { all: Totals; byModel: { [model: string]: Totals }; byProvider: { [provider: string]: Totals } } {
    return { all: { ...this.#all }, byModel: copy(this.#byModel), byProvider: copy(this.#byProvider) }
  }
}

function named(totals: Map<string, Mutable<Totals>>, name: string): Mutable<Totals> {
  let found = totals.get(name)
  if (found === undefined) {
    if (totals.size >= NAMES_LIMIT && name !== OTHER) return named(totals, OTHER)
    found = empty()
    totals.set(name, found)
  }
  return found
}

function add(totals: Mutable<Totals>, { usage, cost, error, retries }: Operation): void {
  totals.operations++
  if (error !== undefined) totals.failed++
  if (usage === undefined) totals.usageUnknown++
  else {
    totals.inputTokens += usage.inputTokens ?? 0
    totals.outputTokens += usage.outputTokens ?? 0
    totals.cacheReadTokens += usage.cacheReadTokens ?? 0
    totals.cacheWriteTokens += usage.cacheWriteTokens ?? 0
    totals.reasoningTokens += usage.reasoningTokens ?? 0
  }
  if (cost === undefined) totals.costUnknown++
  else totals.costNanoDollars += cost.nanoDollars
  totals.retries += retries ?? 0
}

// Object.fromEntries defines properties, so a model called `__proto__` is a key like any other.
const copy = (totals: Map<string, Totals>) =>
  Object.fromEntries([...totals].map(([name, sums]) => [name, { ...sums }] as const))
