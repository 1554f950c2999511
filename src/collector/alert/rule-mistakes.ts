/** What is wrong with a rule that every single option of it allows: what its kind needs and has no use for, and names that mean nothing. */
import { DIMENSIONS } from '../query/dimensions.js'
import { InvalidQuestion } from '../query/invalid-question.js'
import { compile } from '../query/question.js'
import type { RuleKind, RuleOptions } from './options.js'

type Given = Omit<RuleOptions, 'kind'>
type Option = keyof Given

export type RuleMistake = { readonly option: readonly (string | number)[]; readonly message: string }

/** By kind: what it needs, and what else it takes of what others need. */
const OPTIONS: {
  readonly [kind in RuleKind]: { readonly needs: readonly Option[]; readonly takes: readonly Option[] }
} = {
  threshold: { needs: ['field', 'aggregation', 'threshold', 'window'], takes: ['operator', 'clear', 'minOperations'] },
  error_rate: { needs: ['threshold', 'window'], takes: ['clear', 'minOperations'] },
  budget: { needs: ['budget', 'threshold'], takes: ['clear'] },
  burn_rate: { needs: [], takes: ['objective', 'budget', 'windows', 'minOperations'] },
  anomaly: { needs: [], takes: ['types', 'least'] },
  absence: { needs: ['window'], takes: ['lookback'] },
  custom: { needs: [], takes: [] },
}
const SPECIAL: readonly Option[] = [
  ...new Set(Object.values(OPTIONS).flatMap(({ needs, takes }) => [...needs, ...takes])),
]
const MINUTE = 60_000

/** Mistakes of one rule; `option` is the way to it from the rule. */
export function* mistakesOfRule(rule: Given & { readonly kind: RuleKind }): Generator<RuleMistake> {
  const { kind } = rule
  const { needs, takes } = OPTIONS[kind]
  const missing = needs.filter((option) => rule[option] === undefined)
  for (const option of missing)
    yield { option: [option], message: `is missing: a rule of kind ${kind} needs ${needs.join(', ')}` }
  const others = [...needs, ...takes]
  for (const option of SPECIAL) {
    if (rule[option] === undefined || others.includes(option)) continue
    const allowed = others.length === 0 ? 'has none of its own' : `has ${others.join(', ')}`
    yield { option: [option], message: `does not belong to a rule of kind ${kind}, which ${allowed}` }
  }
  if (missing.length > 0) return
  yield* windowMistakes(rule)
  if (kind === 'burn_rate' && (rule.objective === undefined) === (rule.budget === undefined))
    yield { option: ['objective'], message: 'or budget: a rule of kind burn_rate needs one of them, and not both' }
  if (kind === 'threshold' || kind === 'error_rate') yield* clearMistakes(rule)
  yield* nameMistakes(rule)
}

function* windowMistakes({
  kind,
  window,
  lookback,
  windows,
}: Given & { readonly kind: RuleKind }): Generator<RuleMistake> {
  const isWhole = (ms: number | undefined) => ms === undefined || ms % MINUTE === 0
  const message = 'must be whole minutes: rules look at what is summed up by the minute'
  if (!isWhole(window)) yield { option: ['window'], message }
  if (!isWhole(lookback)) yield { option: ['lookback'], message }
  if (kind === 'absence' && window !== undefined && lookback !== undefined && lookback <= window)
    yield { option: ['lookback'], message: 'must be longer than window: it is where the groups are known from' }
  for (const [index, { long, short }] of (windows ?? []).entries()) {
    if (!isWhole(long)) yield { option: ['windows', index, 'long'], message }
    if (!isWhole(short)) yield { option: ['windows', index, 'short'], message }
    if (short >= long) yield { option: ['windows', index, 'short'], message: 'must be shorter than long' }
    if ((windows ?? []).findIndex((one) => one.long === long) < index)
      yield { option: ['windows', index, 'long'], message: 'stands there twice: alerts are told apart by it' }
  }
}

function* clearMistakes({ operator = 'gt', threshold, clear }: Given): Generator<RuleMistake> {
  if (threshold === undefined || clear === undefined) return
  const isUpper = operator === 'gt' || operator === 'gte'
  if (isUpper ? clear > threshold : clear < threshold)
    yield {
      option: ['clear'],
      message: `must not be ${isUpper ? 'above' : 'below'} threshold: it is where the alert is over`,
    }
}

const KEPT = { '1m': 36_500, '5m': 36_500, '1h': 36_500, '1d': 36_500 }
const NOW = 1_700_000_000_000
/** How the question calls what a rule calls otherwise. */
const PLACES: { readonly [field: string]: readonly string[] } = { group_by: ['groupBy'], metrics: ['field'] }

/** Names of dimensions and measures are those of the query API: it is asked whether it knows them. */
function* nameMistakes(rule: Given & { readonly kind: RuleKind }): Generator<RuleMistake> {
  const { groupBy, filters, field = 'operations', aggregation = 'count', kind } = rule
  // Which operations a budget is of it says itself.
  if (kind === 'custom' || kind === 'budget' || (kind === 'burn_rate' && rule.budget !== undefined)) {
    for (const option of ['filters', 'groupBy'] as const)
      if (rule[option].length > 0) yield { option: [option], message: `does not belong to a rule of kind ${kind}` }
    return
  }
  if (kind === 'anomaly' && groupBy.length > 1)
    yield { option: ['groupBy'], message: 'may name one dimension: anomalies are told apart by one' }
  const isRaw = (name: string) => DIMENSIONS.find((one) => one.name === name)?.isRaw ?? name.startsWith('tag:')
  if (kind === 'anomaly' && groupBy.some(isRaw))
    yield {
      option: ['groupBy'],
      message: 'must be of the rollups: of identities and tags nothing is remembered for weeks',
    }
  try {
    compile(
      {
        range: { start: NOW - MINUTE, end: NOW },
        measures: [{ field, aggregation, alias: 'value' }],
        groupBy,
        filters: filters.map(({ dimension, operator, value }) => ({ dimension, operator, value })),
        having: [],
        limit: 1,
        offset: 0,
      },
      { table: (name) => name, kept: KEPT, now: NOW },
    )
  } catch (error) {
    if (!(error instanceof InvalidQuestion)) throw error
    const [, place = '', index] = /^(\w+)(?:\[(\d+)\])?/.exec(error.field) ?? []
    const option = [
      ...(PLACES[place] ?? [place]),
      ...(index !== undefined && place === 'filters' ? [Number(index)] : []),
    ]
    const words = error.message.replace(error.field, '').trim()
    yield { option: option.length > 0 ? option : ['field'], message: words }
  }
}
