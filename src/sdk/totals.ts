/** Running totals of every operation recorded, dropped ones too: in all, by model, by provider. Bounded, since model names come from the wire. */
import { BILLABLE_KINDS, operationKind, SPENDING_KINDS } from '../catalogue.js'
import type { Operation } from '../operation.js'
import { OTHER } from '../semconv.js'

/**
 * Sums over operations. A sum holds what is known; how much was not known is counted beside it. Tokens and cost that an agent
 * or workflow run reports are left out: they are those of the calls inside it.
 */
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
  /** Inference and embeddings operations whose token usage is not known. */
  readonly usageUnknown: number
  /** Inference and embeddings operations whose cost is not known. */
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

function add(totals: Mutable<Totals>, { operation, usage, cost, error, retries }: Operation): void {
  totals.operations++
  if (error !== undefined) totals.failed++
  totals.retries += retries ?? 0
  const kind = operationKind(operation)
  if (BILLABLE_KINDS.includes(kind)) {
    if (usage === undefined) totals.usageUnknown++
    if (cost === undefined) totals.costUnknown++
  }
  if (!SPENDING_KINDS.includes(kind)) return
  totals.inputTokens += usage?.inputTokens ?? 0
  totals.outputTokens += usage?.outputTokens ?? 0
  totals.cacheReadTokens += usage?.cacheReadTokens ?? 0
  totals.cacheWriteTokens += usage?.cacheWriteTokens ?? 0
  totals.reasoningTokens += usage?.reasoningTokens ?? 0
  totals.costNanoDollars += cost?.nanoDollars ?? 0
}

// Object.fromEntries defines properties, so a model called `__proto__` is a key like any other.
const copy = (totals: Map<string, Totals>) =>
  Object.fromEntries([...totals].map(([name, sums]) => [name, { ...sums }] as const))
