/** Rules written out as alerting rules of Prometheus. What PromQL cannot say is named in a comment, with the reason. */
import { stringify } from 'yaml'
import { formatDuration } from '../config/quantity.js'
import { labelOf } from './budget-conditions.js'
import type { RuleOptions } from './options.js'
import { type Expressions, expressionsOf, labelOfDimension, type Naming, NotExpressible, quoted } from './promql.js'
import type { Need, Part, Rule } from './rule.js'
import { BURN_WINDOWS } from './rule-kinds.js'

type PrometheusRule = {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly keep_firing_for?: string
  readonly labels: { readonly [label: string]: string }
  readonly annotations: { readonly [name: string]: string }
}

const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** A file of rules in YAML. */
export function prometheusRules(rules: readonly Rule[], naming: Naming): string {
  const written: PrometheusRule[] = []
  const comments: string[] = []
  for (const rule of rules) {
    try {
      written.push(...rule.parts.map((part) => ruleOf(rule, part, naming)))
      const lost = lostOf(rule.options)
      if (lost.length > 0)
        comments.push(`${rule.name}: Prometheus has no ${lost.join(' and no ')}; the rest is written.`)
    } catch (error) {
      if (!(error instanceof NotExpressible)) throw error
      comments.push(`${rule.name} (${rule.kind}) cannot be written for Prometheus: ${error.message}.`)
    }
  }
  const head = [
    `Made by \`tokmeter rules --format prometheus --naming ${naming}\` from the rules of the configuration.`,
    ...(naming === 'page'
      ? ['Names are those of the pages of metrics that the collector and the SDK serve.']
      : ['Names are those Prometheus gives to what it receives by OTLP.']),
    ...comments,
  ]
  const body = stringify({ groups: [{ name: 'tokmeter_rules', rules: written }] }, { lineWidth: 0 })
  return `${head.map((line) => `# ${line.replace(/\s+/g, ' ')}`).join('\n')}\n${body}`
}

function lostOf({ clear, threshold, cooldown }: Rule['options']): string[] {
  return [
    ...(clear !== undefined && clear !== threshold ? ['second threshold (clear)'] : []),
    ...(cooldown > 0 ? ['cooldown'] : []),
  ]
}

function ruleOf({ name, kind, options, timing }: Rule, part: Part, naming: Naming): PrometheusRule {
  const { condition, severity, labels } = part
  const expr =
    kind === 'budget'
      ? usedBudget(options)
      : condition.type === 'measured'
        ? measuredExpression(kind, options, part, naming)
        : undefined
  if (expr === undefined) throw new NotExpressible(`rules of kind ${kind} are not told from metrics`)
  const renamed = new Map(options.groupBy.map((dimension) => [labelOf(dimension), labelOfDimension(dimension, naming)]))
  const text = (template: string) =>
    goTemplate(template, renamed, { ...options.labels, ...labels, severity, rule: name })
  return {
    alert: name,
    expr,
    ...(timing.forMs > 0 && { for: formatDuration(timing.forMs) }),
    ...(timing.keepFiringMs > 0 && { keep_firing_for: formatDuration(timing.keepFiringMs) }),
    labels: { ...options.labels, ...labels, severity },
    annotations: {
      summary: text(options.summary ?? `${name} (${kind})`),
      ...Object.fromEntries(Object.entries(options.annotations).map(([key, template]) => [key, text(template)])),
    },
  }
}

function measuredExpression(
  kind: Rule['kind'],
  options: Rule['options'],
  { condition, labels }: Part,
  naming: Naming,
): string {
  if (condition.type !== 'measured') throw new Error('BUG: only what is measured has needs')
  const needs = condition.needs()
  const expressions = needs.map((need) => expressionsOf(need, naming))
  const [first, second] = expressions as [Expressions, Expressions | undefined]
  switch (kind) {
    case 'absence':
      if (second !== undefined) return `${second.operations} > 0 unless ${first.operations} > 0`
      return `(${first.operations} or vector(0)) == 0`
    case 'burn_rate': {
      const pair = (options.windows ?? BURN_WINDOWS).find(({ long }) => formatDuration(long) === labels['window'])!
      const least = options.minOperations ?? 1
      const both = expressions.map(({ value, operations }, index) => {
        const enough = least > 1 ? ` and ${operations} >= ${least}` : ''
        return `${value} > ${limitOf(options, pair.factor, needs[index]!)}${enough}`
      })
      return both.join(' and ')
    }
    default: {
      const { operator = 'gt', threshold, minOperations } = options
      const compared = `${first.value} ${OPERATORS[kind === 'error_rate' ? 'gt' : operator]} ${threshold}`
      return minOperations === undefined || minOperations <= 1
        ? compared
        : `${compared} and ${first.operations} >= ${minOperations}`
    }
  }
}

/** What is burnt when it burns by the factor: a share of failures. */
function limitOf({ objective }: Rule['options'], factor: number, need: Need): number {
  if (objective !== undefined) return Number((factor * (1 - objective)).toPrecision(12))
  throw new NotExpressible(`money of a budget over ${formatDuration(need.windowMs)} is told by the collector alone`)
}

/** Only the collector's own page tells of budgets, whose ratio has its unit in its name in either naming. */
function usedBudget({ budget = '', threshold = 1 }: Pick<RuleOptions, 'budget' | 'threshold'>): string {
  return `tokmeter_budget_used_ratio{budget=${quoted(budget)}} >= ${threshold}`
}

/** `{{service}}` as Prometheus' templates have it. */
function goTemplate(
  template: string,
  renamed: ReadonlyMap<string, string>,
  fixed: { readonly [name: string]: string },
): string {
  return template.replace(/\{\{\s*(\w{1,100})\s*\}\}/g, (_, name: string) => {
    const label = renamed.get(name)
    if (label !== undefined) return `{{ $labels.${label} }}`
    if (name === 'value') return '{{ $value }}'
    return Object.hasOwn(fixed, name) ? fixed[name]! : ''
  })
}
