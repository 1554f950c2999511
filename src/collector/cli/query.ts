/** `tokmeter query`: asks a running collector, and shows what it answers. */
import { answerText } from './answer-text.js'
import { ASKING_OPTIONS, askCollector, formatOf } from './asking.js'
import { type Command, textOf, WrongUse } from './command.js'

const ACCEPTED = {
  table: 'application/json',
  json: 'application/json',
  csv: 'text/csv',
  jsonl: 'application/x-ndjson',
} as const
const FORMATS = Object.keys(ACCEPTED) as (keyof typeof ACCEPTED)[]

export const query: Command = {
  name: 'query',
  summary: 'ask a running collector: what was spent, on what, how long it took',
  operands: '<question> [parameter=value …]',
  operandLimit: 50,
  options: {
    ...ASKING_OPTIONS,
    format: {
      type: 'string',
      short: 'f',
      value: 'format',
      description: 'table, json, csv or jsonl (default: table on a terminal, else json)',
    },
    body: { type: 'string', value: 'json', description: 'the general question, for `tokmeter query query`' },
  },
  details: [
    'Questions: costs, costs/breakdown, costs/unit, costs/projection, tokens, performance, performance/distribution,',
    'metrics/summary, metrics/conversations, metrics/models, metrics/trends, operations, top, health-scores, anomalies,',
    'reports/daily, reports/weekly, reports/monthly (see `tokmeter report`), budgets, alerts, alerts/rules, notices,',
    'live (how things stand this second), and query with --body. Their parameters: <url>/api/v1/docs.',
    '',
    'Example: tokmeter query costs last=7d granularity=1d',
    '         tokmeter query top dimension=service by=cost last=30d --format csv',
    '         tokmeter query query --body \'{"last": "24h", "group_by": ["model"], "metrics": [{"field": "duration_ms", "aggregation": "p95"}]}\'',
  ].join('\n'),

  async run(given, terminal) {
    const format = formatOf(given, FORMATS, terminal.output.isTTY === true)
    const [question, ...parameters] = given.operands
    if (question === undefined) throw new WrongUse('say what is asked, such as: tokmeter query costs last=7d')
    const body = textOf(given, 'body')
    const text = await askCollector(given, { question, parameters, accept: ACCEPTED[format], body })
    if (format === 'table') terminal.output.write(`${answerText(JSON.parse(text))}\n`)
    else terminal.output.write(format === 'json' ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text)
    return 0
  },
}
