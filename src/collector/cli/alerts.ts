/** `tokmeter alerts test`: replays the rules of a configuration over a range of the past, and shows what would have fired. */
import type { Replayed } from '../alert/replay.js'
import type { Rule } from '../alert/rule.js'
import type { Budget } from '../budget/budget.js'
import { budgetsOf } from '../config/budget-settings.js'
import { parseDuration } from '../config/quantity.js'
import { keptDaysOf, type StoreSettings, storeSettings } from '../config/store-settings.js'
import type { Config } from '../config.js'
import type { Asker } from '../query/asker.js'
import type { AskSeries } from '../query/kept-series.js'
import type { Store } from '../store/store.js'
import { answerText } from './answer-text.js'
import { ASKING_OPTIONS, formatOf } from './asking.js'
import { createCollectorAsker } from './collector-asker.js'
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
      'Asks a running collector (--url) as `tokmeter query` does, or with --stored the store itself: the outcome is the same. Only rules of',
      'kind custom that ask for more than rows need --stored. Times are the ends of windows: a collector looks some seconds later',
      '(alerts.delay). What is unusual is told when its hour is over. Exit code 1 when a rule could not be evaluated.',
    ].join('\n'),

    async run(given, terminal) {
      const [operand] = given.operands
      if (operand !== 'test') throw new WrongUse('say what is to be done: tokmeter alerts test')
      const format = formatOf(given, ['table', 'json'], terminal.output.isTTY === true)
      const { config } = loadGiven(given)
      const asked = await rangeGiven(given)
      const stepMs = stepOf(given, asked)
      // The looks are at the ends of windows as wide as their steps, where there are such windows.
      const range = { ...asked, start: Math.ceil(asked.start / stepMs) * stepMs }
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
    return rangeOf(times, Date.now())
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

/** What is replayed over: a store, or a collector that has one. */
type Past = {
  readonly ask: AskSeries
  readonly askerAt: (now: number) => Asker
  /** Those that were made by the API. */
  readonly otherBudgets: () => Promise<readonly Budget[]>
}

async function replayed(past: Past, config: Config, range: Range, stepMs: number): Promise<Replayed> {
  const [{ PastBudgets }, { hoursOfSeries }, { createAnomalySource }, { rowsBySeries }, { replay }] = await Promise.all(
    [
      import('../budget/past-budgets.js'),
      import('../query/anomaly/hours.js'),
      import('../alert/anomaly-condition.js'),
      import('../alert/rows-by-series.js'),
      import('../alert/replay.js'),
    ],
  )
  const looks = { end: range.end, stepMs }
  const configured = budgetsOf(config)
  const isConfigured = ({ name }: Budget) => configured.some((one) => one.name === name)
  const others = (await past.otherBudgets()).filter((budget) => !isConfigured(budget))
  const budgets = new PastBudgets([...configured, ...others], { ask: past.ask, ...looks })
  const hours = hoursOfSeries(past.ask, range.end)
  const anomalies = createAnomalySource(() => config.anomalies, { hours, onlyOver: true })
  const rules = await rulesOf(config, { budgets, anomalies })
  return replay({
    rules,
    range,
    stepMs,
    askerAt: past.askerAt,
    rowsOf: rowsBySeries(past.ask, looks),
    async beforeLook({ now }) {
      if (rules.some(({ kind }) => kind === 'budget')) await budgets.lookAt(now)
    },
  })
}

async function fromStore(store: Store, config: Config, range: Range, stepMs: number): Promise<Replayed> {
  try {
    const { createAsker } = await import('../query/asker.js')
    const { Budgets } = await import('../budget/budgets.js')
    const kept = keptDaysOf(config)
    const askerAt = (now: number) => createAsker(store, { kept, now })
    const past: Past = {
      askerAt,
      ask: (question) => askerAt(Date.now()).rows(question),
      async otherBudgets() {
        const budgets = new Budgets({ kept: () => kept })
        await budgets.refresh(store)
        return budgets.all()
      },
    }
    return await replayed(past, config, range, stepMs)
  } finally {
    await store.close()
  }
}

async function fromCollector(given: Given, config: Config, range: Range, stepMs: number): Promise<Replayed> {
  const collector = createCollectorAsker(given)
  const refused = (): never => {
    throw new Error('a rule that asks for more than rows is not replayed over a running collector: use --stored')
  }
  const rest = {
    ask: refused,
    columns: refused,
    apart: refused,
    query: refused,
    table: refused,
    kept: keptDaysOf(config),
  }
  const past: Past = {
    ask: collector.rows,
    askerAt: (now) => ({ ...rest, rows: collector.rows as never, now }),
    otherBudgets: collector.budgets,
  }
  return replayed(past, config, range, stepMs)
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
