/** Every answer of a whole collector against its own OpenAPI document: no field missing, none besides, and the same as CSV and as lines of JSON. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { questionsOf } from '../../../bench/query-questions.js'
import type { Collector } from '../../../src/collector/collector.js'
import { collector, configOf, ledgerOf, newDirectory, post, stopAll } from '../running.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.now()

type Asked = { readonly path: string; readonly body?: object; readonly range: string }
type Media = { readonly schema: object; readonly 'x-table'?: string }
type Described = { readonly responses: { readonly 200: { readonly content: { readonly [type: string]: Media } } } }
type Document = {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Described } }
  readonly components: object
}
type Row = { readonly [column: string]: unknown }

/** What a spreadsheet takes for a formula, and what CSV has to quote; line ends are in nothing that is received. */
const ODD = ['=1+1', '+SUM(A1)', '@cmd', '-2', 'a "quoted", name', "it's", 'ü 模 🙂']
const MODELS = ['gpt-4o-mini', 'gpt-4.1', 'nobody-priced-this', ...ODD]

/** Three days of calls, tools and agents; some fail, some are without usage, one in three is nobody's. */
const events = Array.from({ length: 240 }, (_, index) => ({
  event_id: `e-${index}`,
  timestamp_ms: NOW - 3 * DAY + index * 17 * 60_000,
  provider: index % 3 === 0 ? 'anthropic' : 'openai',
  model: MODELS[index % MODELS.length],
  operation: index % 13 === 0 ? 'invoke_agent' : index % 11 === 0 ? 'execute_tool' : 'chat',
  duration_ms: index % 7 === 0 ? undefined : 100 * (index + 1),
  time_to_first_chunk_ms: index % 4 === 0 ? 20 + index : undefined,
  service: ['search', ODD[index % ODD.length]][index % 2],
  environment: 'production',
  tags: index % 9 === 0 ? undefined : { team: ODD[index % ODD.length], size: index, beta: true },
  agent_id: index % 2 === 0 ? 'planner' : undefined,
  user_id: index % 3 === 0 ? undefined : `user-${index % 4}`,
  conversation_id: index % 5 === 0 ? undefined : `conversation-${index % 6}`,
  ...(index % 10 === 9
    ? { event_type: 'llm_request_failed', error_code: '503', error_message: '=cmd|"x"\n' }
    : { event_type: 'llm_request_completed', input_tokens: 1000 + index, output_tokens: 100 }),
}))

let made: Collector
let document: Document
let questions: ReadonlyMap<string, readonly Asked[]>

beforeAll(async () => {
  // Asked twice, what is of now is the same.
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  const directory = newDirectory()
  writeFileSync(
    join(directory, 'tokmeter.yaml'),
    `budgets:
  - { name: services, limitUsd: 1, period: month, per: service }
  - { name: search, limitUsd: 0.001, period: week, filters: { service: [search] } }
alerts:
  delay: 0s
  rules:
    - { name: Busy, kind: threshold, field: operations, aggregation: count, threshold: 0, window: 1d }
    - { name: Each, kind: error_rate, threshold: 0.01, window: 31d, groupBy: [model], severity: info }
    - { name: Burning, kind: burn_rate, objective: 0.9 }
`,
  )
  made = await collector(configOf(directory))
  const answer = await post(`${made.url}/api/v1/analytics/events`, events)
  expect([answer.status, await answer.clone().text()]).toEqual([202, expect.anything()])
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
  while (!(await (await fetch(`${made.url}/api/v1/alerts`)).text()).includes('"rule"'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  document = (await (await fetch(`${made.url}/api/v1/openapi.json`)).json()) as Document
  const of = (end: number) => questionsOf(document, end) as Map<string, Asked[]>
  const [lately, before] = [of(NOW + HOUR), of(NOW - 200 * DAY)]
  questions = new Map(
    [...lately].map(([path, asked]) => {
      // Of a time when there was nothing, too.
      const [empty] = before.get(path)!
      return [path, [...asked.filter(({ range }) => range !== '7 d'), empty!]]
    }),
  )
})
afterAll(async () => {
  vi.useRealTimers()
  await stopAll()
})

async function answerOf({ path, body }: Asked, accept: string): Promise<string> {
  const response = await fetch(`${made.url}${path}`, {
    headers: { accept, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect([path, response.status, response.headers.get('content-type')?.split(';')[0]]).toEqual([path, 200, accept])
  return text
}

const describedAt = (path: string) => {
  const { get, post } = document.paths[`/api/v1${path}`]!
  return (get ?? post)!.responses[200].content
}

test('every answer has the fields that the document says it has, and none besides', async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'openapi', ...document })
  const wrong: unknown[] = []
  const seen = new Set<string>()
  for (const [path, asked] of questions) {
    const pointer = `/api/v1${path}`.replaceAll('~', '~0').replaceAll('/', '~1')
    const { 'application/json': media } = describedAt(path)
    const method = document.paths[`/api/v1${path}`]!['get'] === undefined ? 'post' : 'get'
    const isValid = ajv.compile({
      $ref: `openapi#/paths/${encodeURIComponent(pointer)}/${method}/responses/200/content/application~1json/schema`,
    })
    expect(media!.schema).toMatchObject({ additionalProperties: false, required: expect.anything() })
    for (const question of asked) {
      const answer = JSON.parse(await answerOf(question, 'application/json')) as Row
      if (!isValid(answer)) wrong.push([question.path, isValid.errors?.slice(0, 3)])
      for (const [name, value] of Object.entries(answer))
        if (Array.isArray(value) && value.length > 0) seen.add(`${path} ${name}`)
      // A field more would be found.
      expect(isValid({ ...answer, unknown: 1 })).toBe(false)
    }
  }
  expect(wrong).toEqual([])
  // What is never anything is not checked. What reports and anomalies tell depends on the day: their own tests check it.
  const lists = [...questions.keys()].flatMap((path) => {
    const { properties } = describedAt(path)['application/json']!.schema as { properties: { [name: string]: Row } }
    return Object.entries(properties).flatMap(([name, { type }]) => (type === 'array' ? [`${path} ${name}`] : []))
  })
  expect(lists.filter((list) => !seen.has(list) && !/^\/(reports|anomalies)/.test(list))).toEqual([
    '/tokens by_workflow',
    '/health-scores idle',
  ])
}, 120_000)

test('every table is the same as JSON, as CSV read back, and as lines of JSON', async () => {
  const tables = [...questions.keys()].filter((path) => describedAt(path)['text/csv']!['x-table'] !== undefined)
  expect(tables.length).toBeGreaterThan(20)
  const texts = new Set<unknown>()
  for (const path of tables) {
    const table = describedAt(path)['text/csv']!['x-table']!
    expect(describedAt(path)['application/x-ndjson']!['x-table']).toBe(table)
    for (const question of questions.get(path)!) {
      const answer = JSON.parse(await answerOf(question, 'application/json')) as { [name: string]: Row[] }
      const rows = answer[table]!
      const lines = (await answerOf(question, 'application/x-ndjson')).split('\n')
      expect(lines.pop()).toBe('')
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows)

      const [head, ...records] = parse(await answerOf(question, 'text/csv'), { recordDelimiter: '\r\n' }) as string[][]
      const flat = rows.map((row) => flattened(row))
      const columns = new Set(flat.flatMap((row) => Object.keys(row)))
      // Without rows there are the columns that every row has.
      expect([question.path, head!.length > 0 && head![0] !== '']).toEqual([question.path, true])
      if (rows.length > 0) expect(new Set(head)).toEqual(columns)
      expect(new Set(head).size).toBe(head!.length)
      const read = records.map((cells, index) =>
        Object.fromEntries(cells.map((cell, place) => [head![place], readAs(cell, flat[index]?.[head![place]!])])),
      )
      const whole = flat.map((row) => Object.fromEntries(head!.map((name) => [name, row[name] ?? null])))
      expect([question.path, read]).toEqual([question.path, whole])
      for (const row of flat) for (const value of Object.values(row)) texts.add(value)
    }
  }
  // All that is odd was in some table.
  expect(ODD.filter((text) => !texts.has(text))).toEqual([])
}, 120_000)

test('a table without rows has the columns that its rows would have', async () => {
  const of = async (path: string) => {
    const question = { path: `/api/v1${path}`, range: '' }
    return answerOf(
      { ...question, path: `${question.path}${path.includes('?') ? '&' : '?'}end_time=2020-01-01` },
      'text/csv',
    )
  }
  expect(await of('/top')).toBe('rank,value,cost,tokens,calls,errors,latency,share\r\n')
  expect(await of('/metrics/models')).toMatch(/^model,provider,metrics\.request_count,.*,metrics\.success_rate\r\n$/)
  expect(await of('/operations')).toBe('id,operation,startTime\r\n')
  expect(await of('/notices')).toBe('id,kind,time\r\n')
})

/** Objects in a row are columns of their own. */
function flattened(row: Row, prefix = ''): Row {
  const entries = Object.entries(row).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(flattened(value as Row, `${prefix}${name}.`))
      : [[prefix + name, value]],
  )
  return Object.fromEntries(entries)
}

/** A cell as what it says, where the JSON has a value of that type. */
function readAs(cell: string, like: unknown): unknown {
  if (like === null || like === undefined) return cell === '' ? null : cell
  if (typeof like === 'number') return cell === '' ? cell : Number(cell)
  if (typeof like === 'boolean') return cell === 'true' ? true : cell === 'false' ? false : cell
  if (typeof like !== 'string') return JSON.parse(cell)
  // What would be a formula has an apostrophe before it, and nothing else has.
  const isFormula = /^[=+\-@\t\r]/.test(like)
  return isFormula && cell.startsWith("'") ? cell.slice(1) : isFormula ? `no apostrophe: ${cell}` : cell
}
