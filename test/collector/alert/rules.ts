/** Rules for the tests of alerts, as they stand in a configuration. */
import { type RuleOptions, ruleOptions } from '../../../src/collector/alert/options.js'
import type { Rule } from '../../../src/collector/alert/rule.js'
import { createRule, type RuleSources } from '../../../src/collector/alert/rules.js'

type Given = { readonly [option: string]: unknown }

/** A rule with its defaults. */
export function ruleOf(given: Given): RuleOptions {
  return ruleOptions.parse(given)
}

export const NO_SOURCES: RuleSources = {
  budgets: { find: () => undefined, statuses: () => [] },
  anomalies: async () => [],
}

export function settled(given: Given, sources: RuleSources = NO_SOURCES): Rule {
  return createRule(ruleOf({ name: 'rule', ...given }), sources)
}
