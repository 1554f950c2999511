/** What a period was like: what was done, what it cost and how well it went, against the period before. All numbers are those of the whole period, means weighted by what they are of. */
import type { Asker } from '../asker.js'
import type { Row } from '../columns.js'
import { questionOf, ratio } from '../endpoint.js'
import { CURRENCY, estimatedHeadOf } from '../head.js'
import { distinctSql } from '../measures.js'
import { conditionsOf, type Filter } from '../question.js'
import { firstSeenOf } from '../seen.js'
import { fromRaw } from '../sources.js'
import { projected, REMAINDER, recentDays } from '../spending.js'
import type { TimeRange } from '../time-range.js'
import { changeOf, type Trend, trendOf, trendsOf } from '../trending.js'
import { COST, LATENCY, type Report, SPEED, SPEED_BEFORE, SUMMARY, TOKENS, TOTALS } from './answer.js'
import { dateOf, type Period, type PeriodName } from './period.js'

/** By what the whole is shared out. */
const LISTS = ['operation', 'model', 'service', 'provider'] as const

const LIST = 10
const DAY_MS = 86_400_000

type SummaryRow = Row<typeof SUMMARY, never, undefined>
type Latency = Row<readonly [typeof LATENCY], never, undefined>

/** Filters of everything that is reported, and of what is called a call in it. */
export type ReportFilters = { readonly all: readonly Filter[]; readonly calls: readonly Filter[] }

export async function reportOf(
  name: PeriodName,
  period: Period,
  filters: ReportFilters,
  asker: Asker,
): Promise<Report> {
  const { now } = asker
  const isComplete = period.end <= now
  const range = { start: period.start, end: Math.min(period.end, now) }
  const { total, by } = await asker.apart(
    questionOf({ range, filters: filters.all, measures: [...TOTALS, LATENCY], groupBy: LISTS }),
  )
  const { start_time, end_time } = total.window
  const window = { start: Date.parse(start_time), end: Date.parse(end_time) }
  // What is not over yet is compared with as much of the period before.
  const earlier = {
    start: period.previous.start,
    end: Math.min(period.previous.start + window.end - window.start, period.previous.end),
  }
  const interval = name === 'daily' ? '1h' : '1d'
  const [speed, series, speedSeries, before, speedBefore, seen, kept, days] = await Promise.all([
    asker.apart(
      questionOf({ range, filters: filters.calls, measures: SPEED, groupBy: ['model', 'service', 'provider'] }),
    ),
    asker.rows(questionOf({ range, filters: filters.all, measures: SUMMARY, interval })),
    asker.rows(questionOf({ range, filters: filters.calls, measures: [LATENCY], interval })),
    asker.apart(questionOf({ range: earlier, filters: filters.all, measures: SUMMARY, groupBy: ['model'] })),
    asker.rows(questionOf({ range: earlier, filters: filters.calls, measures: SPEED_BEFORE })),
    firstSeenOf(asker, ['model', 'service'], filters.all),
    // After the total: what comes in between is in it and not in the total, never the other way round.
    keptOf(asker, window, filters.all),
    isComplete ? undefined : recentDays(asker, filters.all, Math.floor(now / DAY_MS) * DAY_MS, [COST, TOKENS]),
  ])
  const totals = total.rows[0]!
  const count = totals.operations
  const countsBefore = countsOf(before.by.model.rows)
  const trends = trendsOf(countsOf(by.model.rows), countsBefore)
  const since = Math.min(...seen.model.values())
  const summaries = series.rows.map((row, index) => ({
    time: row.time,
    ...summaryOf(row, speedSeries.rows[index]),
  }))
  const services = new Map(speed.by.service.rows.map((row) => [row.service, row]))
  const models = new Map(speed.by.model.rows.map((row) => [row.model, row]))
  const providers = new Map(speed.by.provider.rows.map((row) => [row.provider, row]))
  /** With its share of all operations. Those of which it is not known are there too, under the empty name. */
  const shared = (row: SummaryRow, speedOf: Latency | undefined) => ({
    ...summaryOf(row, speedOf),
    share: ratio(row.operations, count),
  })
  const peak = peakOf(summaries)
  return {
    period: name,
    ...period.label,
    is_complete: isComplete,
    ...estimatedHeadOf(total),
    previous_window: before.total.window,
    history_since: Number.isFinite(since) ? dateOf(since) : null,
    is_previous_complete: since <= period.previous.start,
    currency: CURRENCY.value,
    total_operations: count,
    success_count: count - totals.errors,
    failure_count: totals.errors,
    success_rate: successOf(totals),
    total_cost: totals.cost,
    total_tokens: totals.tokens,
    input_tokens: totals.input_tokens,
    output_tokens: totals.output_tokens,
    ...speed.total.rows[0]!,
    ...uniquesOf(totals, kept),
    changes: changesOf({ ...totals, ...speed.total.rows[0]! }, { ...before.total.rows[0]!, ...speedBefore.rows[0]! }),
    peak_time: peak?.time ?? null,
    peak_operations: peak?.operations ?? null,
    projection: days === undefined ? null : projectionOf(totals, days, (period.end - window.end) / DAY_MS),
    top_models: by.model.rows
      .filter(({ model }) => model !== '')
      .slice(0, LIST)
      .map(({ model, ...row }, index) => {
        const { direction, change } = trendOf(row.operations, countsBefore.get(model) ?? 0)
        return { rank: index + 1, model, ...shared(row, models.get(model)), change, direction }
      }),
    operations_breakdown: by.operation.rows.map(({ operation, ...row }) => ({ operation, ...shared(row, row) })),
    services_breakdown: by.service.rows.map(({ service, ...row }) => ({
      service,
      ...shared(row, services.get(service)),
    })),
    providers_breakdown: by.provider.rows.map(({ provider, ...row }) => ({
      provider,
      ...shared(row, providers.get(provider)),
    })),
    trending_up: trends
      .filter(({ direction }) => direction === 'up')
      .slice(0, LIST)
      .map(ofModel),
    trending_down: trends
      .filter(({ direction }) => direction === 'down')
      .slice(0, LIST)
      .map(ofModel),
    new_models: newIn(seen.model, period).map(({ entity, ...rest }) => ({ model: entity, ...rest })),
    new_services: newIn(seen.service, period).map(({ entity, ...rest }) => ({ service: entity, ...rest })),
    ...(name === 'daily'
      ? { hourly_summaries: summaries }
      : { avg_daily_operations: dailyMean(summaries, window, now), daily_summaries: summaries }),
  }
}

function successOf({ operations, errors }: Pick<SummaryRow, 'operations' | 'errors'>): number | null {
  return ratio(operations - errors, operations)
}

/** @param speed the mean duration of the calls in it: agents take as long as all the calls inside them */
function summaryOf(row: SummaryRow, speed: Latency | undefined) {
  const { operations, errors, cost, tokens } = row
  return {
    operations,
    failure_count: errors,
    success_rate: successOf(row),
    avg_latency_ms: speed?.avg_latency_ms ?? null,
    cost,
    tokens,
  }
}

function countsOf(rows: readonly { readonly model: string; readonly operations: number }[]): Map<string, number> {
  return new Map(rows.map(({ model, operations }) => [model, operations]))
}

const ofModel = ({ entity, ...trend }: { readonly entity: string } & Trend) => ({ model: entity, ...trend })

function newIn(seen: ReadonlyMap<string, number>, { start, end }: TimeRange) {
  return [...seen]
    .filter(([entity, first]) => entity !== '' && first >= start && first < end)
    .map(([entity, first]) => ({ entity, first_seen: dateOf(first) }))
    .sort((one, other) => (`${one.first_seen} ${one.entity}` < `${other.first_seen} ${other.entity}` ? -1 : 1))
}

type Compared = SummaryRow & Row<typeof SPEED_BEFORE, never, undefined>

/** Of rates in percentage points, of all else by shares. */
function changesOf(current: Compared, before: Compared) {
  const rate = successOf(current)
  const rateBefore = successOf(before)
  return {
    operations: changeOf(current.operations, before.operations),
    success_rate_points: rate === null || rateBefore === null ? null : 100 * (rate - rateBefore),
    avg_latency: changeOf(current.avg_latency_ms, before.avg_latency_ms),
    p95_latency: changeOf(current.p95_latency_ms, before.p95_latency_ms),
    cost: changeOf(current.cost, before.cost),
    tokens: changeOf(current.tokens, before.tokens),
  }
}

type Summary = { readonly time: string; readonly operations: number }

/** The first of those with most operations. */
function peakOf(summaries: readonly Summary[]): Summary | undefined {
  const most = Math.max(0, ...summaries.map(({ operations }) => operations))
  return most === 0 ? undefined : summaries.find(({ operations }) => operations === most)
}

/** Of the days that are over: one that is not would make the mean too small. */
function dailyMean(summaries: readonly Summary[], { end }: TimeRange, now: number): number | null {
  const over = summaries.filter(({ time }) => Date.parse(time) + DAY_MS <= Math.min(end, now))
  return ratio(
    over.reduce((sum, { operations }) => sum + operations, 0),
    over.length,
  )
}

type Projected = Pick<SummaryRow, 'cost' | 'operations' | 'tokens'>

function projectionOf(totals: Projected, days: readonly Projected[], left: number) {
  const of = (name: keyof Projected) => {
    const { daily_mean: _, ...rest } = projected(
      totals[name],
      days.map((day) => day[name]),
      left,
    )
    return rest
  }
  return { days_left: left, cost: of('cost'), operations: of('operations'), tokens: of('tokens'), method: REMAINDER }
}

type Kept = { readonly operations: number; readonly users: number; readonly conversations: number }

/** What is counted of the operations themselves: the rollups know no identities. */
async function keptOf(asker: Asker, range: TimeRange, filters: readonly Filter[]): Promise<Kept> {
  const bound: { [parameter: string]: string | number | readonly string[] } = {}
  const conditions = conditionsOf(filters, bound)
  const [row] = await asker.query<{ [column in keyof Kept]: number }>(
    `SELECT count() AS operations, ${distinctSql('user_id', true)} AS users, ${distinctSql('conversation_id', true)} AS conversations
FROM (\n${fromRaw(asker, range, ['user_id', 'conversation_id'], conditions)}\n)`,
    bound,
  )
  return { operations: Number(row!.operations), users: Number(row!.users), conversations: Number(row!.conversations) }
}

/** Of users nothing is known where some of the operations are there no more: those left are not all that there were. */
function uniquesOf({ operations, unique_models, unique_services }: Row<typeof TOTALS, never, undefined>, kept: Kept) {
  const isWhole = kept.operations >= operations
  return {
    unique_models,
    unique_services,
    unique_users: isWhole ? kept.users : null,
    unique_conversations: isWhole ? kept.conversations : null,
    operations_kept: ratio(Math.min(kept.operations, operations), operations),
  }
}
