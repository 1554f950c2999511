/** `tokmeter query`: asks a running collector, and shows what it answers. */
import { readFileSync } from 'node:fs'
import { answerText } from './answer-text.js'
import { type Command, type Given, type Terminal, textOf, WrongUse } from './command.js'

const DEFAULT_URL = 'http://127.0.0.1:4318'
/** Longer than the longest question may take there. */
const TIMEOUT_MS = 45_000

const ACCEPTED = {
  table: 'application/json',
  json: 'application/json',
  csv: 'text/csv',
  jsonl: 'application/x-ndjson',
} as const
type Format = keyof typeof ACCEPTED

export const query: Command = {
  name: 'query',
  summary: 'ask a running collector: what was spent, on what, how long it took',
  operands: '<question> [parameter=value …]',
  operandLimit: 50,
  options: {
    url: { type: 'string', value: 'url', description: `where the collector listens (default: ${DEFAULT_URL})` },
    'token-file': { type: 'string', value: 'file', description: 'a file that holds a token with the scope read' },
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
    'metrics/summary, metrics/conversations, metrics/models, metrics/trends, operations, top, anomalies, budgets, alerts,',
    'alerts/rules, notices, live (how things stand this second), and query with --body. Their parameters: <url>/api/v1/docs.',
    '',
    'Example: tokmeter query costs last=7d granularity=1d',
    '         tokmeter query top dimension=service by=cost last=30d --format csv',
    '         tokmeter query query --body \'{"last": "24h", "group_by": ["model"], "metrics": [{"field": "duration_ms", "aggregation": "p95"}]}\'',
  ].join('\n'),

  async run(given, terminal) {
    const format = formatOf(given, terminal)
    const response = await ask(given, format)
    const text = await response.text()
    if (!response.ok) throw new Error(failureOf(response, text))
    if (format === 'table') terminal.output.write(`${answerText(JSON.parse(text))}\n`)
    else terminal.output.write(format === 'json' ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text)
    return 0
  },
}

async function ask(given: Given, format: Format): Promise<Response> {
  const base = textOf(given, 'url') ?? DEFAULT_URL
  const [question, ...parameters] = given.operands
  if (question === undefined) throw new WrongUse('say what is asked, such as: tokmeter query costs last=7d')
  if (!URL.canParse(base)) throw new WrongUse(`--url must be one such as ${DEFAULT_URL}; got ${base}`)
  const url = new URL(`${base.replace(/\/+$/, '')}/api/v1/${question.split('/').map(encodeURIComponent).join('/')}`)
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    if (equals <= 0) throw new WrongUse(`a parameter is given as name=value; got ${parameter}`)
    url.searchParams.append(parameter.slice(0, equals), parameter.slice(equals + 1))
  }
  const body = textOf(given, 'body')
  const tokenFile = textOf(given, 'token-file')
  const headers = {
    accept: ACCEPTED[format],
    ...(tokenFile !== undefined && { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  try {
    return await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const cause = (error as Error).cause
    const reason = cause instanceof Error ? cause.message : (error as Error).message
    throw new Error(`no collector answers at ${url.origin} (${reason}); --url says where it is`, { cause: error })
  }
}

function formatOf(given: Given, { output }: Terminal): Format {
  const format = textOf(given, 'format') ?? (output.isTTY ? 'table' : 'json')
  if (!Object.hasOwn(ACCEPTED, format)) throw new WrongUse(`--format must be table, json, csv or jsonl; got ${format}`)
  return format as Format
}

/** What went wrong, in the collector's words where it has any. */
function failureOf({ status }: Response, text: string): string {
  try {
    const { error } = JSON.parse(text) as { error: { message: string } }
    return status === 404 ? `the collector knows no such question (tokmeter query --help names them)` : error.message
  } catch {
    return `the answer is ${status}, which a collector does not send: does something else listen there?`
  }
}
