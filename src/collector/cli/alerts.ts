/** `tokmeter alerts test`: replays the rules of a configuration over a range of the past, and shows what would have fired. */
import type { Replayed } from '../alert/replay.js'
import type { Rule } from '../alert/rule.js'
import { budgetsOf } from '../config/budget-settings.js'
import { parseDuration } from '../config/quantity.js'
import { keptDaysOf, type StoreSettings, storeSettings } from '../config/store-settings.js'
import type { Config } from '../config.js'
import type { Asker } from '../query/asker.js'
import type { Store } from '../store/store.js'
import { answerText } from './answer-text.js'
import { ASKING_OPTIONS, askCollector, formatOf } from './asking.js'
import { type Command, type Given, isGiven, type Terminal, textOf, WrongUse } from './command.js'
import { DATA_OPTIONS, loadGiven } from './config-options.js'

export type AlertsOptions = { readonly openStore: (settings: StoreSettings) => Promise<Store> }

const MINUTE = 60_000
const LONGEST_STEP = 5 * MINUTE
/** Looks of one replay. */
const MOST_LOOKS = 20_000

export function createAlerts({ openStore }: AlertsOptions): Command {
  return {
    name: 'alerts',
    summary: 'replay the rules of alerts over the past: what would have fired, and when',
    operands: 'test',
    operandLimit: 1,
    options: {
      ...DATA_OPTIONS,
      ...ASKING_OPTIONS,
      stored: {
        type: 'boolean',
        description: 'ask the store of the configuration itself, while no collector runs on it',
      },
      from: { type: 'string', value: 'time', description: 'such as 2026-01-31 or 2026-01-31T12:00Z' },
      to: { type: 'string', value: 'time', description: 'default: now' },
      last: {
        type: 'string',
        value: 'duration',
        description: 'instead of --from: how long before --to (default: 24h)',
      },
      step: {
        type: 'string',
        value: 'duration',
        description: 'from look to look, 1m to 5m (default: 1m up to 6h, else 5m)',
      },
      format: {
        type: 'string',
        short: 'f',
        value: 'format',
        description: 'table or json (default: table on a terminal, else json)',
      },
    },
    details: [
      'Example: tokmeter alerts test --config tokmeter.yaml --last 7d',
      '',
      'Asks a running collector (--url) as `tokmeter query` does, or with --stored the store itself. A collector is not asked',
      'for budgets and anomalies of the past, nor by rules of kind custom that ask for more than rows: with --stored they are replayed too.',
      'Times are the ends of windows: a collector looks some seconds later (alerts.delay). Exit code 1 when a rule could not be evaluated.',
    ].join('\n'),

    async run(given, terminal) {
      const [operand] = given.operands
      if (operand !== 'test') throw new WrongUse('say what is to be done: tokmeter alerts test')
      const format = formatOf(given, ['table', 'json'], terminal.output.isTTY === true)
      const { config } = loadGiven(given)
      const range = await rangeGiven(given)
      const stepMs = stepOf(given, range)
      const replayed = isGiven(given, 'stored')
        ? await fromStore(await openStore(storeSettings(config)), config, range, stepMs)
        : await fromCollector(given, config, range, stepMs)
      show(replayed, { range, stepMs, format }, terminal)
      return replayed.failures.length > 0 ? 1 : 0
    },
  }
}

type Range = { readonly start: number; readonly end: number }

async function rangeGiven(given: Given): Promise<Range> {
  const { rangeOf } = await import('../query/time-range.js')
  try {
    const last = textOf(given, 'last')
    const times = { start_time: textOf(given, 'from'), end_time: textOf(given, 'to'), last }
    const { start, end } = rangeOf(times, Date.now())
    return { start: Math.ceil(start / MINUTE) * MINUTE, end }
  } catch (error) {
    throw new WrongUse((error as Error).message.replace('start_time', '--from').replace('end_time', '--to'))
  }
}

function stepOf(given: Given, { start, end }: Range): number {
  const text = textOf(given, 'step')
  const step = text === undefined ? (end - start <= 6 * 60 * MINUTE ? MINUTE : LONGEST_STEP) : parseDuration(text)
  if (step === undefined || step < MINUTE || step > LONGEST_STEP || step % MINUTE !== 0)
    throw new WrongUse(`--step must be whole minutes from 1m to 5m; got ${text}`)
  if ((end - start) / step > MOST_LOOKS)
    throw new WrongUse(`this makes more than ${MOST_LOOKS} looks: replay a shorter range`)
  return step
}

/** Rules of the configuration and of the module, with what they ask. */
async function rulesOf(
  config: Config,
  sources: Parameters<typeof import('../alert/rules.js')['createRule']>[1],
): Promise<Rule[]> {
  const [{ createRule }, { loadUserModule }] = await Promise.all([
    import('../alert/rules.js'),
    import('../user-module.js'),
  ])
  const { rulesInCode } = await loadUserModule(config.views)
  const rules = [...config.alerts.rules, ...rulesInCode]
  if (rules.length === 0) throw new Error('the configuration has no rules (alerts.rules)')
  return rules.map((rule) => createRule(rule, sources))
}

async function fromStore(store: Store, config: Config, range: Range, stepMs: number): Promise<Replayed> {
  try {
    const { createAsker } = await import('../query/asker.js')
    const { Budgets } = await import('../budget/budgets.js')
    const { createAnomalySource } = await import('../alert/anomaly-condition.js')
    const { replay } = await import('../alert/replay.js')
    let now = range.start
    const kept = keptDaysOf(config)
    // Every look has a period of its own to be looked at.
    const budgets = new Budgets({ kept: () => kept, now: () => now, clock: () => 0 })
    budgets.configure(budgetsOf(config))
    await budgets.refresh(store)
    const rules = await rulesOf(config, { budgets, anomalies: createAnomalySource(() => config.anomalies) })
    return await replay({
      rules,
      range,
      stepMs,
      askerAt: (time) => createAsker(store, { kept, now: time }),
      async beforeLook(asker) {
        now = asker.now
        if (rules.some(({ kind }) => kind === 'budget')) await budgets.evaluate(asker)
      },
    })
  } finally {
    await store.close()
  }
}

async function fromCollector(given: Given, config: Config, range: Range, stepMs: number): Promise<Replayed> {
  const { replay } = await import('../alert/replay.js')
  const onlyStored = (what: string) => (): never => {
    throw new Error(`${what} is not replayed over a running collector: use --stored`)
  }
  const known = budgetsOf(config)
  const rules = await rulesOf(config, {
    budgets: {
      find: (name) => known.find((one) => one.name === name),
      statuses: onlyStored('what a budget had spent'),
    },
    anomalies: async () => onlyStored('what was unusual')(),
  })
  const rows: Asker['rows'] = async ({ range: asked, measures, groupBy, filters, limit }) => {
    const body = {
      start_time: asked.start,
      end_time: asked.end,
      metrics: measures,
      group_by: groupBy,
      filters,
      limit,
    }
    const asking = { question: 'query', parameters: [], accept: 'application/json', body: JSON.stringify(body) }
    return JSON.parse(await askCollector(given, { ...asking, isPatient: true })) as never
  }
  const refused = onlyStored('a rule that asks for more than rows')
  const askerAt = (now: number): Asker => ({
    rows,
    ask: refused,
    apart: refused,
    query: refused,
    table: refused,
    now,
    kept: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 },
  })
  return replay({ rules, range, stepMs, askerAt })
}

function show(
  { firings, looks, failures }: Replayed,
  { range, stepMs, format }: { readonly range: Range; readonly stepMs: number; readonly format: 'table' | 'json' },
  { output, errors }: Terminal,
): void {
  const text = (time: number) => new Date(time).toISOString()
  const answer = {
    window: { start_time: text(range.start), end_time: text(range.end) },
    looks,
    step_seconds: stepMs / 1000,
    alerts: firings.map(({ rule, severity, labels, firedAt, resolvedAt, value, summary }) => ({
      fired_at: text(firedAt),
      resolved_at: resolvedAt === null ? null : text(resolvedAt),
      rule,
      severity,
      labels,
      value,
      summary,
    })),
    failures,
  }
  output.write(`${format === 'json' ? JSON.stringify(answer, null, 2) : answerText(answer)}\n`)
  if (format === 'table')
    for (const { rule, looks: failed, message } of failures)
      errors.write(`${rule} could not be evaluated at ${failed} of ${looks} looks: ${message}\n`)
}
