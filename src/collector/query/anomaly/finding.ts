/** Finds anomalies in the store: reads the hours of every entity and has them judged. For the API, and for whatever watches by itself. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Asker } from '../asker.js'
import { measure, questionOf } from '../endpoint.js'
import { InvalidQuestion } from '../invalid-question.js'
import { SINGLE_CALLS } from '../measures.js'
import { compile, type Filter, type Question, SERIES_ROWS } from '../question.js'
import { type TimeRange, WINDOW_MS, windowEnd, windowStart } from '../time-range.js'
import { type Anomaly, type AnomalySettings, type HourPoint, SEVERITIES } from './anomaly.js'
import { detectAnomalies } from './detector.js'
import { HOURS_OF_WEEK } from './expectation.js'

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
}

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
const SETTLED_AFTER_MS = 10 * 60_000

export async function findAnomalies(asker: Asker, options: FindOptions): Promise<Findings> {
  const { settings, by, filters = [{ dimension: 'operation', operator: 'in', value: SINGLE_CALLS }] } = options
  const range = {
    start: windowStart(options.range.start, '1h'),
    end: Math.min(windowEnd(options.range.end, '1h'), windowEnd(asker.now, '1h')),
  }
  const day = windowStart(range.start, '1d')
  const kept = windowEnd(asker.now - asker.kept['1h'] * DAY_MS + HOUR, '1h') + HOUR
  const start = Math.min(range.start, Math.max(day - settings.weeks * HOURS_OF_WEEK * HOUR, kept))
  const groupBy = by === undefined ? [] : [by]
  const [history, latencies] = await Promise.all([
    rowsOf(asker, { range: { start, end: range.end }, filters, groupBy, measures: TRAFFIC }),
    rowsOf(asker, { range, filters, groupBy, measures: LATENCY }),
  ])
  const latencyOf = new Map(latencies.map((row) => [keyOf(row), row['measure 1'] as number | null]))
  const anomalies: Anomaly[] = []
  const withoutHistory: (string | null)[] = []
  const byEntity = groupedBy(history, (row) => (by === undefined ? null : String(row['group 0'])))
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

const OPERATIONS = measure('operations', 'operations', 'count')
/** What the hours of the weeks before are needed of: no histograms, which are most of a rollup's bytes. */
const TRAFFIC = [
  OPERATIONS,
  measure('errors', 'errors', 'count'),
  measure('cost', 'cost_usd', 'sum'),
  measure('tokens', 'total_tokens', 'sum'),
  measure('with_usage', 'input_tokens', 'count'),
]
const LATENCY = [OPERATIONS, measure('p95', 'duration_ms', 'p95')]

type Row = { readonly [column: string]: string | number | null }

/** Only hours that have operations: a series filled with the others would be many times as long. */
async function rowsOf(
  asker: Asker,
  fields: Pick<Question, 'range' | 'filters' | 'groupBy' | 'measures'>,
): Promise<Row[]> {
  const { sql, parameters } = compile(questionOf({ ...fields, interval: '1h' }), asker)
  const rows = await asker.query<Row>(sql, parameters)
  if (rows.length > SERIES_ROWS)
    throw new InvalidQuestion(
      'by',
      `makes more than ${SERIES_ROWS} hours: ask for a shorter range, or of fewer by filters`,
    )
  return rows
}

function groupedBy<Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group === undefined) groups.set(keyOf(row), [row])
    else group.push(row)
  }
  return groups
}

const keyOf = (row: Row) => JSON.stringify([row['time of window'], row['group 0']])

/** The hours of one entity from its first one on, those without operations filled in. */
function hoursOf(rows: readonly Row[], end: number, latencyOf: ReadonlyMap<string, number | null>): HourPoint[] {
  const byTime = new Map(rows.map((row) => [Number(row['time of window']), row]))
  const hours: HourPoint[] = []
  for (let time = Math.min(...byTime.keys()); time < end; time += HOUR) {
    const row = byTime.get(time)
    if (row === undefined) hours.push({ time, operations: 0, errors: 0, costUsd: 0, tokensPerCall: null })
    else {
      const [operations, errors, costUsd, tokens, withUsage] = TRAFFIC.map((_, index) => row[`measure ${index}`])
      hours.push({
        time,
        operations: Number(operations),
        errors: Number(errors),
        p95LatencyMs: latencyOf.get(keyOf(row)) ?? null,
        costUsd: costUsd as number | null,
        tokensPerCall: tokens !== null && Number(withUsage) > 0 ? Number(tokens) / Number(withUsage) : null,
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
