/** A report for people: as lines with sparklines for a terminal, or as Markdown. */
import { styleText } from 'node:util'
import { wantsColor } from '../config.js'
import { type Row, tableLines, type Value, visible } from './answer-text.js'
import { sparkline } from './sparkline.js'

/** What a report says, in the order it is said. */
type Layout = {
  readonly title: string
  /** Names with what they are, and by what share that changed. */
  readonly facts: readonly { readonly name: string; readonly text: string; readonly change?: string | undefined }[]
  readonly series: {
    readonly title: string
    readonly of: readonly { readonly name: string; readonly values: readonly (number | null)[] }[]
  }
  readonly tables: readonly { readonly title: string; readonly rows: readonly Row[] }[]
  readonly notes: readonly string[]
}

export function reportTable(report: Row, output: { readonly isTTY?: boolean }): string {
  const { title, facts, series, tables, notes } = layoutOf(report)
  const isColored = wantsColor(output)
  const bold = (text: string) => (isColored ? styleText('bold', text, { validateStream: false }) : text)
  const width = Math.max(...facts.map(({ name }) => name.length))
  const lines = [bold(title), '']
  for (const { name, text, change } of facts)
    lines.push(`  ${name.padEnd(width)}  ${text}${change === undefined ? '' : `  (${change})`}`)
  lines.push('', bold(series.title))
  for (const { name, values } of series.of) lines.push(`  ${name.padEnd(width)}  ${sparkline(values)}`)
  for (const { title: head, rows } of tables) if (rows.length > 0) lines.push('', bold(head), ...tableLines(rows))
  if (notes.length > 0) lines.push('', ...notes)
  return lines.join('\n')
}

export function reportMarkdown(report: Row): string {
  const { title, facts, series, tables, notes } = layoutOf(report)
  const lines = [`# ${escaped(title)}`, '']
  lines.push('| | | change |', '| --- | ---: | ---: |')
  for (const { name, text, change = '' } of facts) lines.push(`| ${name} | ${escaped(text)} | ${escaped(change)} |`)
  lines.push('', `## ${series.title}`, '')
  for (const { name, values } of series.of) lines.push(`- ${name}: \`${sparkline(values)}\``)
  for (const { title: head, rows } of tables) {
    const [first] = rows
    if (first === undefined) continue
    const names = Object.keys(first)
    const isNumber = (name: string) => rows.every((row) => typeof row[name] === 'number')
    lines.push('', `## ${head}`, '', `| ${names.join(' | ')} |`)
    lines.push(`| ${names.map((name) => (isNumber(name) ? '---:' : '---')).join(' | ')} |`)
    for (const row of rows) lines.push(`| ${names.map((name) => escaped(String(row[name] ?? '-'))).join(' | ')} |`)
  }
  if (notes.length > 0) lines.push('', ...notes.map((note) => `> ${escaped(note)}`))
  return lines.join('\n')
}

const PERIOD_OF: { readonly [period: string]: string } = { daily: 'day', weekly: 'week', monthly: 'month' }

function layoutOf(report: Row): Layout {
  const numbers = report as { readonly [field: string]: number | null }
  const changes = report['changes'] as { readonly [field: string]: number | null }
  const period = PERIOD_OF[String(report['period'])] ?? 'period'
  const label = ['date', 'week_start', 'week_end', 'month'].flatMap((field) => report[field] ?? []).join(' to ')
  const hourly = report['hourly_summaries'] as readonly Row[] | undefined
  const summaries = hourly ?? (report['daily_summaries'] as readonly Row[])
  const of = (field: string) => summaries.map((row) => row[field] as number | null)
  const projection = report['projection'] as { readonly [field: string]: Row } | null
  const rows = (list: string) => (report[list] ?? []) as readonly Row[]
  const shares = (list: string, dimension: string) =>
    rows(list)
      .slice(0, SHOWN)
      .map((row) => shareRow(row, dimension))
  return {
    title: `tokmeter ${report['period']} report: ${label}${report['is_complete'] ? '' : ' (not over yet)'}`,
    facts: [
      { name: 'operations', text: count(numbers['total_operations']), change: changed(changes['operations']) },
      {
        name: 'success rate',
        text: percent(numbers['success_rate']),
        change: signed(changes['success_rate_points'], (points) => `${points.toFixed(2)} points`),
      },
      { name: 'cost', text: dollars(numbers['total_cost']), change: changed(changes['cost']) },
      { name: 'tokens', text: count(numbers['total_tokens']), change: changed(changes['tokens']) },
      { name: 'mean latency', text: duration(numbers['avg_latency_ms']), change: changed(changes['avg_latency']) },
      { name: 'p95 latency', text: duration(numbers['p95_latency_ms']), change: changed(changes['p95_latency']) },
      { name: 'p50, p99', text: `${duration(numbers['p50_latency_ms'])}, ${duration(numbers['p99_latency_ms'])}` },
      { name: 'models, services', text: `${count(numbers['unique_models'])}, ${count(numbers['unique_services'])}` },
      { name: 'users', text: count(numbers['unique_users']) },
      {
        name: hourly === undefined ? 'busiest day' : 'busiest hour',
        text:
          report['peak_time'] === null
            ? '-'
            : `${momentOf(report['peak_time']!, hourly !== undefined)}: ${count(numbers['peak_operations'])} operations`,
      },
      ...(projection === null
        ? []
        : [
            {
              name: `by the end`,
              text: `${dollars(projection['cost']!['projected'] as number | null)} of cost expected`,
            },
          ]),
    ],
    series: {
      title: hourly === undefined ? 'By day' : 'By hour',
      of: [
        { name: 'operations', values: of('operations') },
        { name: 'failures', values: of('failure_count') },
        { name: 'cost', values: of('cost') },
        { name: 'mean latency', values: of('avg_latency_ms') },
      ],
    },
    tables: [
      { title: 'Top models', rows: shares('top_models', 'model') },
      { title: 'Operations', rows: shares('operations_breakdown', 'operation') },
      { title: 'Services', rows: shares('services_breakdown', 'service') },
      { title: 'Trending up', rows: rows('trending_up').map(trendRow) },
      { title: 'Trending down', rows: rows('trending_down').map(trendRow) },
      { title: 'New models', rows: rows('new_models') },
      { title: 'New services', rows: rows('new_services') },
    ],
    notes: notesOf(report, period),
  }
}

/** Rows of a list that are shown; the others are in the JSON. */
const SHOWN = 10

function notesOf(report: Row, period: string): string[] {
  const { coverage, operations_kept, total_operations, history_since } = report
  const { usage, cost } = coverage as { readonly usage: number | null; readonly cost: number | null }
  const notes: string[] = []
  if (usage !== null && usage < 1) notes.push(`Token usage is known of ${percent(usage)} of the calls.`)
  if (cost !== null && cost < 1) notes.push(`Cost is known of ${percent(cost)} of the calls.`)
  if (report['unique_users'] === null && total_operations !== 0)
    notes.push(
      `Users are unknown: ${percent(operations_kept as number | null)} of the operations are still kept one by one.`,
    )
  if (report['is_complete'] === false) notes.push(`Changes are against as much of the ${period} before.`)
  if (report['is_previous_complete'] === false && history_since !== null)
    notes.push(`The ${period} before is not known whole: the history begins on ${history_since}.`)
  return notes
}

function shareRow(row: Row, dimension: string): Row {
  const { [dimension]: name, operations, share, success_rate, avg_latency_ms, cost, tokens } = row
  return {
    [dimension]: name === '' ? '(unknown)' : name!,
    operations: operations!,
    share: percent(share as number | null),
    success: percent(success_rate as number | null),
    latency: duration(avg_latency_ms as number | null),
    cost: dollars(cost as number | null),
    tokens: tokens ?? null,
  }
}

function trendRow({ model, value, previous, change }: Row): Row {
  return { model: model!, operations: value!, before: previous!, change: changed(change as number | null) ?? 'new' }
}

type Known = number | null | undefined
const unknown = (value: Known): value is null | undefined => value === null || value === undefined

function count(value: Known): string {
  return unknown(value) ? '-' : value.toLocaleString('en-US')
}

function percent(share: Known): string {
  return unknown(share) ? '-' : `${(100 * share).toFixed(1)} %`
}

function dollars(value: Known): string {
  if (unknown(value)) return '-'
  return `$${value !== 0 && value < 0.01 ? value.toPrecision(2) : value.toFixed(2)}`
}

function duration(milliseconds: Known): string {
  if (unknown(milliseconds)) return '-'
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
}

function signed(value: Known, write: (value: number) => string): string | undefined {
  return unknown(value) ? undefined : `${value > 0 ? '+' : ''}${write(value)}`
}

function changed(share: Known): string | undefined {
  return signed(share, (value) => `${(100 * value).toFixed(1)} %`)
}

function momentOf(time: Value, withHour: boolean): string {
  return String(time)
    .slice(0, withHour ? 16 : 10)
    .replace('T', ' ')
}

/** Names come from whoever sent them: none of them is markup, or moves a cursor. */
function escaped(text: string): string {
  return visible(text).replace(/[\\`*_{}[\]<>|#~]/g, '\\$&')
}
