/** All budgets, of the configuration and of the API, and how each of them stands: looked at with the store every so often, and whenever somebody asks. */
import type { Asker } from '../query/asker.js'
import type { TimeRange } from '../query/time-range.js'
import type { RetentionDays } from '../store/schema.js'
import type { States } from '../store/states.js'
import { type Budget, digestOf, keptDaysFor } from './budget.js'
import { Crossings, type Journal } from './crossings.js'
import { budgetOf, DEFINITION, definitionOf } from './definition.js'
import { periodAt } from './period.js'
import { type Shape, shapesOf, spendingsOf } from './spending.js'
import { type BudgetStatus, statusOf } from './status.js'

/** What is wanted of the store. */
export type BudgetStore = Journal & { readonly states: Pick<States, 'read' | 'write'> }

export type BudgetsOptions = {
  /** Days each tier is kept. */
  readonly kept: () => RetentionDays
  /** Told of a budget in the store that cannot be read; once. */
  readonly onUnreadable?: (name: string, cause: Error) => void
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** Milliseconds of a clock that only goes on. @default performance.now */
  readonly clock?: () => number
}

/** How a budget stood when it was last looked at. */
export type BudgetEvaluation = {
  readonly budget: Budget
  /** The one there is, or one for each value of `per`, the largest first; undefined until it was looked at. */
  readonly statuses?: readonly BudgetStatus[]
  /** There are more values of `per` than are told. */
  readonly hasMore: boolean
}

type Looked = {
  readonly window: TimeRange
  readonly evaluations: ReadonlyMap<string, Omit<BudgetEvaluation, 'budget'>>
  readonly at: number
  readonly tookMs: number
}

/** The kind of their states. */
const KIND = 'budget'
const DAY_MS = 86_400_000
/** A period that is over is looked at for so long: what was spent at its end comes when senders have sent it. */
const LATE_MS = 15 * 60_000
/** A question is asked again when so many times of what it took have passed: it takes a twentieth of the engine's time at most. */
const REST = 20

export class Budgets {
  readonly #options: BudgetsOptions
  readonly #crossings = new Crossings()
  readonly #unreadable = new Set<string>()
  readonly #current = new Map<string, Looked>()
  readonly #late = new Map<string, Looked>()
  #configured: readonly Budget[] = []
  #made: readonly Budget[] = []
  #evaluating: Promise<unknown> = Promise.resolve()

  constructor(options: BudgetsOptions) {
    this.#options = options
  }

  /** Those of the configuration from now on. They hide others of their names. */
  configure(budgets: readonly Budget[]): void {
    this.#configured = budgets
  }

  /** Every budget there is, by name. */
  all(): Budget[] {
    const configured = new Set(this.#configured.map(({ name }) => name))
    const made = this.#made.filter(({ name }) => !configured.has(name))
    return [...this.#configured, ...made].sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  find(name: string): Budget | undefined {
    return this.all().find((budget) => budget.name === name)
  }

  /** How each stood when it was last looked at, in the period that is going on. Asks nobody. */
  evaluations(): BudgetEvaluation[] {
    const now = (this.#options.now ?? Date.now)()
    const looked = [...this.#current.values()].filter(({ window }) => window.end > now)
    const known = new Map(looked.flatMap(({ evaluations }) => [...evaluations]))
    return this.all().map((budget) => ({ budget, ...(known.get(identityOf(budget)) ?? { hasMore: false }) }))
  }

  /** The same as one list, without budgets that were not looked at yet: what alerts and metrics are told from. */
  statuses(): BudgetStatus[] {
    return this.evaluations().flatMap(({ statuses = [] }) => statuses)
  }

  /** What is done at each look at the store: evaluates, and tells thresholds that are reached. */
  async look({ store, asker }: { readonly store: BudgetStore; readonly asker: Asker }): Promise<void> {
    await this.refresh(store)
    const before = ({ period }: Budget) => periodAt(period, periodAt(period, asker.now).start - 1)
    const late = this.all().filter((budget) => asker.now - before(budget).end < LATE_MS)
    const failures: unknown[] = []
    await this.evaluate(asker).catch((error) => failures.push(error))
    await this.#lookAt(this.#late, shapesOf(late, before), asker).catch((error) => failures.push(error))
    const ofLate = [...this.#late.values()].flatMap(({ evaluations }) => [...evaluations.values()])
    const statuses = [...ofLate.flatMap(({ statuses = [] }) => statuses), ...this.statuses()]
    await this.#crossings.tell(statuses, store, asker)
    if (failures.length > 0) throw failures[0]
  }

  /** Reads the budgets of the API, which any collector on the store may have changed. */
  async refresh({ states }: Pick<BudgetStore, 'states'>): Promise<void> {
    const made: Budget[] = []
    for (const [name, value] of await states.read(KIND)) {
      const { data, error } = DEFINITION.safeParse(value)
      if (data !== undefined) made.push(budgetOf(name, data))
      else if (!this.#unreadable.has(name)) this.#options.onUnreadable?.(name, error)
      if (data === undefined) this.#unreadable.add(name)
    }
    this.#made = made
  }

  /** Keeps a budget in the store, in the place of one of its name; `undefined` removes it. */
  async put(name: string, budget: Budget | undefined, { states }: Pick<BudgetStore, 'states'>): Promise<void> {
    await states.write(KIND, [[name, budget === undefined ? undefined : definitionOf(budget)]])
    await this.refresh({ states })
  }

  /** Looks at all budgets, but at those that take long only as often as the engine can bear. */
  evaluate(asker: Asker): Promise<void> {
    const evaluating = this.#evaluating.then(() =>
      this.#lookAt(
        this.#current,
        shapesOf(this.all(), ({ period }) => periodAt(period, asker.now)),
        asker,
      ),
    )
    // Whoever waits behind it is told of failures of its own.
    this.#evaluating = evaluating.catch(() => {})
    return evaluating
  }

  /** One after the other: others have questions too. One that fails leaves the others their answers. */
  async #lookAt(memory: Map<string, Looked>, shapes: readonly Shape[], asker: Asker): Promise<void> {
    const keys = new Set(shapes.map(({ key }) => key))
    for (const key of memory.keys()) if (!keys.has(key)) memory.delete(key)
    const failures: unknown[] = []
    for (const shape of shapes) {
      if (this.#isFresh(memory.get(shape.key), shape, asker.now)) continue
      try {
        memory.set(shape.key, await this.#looked(shape, asker))
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  #isFresh(looked: Looked | undefined, { budgets }: Shape, now: number): boolean {
    if (looked === undefined || looked.evaluations.size !== budgets.length) return false
    const age = now - looked.at
    const isRested = age >= REST * looked.tookMs
    return age >= 0 && !isRested && budgets.every((budget) => looked.evaluations.has(identityOf(budget)))
  }

  async #looked(shape: Shape, asker: Asker): Promise<Looked> {
    const clock = this.#options.clock ?? (() => performance.now())
    const began = clock()
    const spendings = await spendingsOf(shape, asker)
    const tookMs = clock() - began
    const { window, budgets } = shape
    const keptDays = this.#options.kept()
    const evaluations = budgets.map((budget, index) => {
      const isComplete = window.start >= asker.now - keptDaysFor(budget, keptDays) * DAY_MS
      const { spendings: own, hasMore } = spendings[index]!
      const statuses = own.map((spending) => statusOf(budget, spending, { window, now: asker.now, isComplete }))
      return [identityOf(budget), { statuses, hasMore }] as const
    })
    return { window, evaluations: new Map(evaluations), at: asker.now, tookMs }
  }
}

/** Another one where anything of it is another. */
function identityOf(budget: Budget): string {
  return [budget.name, budget.source, digestOf(budget), ...budget.thresholds].join('/')
}
