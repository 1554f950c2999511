import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMANDS } from '../../../src/collector/cli/commands.js'
import { reportMarkdown, reportTable } from '../../../src/collector/cli/report-text.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import { sparkline } from '../../../src/collector/cli/sparkline.js'
import type { Collector } from '../../../src/collector/collector.js'
import { collector, configOf, event, ledgerOf, newDirectory, post, stopAll } from '../running.js'
import { createTerminal } from './terminal.js'

const DAY = 86_400_000
/** Noon of the day before yesterday. */
const NOON = Math.floor(Date.now() / DAY) * DAY - 1.5 * DAY
const DATE = new Date(NOON).toISOString().slice(0, 10)
let made: Collector

beforeAll(async () => {
  made = await collector(configOf(newDirectory()))
  const events = [0, 1, 2].map((index) => ({
    ...event(`e-${index}`),
    // When it ended.
    timestamp_ms: NOON + index * 3_600_000 + 30_000,
    duration_ms: 1000 * (index + 1),
    service: 'api|*x*',
    user_id: `user-${index % 2}`,
  }))
  await post(`${made.url}/api/v1/analytics/events`, events)
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
})
afterAll(stopAll)

async function run(...args: string[]) {
  const { terminal, written } = createTerminal()
  const code = await runCommandLine(['report', ...args, '--url', made.url], {
    commands: COMMANDS,
    version: '0',
    terminal,
  })
  return { code, ...written }
}

test('a report is JSON where nobody looks, and a line an hour as CSV', async () => {
  const json = await run('daily', '--date', DATE)
  expect(json).toMatchObject({ code: 0, errors: '' })
  expect(JSON.parse(json.output)).toMatchObject({
    period: 'daily',
    date: DATE,
    is_complete: true,
    total_operations: 3,
    success_rate: 1,
    avg_latency_ms: 2000,
    total_cost: 0.0105,
    unique_users: 2,
    peak_operations: 1,
  })
  const csv = await run('--date', DATE, '--format', 'csv')
  const lines = csv.output.split('\r\n')
  expect(lines).toHaveLength(26)
  expect(lines[0]).toBe('time,operations,failure_count,success_rate,avg_latency_ms,cost,tokens')
  expect(lines[13]).toBe(`${DATE}T12:00:00.000Z,1,0,1,1000,0.0035,1100`)
  expect(lines[1]).toBe(`${DATE}T00:00:00.000Z,0,0,,,0,0`)
})

test('for a terminal it is lines with sparklines, without colour where there is no terminal', async () => {
  const { output } = await run('daily', '--date', DATE, '--format', 'table')
  expect(output).toContain(`tokmeter daily report: ${DATE}\n`)
  expect(output).toMatch(/\n {2}operations +3\n/)
  expect(output).toMatch(/\n {2}cost +\$0\.01\n/)
  expect(output).toMatch(/\n {2}mean latency +2\.00 s\n/)
  expect(output).toMatch(/\n {2}operations +▁{12}███▁{9}\n/)
  expect(output).toMatch(/\n {2}mean latency {6} {12}▃▆█ {9}\n/)
  expect(output).toMatch(/Top models\n.*\n {2}gpt-4o +3 +100\.0 % +100\.0 % +2\.00 s +\$0\.01 +3300\n/)
  expect(output).not.toContain('\u001b[')
})

test('in a terminal headings are bold, unless NO_COLOR asks for none', async () => {
  const answer = JSON.parse((await run('daily', '--date', DATE)).output)
  const before = process.env['NO_COLOR']
  try {
    delete process.env['NO_COLOR']
    process.env['TERM'] ??= 'xterm'
    expect(reportTable(answer, { isTTY: true })).toContain('\u001b[1m')
    process.env['NO_COLOR'] = '1'
    expect(reportTable(answer, { isTTY: true })).not.toContain('\u001b[')
  } finally {
    if (before === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = before
  }
})

test('as Markdown it is tables, in which no name is markup', async () => {
  const { output } = await run('weekly', '--date', DATE, '--format', 'markdown')
  expect(output).toMatch(/^# tokmeter weekly report: \d{4}-\d{2}-\d{2} to \d{4}-\d{2}-\d{2}/)
  expect(output).toContain('| operations | 3 |')
  expect(output).toContain('\n## Services\n\n| service | operations | share | success | latency | cost | tokens |\n')
  expect(output).toContain('| api\\|\\*x\\* | 3 |')
  const answer = JSON.parse((await run('weekly', '--date', DATE)).output)
  expect(reportMarkdown({ ...answer, new_models: [{ model: '\u001b[31m<b>', first_seen: DATE }] })).toContain(
    '| \\\\u\\{1b\\}\\[31m\\<b\\> |',
  )
})

test('what is unknown is said to be, and why', async () => {
  const answer = JSON.parse((await run('monthly')).output)
  const text = reportTable(
    { ...answer, unique_users: null, operations_kept: 0.25, coverage: { calls: 3, usage: 0.5, cost: null } },
    {},
  )
  expect(text).toContain('(not over yet)')
  expect(text).toContain('Token usage is known of 50.0 % of the calls.')
  expect(text).toContain('Users are unknown: 25.0 % of the operations are still kept one by one.')
  expect(text).toContain('Changes are against as much of the month before.')
  expect(text).toMatch(/The month before is not known whole: the history begins on \d{4}-\d{2}-\d{2}\./)
})

test('parameters leave what they name, and mistakes are told in the words of whoever can tell them', async () => {
  const none = await run('daily', '--date', DATE, 'model=other')
  expect(JSON.parse(none.output)).toMatchObject({
    total_operations: 0,
    success_rate: null,
    total_cost: 0,
    peak_time: null,
  })
  expect((await run('daily', '--date', DATE, 'model=other', '--format', 'table')).output).toMatch(
    /\n {2}success rate +-\n/,
  )
  expect(await run('daily', '--date', '2026-02-30')).toMatchObject({
    code: 1,
    errors: expect.stringContaining('date must be a day such as 2026-01-31'),
  })
  expect(await run('yearly')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('a report is daily, weekly, monthly; got "yearly"'),
  })
  expect(await run('--format', 'xml')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('--format must be table, json, csv or markdown; got xml'),
  })
})

test('a sparkline begins at zero, and is blank where nothing is known', () => {
  expect(sparkline([0, 50, 100])).toBe('▁▅█')
  expect(sparkline([0, 0])).toBe('▁▁')
  expect(sparkline([null, 7])).toBe(' █')
  expect(sparkline([])).toBe('')
})
