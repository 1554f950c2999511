/** Rules in code: `alertRules` of the module of the user's. Every mistake names the file and the rule. */
import { z } from 'zod'
import { RULE_KINDS, ruleOptions } from './options.js'
import type { CustomPredicate } from './rule.js'
import { mistakesOfRule } from './rule-mistakes.js'
import type { RuleInCode } from './rules.js'

const inCode = ruleOptions.extend({ kind: z.enum([...RULE_KINDS, 'custom']) })

/** The rules that a module exports, checked; none where it exports none. Throws an Error that names what is wrong. */
export function rulesOfModule(file: string, exported: { readonly [name: string]: unknown }): RuleInCode[] {
  const given = exported['alertRules'] ?? (exported['default'] as { alertRules?: unknown } | undefined)?.alertRules
  if (given === undefined) return []
  const fail = (message: string): never => {
    throw new Error(`cannot take alertRules from ${file}: ${message}`)
  }
  if (!Array.isArray(given)) return fail('it must be an array of rules')
  const rules = given.map((one: unknown, index): RuleInCode => {
    const at = `alertRules[${index}]`
    if (typeof one !== 'object' || one === null) return fail(`${at} is no rule`)
    const { evaluate, ...fields } = one as { evaluate?: unknown }
    const { data, error } = inCode.safeParse(fields)
    if (data === undefined) {
      const [issue] = error.issues
      return fail(`${at}${issue!.path.map((step) => `.${String(step)}`).join('')} is wrong: ${issue!.message}`)
    }
    const [mistake] = mistakesOfRule(data)
    if (mistake !== undefined) return fail(`${at}.${mistake.option.join('.')} ${mistake.message}`)
    if ((data.kind === 'custom') !== (typeof evaluate === 'function'))
      return fail(`${at}.evaluate ${data.kind === 'custom' ? 'must be a function' : 'is of rules of kind custom'}`)
    return (data.kind === 'custom' ? { ...data, evaluate: evaluate as CustomPredicate } : data) as RuleInCode
  })
  const twice = rules.find(({ name }, index) => rules.findIndex((one) => one.name === name) < index)
  if (twice !== undefined) return fail(`two rules are named ${twice.name}`)
  return rules
}
