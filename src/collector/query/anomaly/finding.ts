/** Finds anomalies in the store: reads the hours of every entity and has them judged. For the API, and for whatever watches by itself. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Asker } from '../asker.js'
import type { Row } from '../columns.js'
import { ratio } from '../endpoint.js'
import { SINGLE_CALLS } from '../measures.js'
import type { Filter } from '../question.js'
import { type TimeRange, WINDOW_MS, windowEnd, windowStart } from '../time-range.js'
import { type Anomaly, type AnomalySettings, type HourPoint, SEVERITIES } from './anomaly.js'
import { detectAnomalies } from './detector.js'
import { HOURS_OF_WEEK } from './expectation.js'
import { type HourRow, type Hours, hoursOfStore, LATENCY, TRAFFIC } from './hours.js'

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
  /** Leaves out the hour that is going on: where the past is looked at, more is known of it than was. @default false */
  readonly onlyOver?: boolean | undefined
  /** Where hours are read from. @default the store */
  readonly hours?: Hours | undefined
}

type Traffic = Row<typeof TRAFFIC, never, undefined>

export type Findings = {
  /** The hours that were judged. */
  readonly range: TimeRange
  /** The latest first, of one hour the worst first. */
  readonly anomalies: readonly Anomaly[]
  /** Entities with calls in the hours that were looked at; one where everything is judged together. */
  readonly entities: readonly (string | null)[]
  /** Those of which too few weeks are known for any hour: they are judged by the fixed thresholds alone. */
  readonly withoutHistory: readonly (string | null)[]
}

/** How long after its end an hour is held to be complete: what comes later than that came late. */
export const SETTLED_AFTER_MS = 10 * 60_000

export async function findAnomalies(asker: Asker, options: FindOptions): Promise<Findings> {
  const { settings, by, filters = [{ dimension: 'operation', operator: 'in', value: SINGLE_CALLS }] } = options
  const { hours = hoursOfStore(asker), onlyOver = false } = options
  const latest = onlyOver ? windowStart(asker.now, '1h') : windowEnd(asker.now, '1h')
  const range = {
    start: windowStart(options.range.start, '1h'),
    end: Math.min(windowEnd(options.range.end, '1h'), latest),
  }
  const day = windowStart(range.start, '1d')
  const kept = windowEnd(asker.now - asker.kept['1h'] * DAY_MS + HOUR, '1h') + HOUR
  const start = Math.min(range.start, Math.max(day - settings.weeks * HOURS_OF_WEEK * HOUR, kept))
  const [history, latencies] = await Promise.all([
    hours({ range: { start, end: range.end }, filters, by, measures: TRAFFIC }),
    hours({ range, filters, by, measures: LATENCY }),
  ])
  const latencyOf = new Map(latencies.map((row) => [keyOf(row), row['p95'] as number | null]))
  const anomalies: Anomaly[] = []
  const withoutHistory: (string | null)[] = []
  const byEntity = groupedBy(history, ({ entity }) => entity)
  for (const [entity, rows] of byEntity) {
    const found = detectAnomalies(hoursOf(rows, range.end, latencyOf), {
      settings,
      entity,
      from: range.start,
      settledUntil: asker.now - SETTLED_AFTER_MS,
    })
    anomalies.push(...found.anomalies)
    if (found.expectedHours === 0) withoutHistory.push(entity)
    // Many entities are many milliseconds: others have their turn in between.
    await turn()
  }
  return { range, anomalies: anomalies.sort(latestAndWorst), entities: [...byEntity.keys()], withoutHistory }
}

function groupedBy<Key>(rows: readonly HourRow[], keyOf: (row: HourRow) => Key): Map<Key, HourRow[]> {
  const groups = new Map<Key, HourRow[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group === undefined) groups.set(keyOf(row), [row])
    else group.push(row)
  }
  return groups
}

const keyOf = ({ time, entity }: HourRow) => JSON.stringify([time, entity])

/** The hours of one entity from its first one on, those without operations filled in. */
function hoursOf(rows: readonly HourRow[], end: number, latencyOf: ReadonlyMap<string, number | null>): HourPoint[] {
  const byTime = new Map(rows.map((row) => [row.time, row]))
  const hours: HourPoint[] = []
  for (let time = Math.min(...byTime.keys()); time < end; time += HOUR) {
    const row = byTime.get(time)
    if (row === undefined) hours.push({ time, operations: 0, errors: 0, costUsd: 0, tokensPerCall: null })
    else {
      const { operations, errors, cost, tokens, with_usage: withUsage } = row as Traffic & HourRow
      hours.push({
        time,
        operations,
        errors,
        p95LatencyMs: latencyOf.get(keyOf(row)) ?? null,
        costUsd: cost,
        tokensPerCall: ratio(tokens, withUsage),
      })
    }
  }
  return hours
}

function latestAndWorst(one: Anomaly, other: Anomaly): number {
  if (one.detected_at !== other.detected_at) return one.detected_at < other.detected_at ? 1 : -1
  const worse = SEVERITIES.indexOf(other.severity) - SEVERITIES.indexOf(one.severity)
  if (worse !== 0) return worse
  return `${one.entity} ${one.type}` < `${other.entity} ${other.type}` ? -1 : 1
}
