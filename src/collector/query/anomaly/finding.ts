/** Finds anomalies in the store: reads the hours of every entity and has them judged. For the API, and for whatever watches by itself. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Asker } from '../asker.js'
import type { Head } from '../head.js'
import { QUANTILES, SINGLE_CALLS } from '../measures.js'
import type { Filter } from '../question.js'
import { type TimeRange, WINDOW_MS, windowEnd, windowStart } from '../time-range.js'
import {
  type Anomaly,
  type AnomalySettings,
  type AnomalyType,
  type HourColumns,
  SEVERITIES,
  type Severity,
} from './anomaly.js'
import { anomalyOf, createDetector, type Detected } from './detector.js'
import { HOURS_OF_WEEK } from './expectation.js'
import {
  type AskedHours,
  durationsOf,
  type EntityHours,
  type FoundHours,
  type Hours,
  hoursOfStore,
  LATENCY,
  TRAFFIC,
} from './hours.js'
import { LatestHours } from './latest-hours.js'

const HOUR = WINDOW_MS['1h']
const DAY_MS = 86_400_000

export type FindOptions = {
  readonly settings: AnomalySettings
  /** Hours that are judged: all that begin in it, or are going on at its start. Those that have not begun are not. */
  readonly range: TimeRange
  /** Of each of what: `model`, `provider`, `service`, `agent`, …; any dimension of the rollups. @default of everything together */
  readonly by?: string | undefined
  /** Of which operations. @default calls of a model: what agents and workflows take is that of the calls inside them */
  readonly filters?: readonly Filter[] | undefined
  /** Only of this type. @default of any */
  readonly type?: AnomalyType | undefined
  /** Only of this severity or a worse one. @default 'info' */
  readonly least?: Severity | undefined
  /** How many are told, the latest first. @default all */
  readonly limit?: number | undefined
  /** Leaves out the hour that is going on: where the past is looked at, more is known of it than was. @default false */
  readonly onlyOver?: boolean | undefined
  /** Where hours are read from. @default the store */
  readonly hours?: Hours | undefined
}

export type Findings = {
  /** Of what, and how much is known of it; undefined where it is told from series that were kept. */
  readonly head: Head | undefined
  /** The latest first, of one hour the worst first. */
  readonly anomalies: readonly Anomaly[]
  /** How many there are of each severity, told or not. */
  readonly count: { readonly [severity in Severity]: number }
  /** Entities with calls in the hours that were looked at; one where everything is judged together. */
  readonly entities: readonly (string | null)[]
  /** Those of which too few weeks are known for any hour: they are judged by the fixed thresholds alone. */
  readonly withoutHistory: readonly (string | null)[]
}

/** How long after its end an hour is held to be complete: what comes later than that came late. */
export const SETTLED_AFTER_MS = 10 * 60_000

/** The hours that are judged. */
export function judgedRange({ range, onlyOver = false }: FindOptions, now: number): TimeRange {
  const latest = onlyOver ? windowStart(now, '1h') : windowEnd(now, '1h')
  return { start: windowStart(range.start, '1h'), end: Math.min(windowEnd(range.end, '1h'), latest) }
}

export async function findAnomalies(asker: Asker, options: FindOptions): Promise<Findings> {
  const { settings, by, filters = [{ dimension: 'operation', operator: 'in', value: SINGLE_CALLS }] } = options
  const { hours = hoursOfStore(asker), type, least = 'info', limit = Infinity } = options
  const range = judgedRange(options, asker.now)
  const day = windowStart(range.start, '1d')
  const kept = windowEnd(asker.now - asker.kept['1h'] * DAY_MS + HOUR, '1h') + HOUR
  const start = Math.min(range.start, Math.max(day - settings.weeks * HOURS_OF_WEEK * HOUR, kept))
  const measures = [...TRAFFIC, ...durationsOf(settings.latency)]
  const before = { start, end: range.start }
  const [{ byEntity: history }, { byEntity: counted, head }] = await Promise.all([
    start < range.start ? hours({ range: before, filters, by, measures: TRAFFIC }) : NOTHING,
    hours({ range, filters, by, measures }),
  ])
  const judged = new Map([...counted].map(([entity, its]) => [entity, { ...its, slow: slownessOf(its, settings) }]))
  const severities = SEVERITIES.slice(SEVERITIES.indexOf(least))
  const isAsked = (of: AnomalyType, severity: Severity) =>
    severities.includes(severity) && (type === undefined || of === type)
  const entities = [...new Set([...history.keys(), ...judged.keys()])]
  const latest = new LatestHours<Detected>(range.start, limit)
  const count = { info: 0, warning: 0, critical: 0 }
  const withoutHistory: (string | null)[] = []
  const isWanted = (time: number, of: AnomalyType, severity: Severity) => {
    if (!isAsked(of, severity)) return false
    count[severity]++
    return latest.reaches(time)
  }
  const judge = async () => {
    const detect = createDetector({
      settings,
      from: range.start,
      settledUntil: asker.now - SETTLED_AFTER_MS,
      isWanted,
    })
    for (const entity of entities) {
      const known = [history.get(entity), judged.get(entity)].filter((hours) => hours !== undefined)
      const { detected, expectedHours } = detect(columnsOf(known, range.end), entity)
      for (const one of detected) latest.add(one.time, one)
      if (expectedHours === 0) withoutHistory.push(entity)
      // Many entities are many milliseconds: others have their turn in between.
      await turn()
    }
  }
  // Asked for while the hours are judged: of what is slow it is known already which is told at most.
  const slow = slowHours(judged, (severity) => isAsked('latency_spike', severity), new LatestHours(range.start, limit))
  const [{ byEntity: latencies }] = await Promise.all([
    slow === undefined ? NOTHING : hours({ ...slow, by, filters, measures: LATENCY }),
    judge(),
  ])
  const page = latest.hours().flatMap(([, its]) => its.sort(worstFirst))
  return { head, anomalies: told(page.slice(0, limit), latencies), count, entities, withoutHistory }
}

function worstFirst(one: Detected, other: Detected): number {
  const worse = SEVERITIES.indexOf(other.severity) - SEVERITIES.indexOf(one.severity)
  if (worse !== 0) return worse
  return `${one.entity} ${one.type}` < `${other.entity} ${other.type}` ? -1 : 1
}

/** Of which hours and of what a latency can be among the latest that are told; undefined where nothing is slow. To know how slow all of them were is most of the work. */
function slowHours(
  judged: ReadonlyMap<string | null, JudgedHours>,
  isAsked: (severity: Severity) => boolean,
  latest: LatestHours<string>,
): Pick<AskedHours, 'range' | 'entities'> | undefined {
  for (const [entity, { times, slow }] of judged)
    for (const [index, severity] of slow.entries())
      if (severity !== undefined && isAsked(severity)) latest.add(times[index]!, entity ?? '')
  const hours = latest.hours()
  if (hours.length === 0) return undefined
  const entities = [...new Set(hours.flatMap(([, its]) => its))]
  return { range: { start: hours.at(-1)![0], end: hours[0]![0] + HOUR }, entities }
}

function told(detected: readonly Detected[], latencies: ReadonlyMap<string | null, EntityHours>): readonly Anomaly[] {
  return detected.flatMap((one) => {
    const { times, numbers } = latencies.get(one.entity) ?? NO_HOURS
    const value = one.value ?? numbers[1]?.[times.indexOf(one.time)] ?? Number.NaN
    // What was erased meanwhile is not told.
    return Number.isNaN(value) ? [] : [anomalyOf(one, value)]
  })
}

/** The hours that are judged, and what the p95 of each is past the level of. */
type JudgedHours = EntityHours & { readonly slow: readonly (Severity | undefined)[] }

const NO_HOURS: EntityHours = { times: new Float64Array(), numbers: [] }
const NOTHING: FoundHours = { byEntity: new Map(), head: undefined }

/** The hours of one entity from its first one on, those without operations filled in. */
function columnsOf(known: readonly (EntityHours & Partial<JudgedHours>)[], end: number): HourColumns {
  const start = Math.min(...known.map(({ times }) => times.reduce((first, time) => Math.min(first, time))))
  const hours = (end - start) / HOUR
  const operations = new Float64Array(hours)
  const errors = new Float64Array(hours)
  const cost = new Float64Array(hours)
  const tokensPerCall = new Float64Array(hours).fill(Number.NaN)
  const slow: (Severity | undefined)[] = new Array(hours).fill(undefined)
  for (const { times, numbers, slow: severities } of known) {
    const [counts, failures, costs, tokens, withUsage] = numbers
    for (let index = 0; index < times.length; index++) {
      const hour = (times[index]! - start) / HOUR
      operations[hour] = counts![index]!
      errors[hour] = failures![index]!
      cost[hour] = costs![index]!
      tokensPerCall[hour] = withUsage![index]! > 0 ? tokens![index]! / withUsage![index]! : Number.NaN
      slow[hour] = severities?.[index]
    }
  }
  return { start, operations, errors, cost, tokensPerCall, slow }
}

/** What the p95 of each hour with calls enough is past the level of: what so many calls took longer than that the value of its rank is among them. */
function slownessOf({ times, numbers }: EntityHours, { minOperations }: AnomalySettings): (Severity | undefined)[] {
  const [operations] = numbers
  const [timed, ...longer] = numbers.slice(TRAFFIC.length)
  return Array.from(times, (_, index) => {
    if (operations![index]! < minOperations) return undefined
    const most = timed![index]! - Math.ceil(timed![index]! * QUANTILES.p95)
    return SEVERITIES[longer.findLastIndex((calls) => calls[index]! > most)]
  })
}
