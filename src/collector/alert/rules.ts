/** Settles rules: of every option what it means, of every rule its parts. */
import type { Asker } from '../query/asker.js'
import { burntBudget, type KnownBudgets, usedBudget } from './budget-conditions.js'
import { customCondition } from './custom.js'
import type { RuleOptions } from './options.js'
import type { CustomPredicate, Observed, Part, Rule } from './rule.js'
import { absencePart, burnRateParts, burntObjective, errorRatePart, thresholdPart } from './rule-kinds.js'

/** A rule of a module of the user's: like those of the configuration, or one that asks a function. */
export type RuleInCode =
  | RuleOptions
  | (Omit<RuleOptions, 'kind'> & { readonly kind: 'custom'; readonly evaluate: CustomPredicate })

/** What rules ask beside the store. */
export type RuleSources = {
  readonly budgets: KnownBudgets
  /** What is unusual now. */
  readonly anomalies: (options: Omit<RuleOptions, 'kind'>, asker: Asker) => Promise<readonly Observed[]>
}

export function createRule(given: RuleInCode, sources: RuleSources): Rule {
  const { for: forMs, keepFiring: keepFiringMs, cooldown: cooldownMs, name, kind } = given
  return { name, kind, options: given, timing: { forMs, keepFiringMs, cooldownMs }, parts: partsOf(given, sources) }
}

function partsOf(given: RuleInCode, { budgets, anomalies }: RuleSources): Part[] {
  const { severity } = given
  const only = (part: Omit<Part, 'severity' | 'labels'>): Part[] => [{ severity, labels: {}, ...part }]
  switch (given.kind) {
    case 'threshold':
      return only(thresholdPart(given))
    case 'error_rate':
      return only(errorRatePart(given))
    case 'absence':
      return only(absencePart(given))
    case 'budget':
      return only({ condition: usedBudget(given, budgets) })
    case 'burn_rate':
      return burnRateParts(
        given,
        given.objective === undefined ? burntBudget(given, budgets) : burntObjective(given, given.objective),
      )
    case 'anomaly':
      return only({ condition: { type: 'observed', observe: (asker) => anomalies(given, asker) } })
    case 'custom':
      return only({ condition: customCondition(given.evaluate) })
  }
}
