/** `tokmeter report`: what a day, a week or a month was like, told by a running collector. */
import { PERIODS, type PeriodName } from '../query/report/period.js'
import type { Row } from './answer-text.js'
import { ASKING_OPTIONS, askCollector, formatOf } from './asking.js'
import { type Command, textOf, WrongUse } from './command.js'
import { reportMarkdown, reportTable } from './report-text.js'

const FORMATS = ['table', 'json', 'csv', 'markdown'] as const

export const report: Command = {
  name: 'report',
  summary: 'tell what a day, a week or a month was like: use, cost, failures, what is new',
  operands: '[daily|weekly|monthly] [parameter=value …]',
  operandLimit: 50,
  options: {
    date: {
      type: 'string',
      value: 'date',
      description: 'a day of the period, UTC: 2026-01-31 (default: the period that is going on)',
    },
    ...ASKING_OPTIONS,
    format: {
      type: 'string',
      short: 'f',
      value: 'format',
      description: 'table, json, csv (an hour or a day a line) or markdown (default: table on a terminal, else json)',
    },
  },
  details: [
    'Of everything, or of what the parameters leave: provider, model, environment, service, operation, agent.',
    '',
    'Example: tokmeter report weekly --date 2026-01-26',
    '         tokmeter report monthly service=checkout --format markdown',
  ].join('\n'),

  async run(given, { output }) {
    const format = formatOf(given, FORMATS, output.isTTY === true)
    const [period = 'daily', ...parameters] = given.operands
    if (!PERIODS.includes(period as PeriodName))
      throw new WrongUse(`a report is ${PERIODS.join(', ')}; got ${JSON.stringify(period.slice(0, 80))}`)
    const date = textOf(given, 'date')
    const text = await askCollector(given, {
      question: `reports/${period}`,
      parameters: date === undefined ? parameters : [...parameters, `date=${date}`],
      accept: format === 'csv' ? 'text/csv' : 'application/json',
    })
    output.write(format === 'csv' ? text : `${written(format, JSON.parse(text) as Row, output)}\n`)
    return 0
  },
}

function written(format: (typeof FORMATS)[number], answer: Row, output: { readonly isTTY?: boolean }): string {
  if (format === 'json') return JSON.stringify(answer, null, 2)
  return format === 'markdown' ? reportMarkdown(answer) : reportTable(answer, output)
}
