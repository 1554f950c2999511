/** Puts labels and numbers into the texts of a rule: `{{service}} fails: {{value}}`. Values come from outside, and are cut, never read again. */
import type { RuleOptions } from './options.js'
import type { Judgement, Labels } from './rule.js'

const LONGEST_VALUE = 200
const LONGEST_TEXT = 4096

export type Facts = { readonly rule: string; readonly severity: string; readonly labels: Labels } & Pick<
  Judgement,
  'value' | 'threshold'
>

/** What no label is called so is left as it stands. */
export function worded(template: string, { rule, severity, labels, value, threshold }: Facts): string {
  const known: { readonly [name: string]: string } = {
    rule,
    severity,
    value: shownNumber(value),
    threshold: shownNumber(threshold),
  }
  return template
    .replace(/\{\{\s*(\w{1,100})\s*\}\}/g, (whole, name: string) => {
      const found = Object.hasOwn(labels, name) ? labels[name] : Object.hasOwn(known, name) ? known[name] : undefined
      return found === undefined ? whole : plain(found).slice(0, LONGEST_VALUE)
    })
    .slice(0, LONGEST_TEXT)
}

/** The summary of a rule that has none. */
export function summaryOf(
  { summary, kind }: Pick<RuleOptions, 'summary'> & { readonly kind: string },
  facts: Facts,
): string {
  if (summary !== undefined) return worded(summary, facts)
  const of = Object.entries(facts.labels).map(([name, value]) => `${name}=${value}`)
  const numbers =
    facts.threshold === null ? '' : `: ${shownNumber(facts.value)}, threshold ${shownNumber(facts.threshold)}`
  return plain(`${facts.rule} (${kind})${of.length === 0 ? '' : ` of ${of.join(', ')}`}${numbers}`).slice(
    0,
    LONGEST_TEXT,
  )
}

export function shownNumber(value: number | null): string {
  if (value === null) return 'unknown'
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
}

/** In one line, without what would move a cursor or turn the direction of a text. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
}
