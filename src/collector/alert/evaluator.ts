/**
 * Looks at every rule, and takes every alert on by what is seen. What it decides is in the store before anybody is told, and stays there
 * until everybody was: after a crash it is told again under the same id, never not at all.
 */
import type { Notice } from 'tokmeter/core'
import type { Asker } from '../query/asker.js'
import { type Alert, eventId, JOURNAL, type Notification, noticeOf, type Untold } from './alert.js'
import { type Course, step } from './course.js'
import type { Rows } from './readings.js'
import { alertKey, type Judgement, type Labels, type Part, type Rule } from './rule.js'
import { type Seen, seeParts } from './sight.js'
import { summaryOf, worded } from './wording.js'

/** Where decisions are kept. */
export type AlertStore = {
  readonly states: {
    read(kind: string): Promise<Map<string, unknown>>
    write(kind: string, values: Iterable<readonly [name: string, value: unknown]>): Promise<void>
  }
  recordNotices(notices: readonly Notice[]): Promise<void>
}

export type EvaluatorOptions = {
  readonly rules: () => readonly Rule[]
  /** How long after its end a minute is looked at, in milliseconds: what comes later is seen by the windows that still hold it. */
  readonly delayMs: () => number
  /** Whether operations that were accepted wait for the store for so long that numbers of now are not to be trusted. */
  readonly isBehind?: () => boolean
  /** The channels that are told of an event. */
  readonly channelsOf: (notification: Notification) => readonly string[]
  /** How rows are asked at one look. @default anew */
  readonly rowsOf?: (asker: Asker) => Rows
  /** Told of each rule that could not be evaluated, when it could be the last time. */
  readonly onFailure: (rule: string, error: Error) => void
  /** Milliseconds of a clock that only goes on. @default performance.now */
  readonly clock?: () => number
}

/** Counts since the start. */
export type EvaluatorCounts = {
  evaluations: number
  failures: number
  /** Alerts that were not begun since their rule has as many as it may. */
  overflowed: number
  /** How long all evaluations took, in milliseconds. */
  tookMs: number
  /** How long the last one took. */
  lastTookMs: number
}

/** The kind of their states. */
const KIND = 'alert'
const MINUTE = 60_000

export class Evaluator {
  readonly #options: EvaluatorOptions
  readonly counts: EvaluatorCounts = { evaluations: 0, failures: 0, overflowed: 0, tookMs: 0, lastTookMs: 0 }
  /** By rule, why it could not be evaluated the last time. */
  readonly failing = new Map<string, string>()
  /** Undefined until they were read. */
  #alerts: Map<string, Alert> | undefined
  /** Told since the last look, and not yet taken off what is kept. */
  readonly #told = new Set<string>()
  /** When they were looked at last: the end of the minute, in epoch milliseconds. */
  evaluatedTo: number | undefined

  constructor(options: EvaluatorOptions) {
    this.#options = options
  }

  /** Whether it has looked, and knows how all stand. */
  get isKnowing(): boolean {
    return this.#alerts !== undefined
  }

  /** All that are not inactive. */
  alerts(): Alert[] {
    return [...(this.#alerts?.values() ?? [])]
  }

  /** Forgets what it knows: somebody else takes them on. */
  forget(): void {
    this.#alerts = undefined
    this.#told.clear()
    this.failing.clear()
  }

  /** Marks an event as told to a channel; it is taken off what is kept at the next look. */
  told(id: string, channel: string): void {
    this.#told.add(`${id} ${channel}`)
  }

  /** What has to be told, the journal left out; each until it is marked as told. */
  untold(): Untold[] {
    return this.alerts().flatMap(({ untold }) =>
      untold.map(({ notification, to }) => ({
        notification,
        to: to.filter((channel) => channel !== JOURNAL && !this.#told.has(`${notification.id} ${channel}`)),
      })),
    )
  }

  /** Takes off what is kept what was told since the last look, so that it is not told again after a restart. */
  async settle({ states }: Pick<AlertStore, 'states'>): Promise<void> {
    const settled = [...(this.#alerts ?? [])].flatMap(([key, alert]) => {
      const untold = this.#stillUntold(alert)
      const isChanged = JSON.stringify(untold) !== JSON.stringify(alert.untold)
      return isChanged ? [[key, { ...alert, untold }] as const] : []
    })
    if (settled.length > 0) await states.write(KIND, settled)
  }

  async look({ store, asker }: { readonly store: AlertStore; readonly asker: Asker }): Promise<void> {
    const clock = this.#options.clock ?? (() => performance.now())
    const began = clock()
    const before = this.#alerts ?? ((await store.states.read(KIND)) as Map<string, Alert>)
    const rules = this.#options.rules()
    const at = asker.now
    const end = Math.floor((at - this.#options.delayMs()) / MINUTE) * MINUTE
    const seen = await this.#see(rules, asker, end)
    const after = new Map<string, Alert>()
    const byRule = new Map<string, [key: string, alert: Alert][]>()
    for (const entry of before) {
      const own = byRule.get(entry[1].rule)
      if (own === undefined) byRule.set(entry[1].rule, [entry])
      else own.push(entry)
    }
    for (const rule of rules) this.#take(rule, seen, byRule.get(rule.name) ?? [], after, at)
    // What no rule speaks of any more is over, and whoever was told that it fires is told so.
    const known = new Set(rules.map(({ name }) => name))
    for (const [key, alert] of before) if (!known.has(alert.rule)) this.#end(key, alert, after, at)
    await this.#keep(store, before, after)
    this.evaluatedTo = end
    this.counts.evaluations++
    this.counts.lastTookMs = clock() - began
    this.counts.tookMs += this.counts.lastTookMs
  }

  async #see(rules: readonly Rule[], asker: Asker, end: number): Promise<Map<Part, Seen>> {
    const parts = rules.flatMap((rule) => rule.parts.map((part) => ({ rule, part })))
    const seen = await seeParts(
      parts.map(({ part }) => part),
      { asker, rows: (this.#options.rowsOf ?? rowsOf)(asker), end, isBehind: this.#options.isBehind?.() === true },
    )
    for (const rule of rules) {
      const failed = rule.parts.map((part) => seen.get(part)).find((one) => one instanceof Error)
      if (failed === undefined) this.failing.delete(rule.name)
      else {
        this.counts.failures++
        if (!this.failing.has(rule.name)) this.#options.onFailure(rule.name, failed)
        this.failing.set(rule.name, failed.message)
      }
    }
    return seen
  }

  #take(
    rule: Rule,
    seen: Map<Part, Seen>,
    own: readonly [key: string, alert: Alert][],
    after: Map<string, Alert>,
    at: number,
  ): void {
    const left = new Map(own)
    let active = own.filter(([, { course }]) => course.phase !== 'resolved').length
    const most = rule.options.maxAlerts
    for (const part of rule.parts) {
      const one = seen.get(part)!
      if (one instanceof Error) continue
      for (const observed of one.observed) {
        const identity = { ...observed.labels, ...part.labels }
        const key = alertKey(rule.name, identity)
        const old = left.get(key)
        left.delete(key)
        const isNew = old === undefined || old.course.phase === 'resolved'
        if (isNew && observed.verdict === 'breached' && active >= most) {
          this.counts.overflowed++
          if (old !== undefined) this.#next(key, { rule, part, identity }, old, UNKNOWN, after, at)
          continue
        }
        if (this.#next(key, { rule, part, identity }, old, observed, after, at) && isNew) active++
      }
    }
    // What was not seen now: its group is gone, which is clear where every group was seen.
    for (const [key, alert] of left) {
      const part = rule.parts.find(({ labels }) =>
        Object.entries(labels).every(([name, value]) => alert.identity[name] === value),
      )
      const one = part === undefined ? undefined : seen.get(part)
      if (part === undefined || one === undefined) this.#end(key, alert, after, at)
      else {
        const isTold = !(one instanceof Error) && one.isWhole
        const gone: Judgement = isTold ? { ...alert, verdict: 'clear', value: null } : UNKNOWN
        this.#next(key, { rule, part, identity: alert.identity }, alert, gone, after, at)
      }
    }
  }

  /** Takes one alert a step on; whether it is active then. */
  #next(
    key: string,
    { rule, part, identity }: { readonly rule: Rule; readonly part: Part; readonly identity: Labels },
    old: Alert | undefined,
    { verdict, value, threshold }: Judgement,
    after: Map<string, Alert>,
    at: number,
  ): boolean {
    const { course, event } = step(old?.course, verdict, at, rule.timing)
    if (course === undefined) {
      if (old !== undefined) this.#keepUntold(key, old, after)
      return false
    }
    const { severity } = part
    const labels = { ...rule.options.labels, ...identity }
    // Of what cannot be told the last that was known is shown.
    const isKnown = verdict !== 'unknown' || old === undefined
    const shown = isKnown ? { value, threshold } : { value: old.value, threshold: old.threshold }
    const facts = { rule: rule.name, severity, labels, ...shown }
    const words =
      isKnown || event !== undefined
        ? {
            summary: summaryOf({ ...rule.options, kind: rule.kind }, facts),
            annotations: Object.fromEntries(
              Object.entries(rule.options.annotations).map(([name, text]) => [name, worded(text, facts)]),
            ),
          }
        : { summary: old.summary, annotations: old.annotations }
    const startedAt = event === 'firing' ? at : old?.startedAt
    const alert: Alert = {
      rule: rule.name,
      severity,
      labels,
      identity,
      course,
      ...shown,
      ...words,
      startedAt,
      untold: [],
    }
    const untold = [...this.#stillUntold(old), ...(event === undefined ? [] : [this.#tell(key, alert, event, at)])]
    after.set(key, { ...alert, untold })
    return course.phase !== 'resolved'
  }

  /** Its rule is gone. */
  #end(key: string, alert: Alert, after: Map<string, Alert>, at: number): void {
    if (alert.course.phase !== 'firing') {
      this.#keepUntold(key, alert, after)
      return
    }
    const { course, event } = step({ ...alert.course, last: 'clear' }, 'clear', at, {
      forMs: 0,
      keepFiringMs: 0,
      cooldownMs: 0,
    })
    after.set(key, {
      ...alert,
      course: course!,
      untold: [...this.#stillUntold(alert), this.#tell(key, alert, event!, at)],
    })
  }

  #keepUntold(key: string, alert: Alert, after: Map<string, Alert>): void {
    const untold = this.#stillUntold(alert)
    if (untold.length > 0) after.set(key, { ...alert, untold })
  }

  #stillUntold(alert: Alert | undefined): Untold[] {
    return (alert?.untold ?? []).flatMap(({ notification, to }) => {
      const left = to.filter((channel) => !this.#told.has(`${notification.id} ${channel}`))
      return left.length === 0 ? [] : [{ notification, to: left }]
    })
  }

  #tell(key: string, alert: Alert, event: Notification['event'], time: number): Untold {
    const { rule, severity, labels, value, threshold, summary, annotations, startedAt = time } = alert
    const id = eventId(key, startedAt, event)
    const told = { id, event, time, rule, severity, labels, value, threshold, summary, annotations, startedAt }
    return { notification: told, to: [JOURNAL, ...this.#options.channelsOf(told)] }
  }

  /** First the decisions, then the journal: both are done again where either fails. */
  async #keep(
    { states, recordNotices }: AlertStore,
    before: Map<string, Alert>,
    after: Map<string, Alert>,
  ): Promise<void> {
    const changed = [...after].filter(([key, alert]) => !isKept(before.get(key), alert))
    const gone = [...before.keys()].filter((key) => !after.has(key))
    if (changed.length + gone.length > 0)
      await states.write(KIND, [...changed, ...gone.map((key) => [key, undefined] as const)])
    this.#alerts = after
    // What was told while this was written is taken off the next time.
    const stillKept = new Set(
      this.alerts().flatMap(({ untold }) =>
        untold.flatMap(({ notification, to }) => to.map((name) => `${notification.id} ${name}`)),
      ),
    )
    for (const told of this.#told) if (!stillKept.has(told)) this.#told.delete(told)
    const journal = this.alerts()
      .flatMap(({ untold }) => untold)
      .filter(({ to }) => to.includes(JOURNAL))
      .map(({ notification }) => notification)
    if (journal.length === 0) return
    await recordNotices(journal.map(noticeOf))
    for (const { id } of journal) this.told(id, JOURNAL)
  }
}

const rowsOf =
  (asker: Asker): Rows =>
  (question) =>
    asker.rows(question)

const UNKNOWN: Judgement = { verdict: 'unknown', value: null, threshold: null }

/** Whether what is kept of it need not be written: while nothing but the moment goes on, the moment can be told without. */
function isKept(before: Alert | undefined, after: Alert): boolean {
  if (before === undefined) return false
  const essence = ({ course, untold, startedAt }: Alert) => {
    const { phase, since, last }: Course = course
    const isSteady = phase === 'firing' && last === 'breached'
    return JSON.stringify([phase, since, last, startedAt, untold, isSteady ? 0 : course])
  }
  return essence(before) === essence(after)
}
