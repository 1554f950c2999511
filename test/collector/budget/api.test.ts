/** Budgets over real HTTP, of a whole collector: asked for, made, changed, deleted, reloaded, and refused to whoever may not. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LIST, ONE } from '../../../src/collector/budget/answer.js'
import { COMMANDS } from '../../../src/collector/cli/commands.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import type { Collector } from '../../../src/collector/collector.js'
import { changesBetween } from '../../../src/collector/config/changes.js'
import type { Config } from '../../../src/collector/config.js'
import { hashToken } from '../../../src/collector/security/tokens.js'
import { parsePage } from '../../prometheus-page.js'
import { createTerminal } from '../cli/terminal.js'
import { collector, configOf, event, json, ledgerOf, newDirectory, post, stop, stopAll } from '../running.js'

type Row = { readonly [field: string]: unknown; readonly name: string }
type Answer = {
  readonly budgets: Row[]
  readonly definitions: Row[]
  readonly definition: Row
  readonly summary: unknown
  readonly has_more: boolean
  readonly error: { readonly code: string; readonly message: string; readonly details?: object }
}
type Sent = { readonly status: number; readonly body: Answer }

let made: Collector
let config: Config

const CONFIGURED = JSON.stringify([
  { name: 'everything', limitUsd: 10, period: 'month' },
  { name: 'each-service', limitUsd: '0.002', period: 'month', per: 'service' },
])

beforeAll(async () => {
  config = configOf(newDirectory(), { budgets: CONFIGURED })
  made = await collector(config)
  const spent = (id: string, service: string, cost_micros?: number) => ({
    ...event(id, 'nobody-priced-this'),
    service,
    user_id: service,
    ...(cost_micros !== undefined && { cost_micros }),
  })
  const events = [spent('a', 'api', 1500), spent('b', 'api', 500), spent('c', 'batch', 1), spent('d', 'batch')]
  expect((await post(`${made.url}/api/v1/analytics/events`, events)).status).toBe(202)
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
})
afterAll(stopAll)

async function send(method: string, path: string, body?: unknown, headers: object = {}): Promise<Sent> {
  const response = await fetch(`${made.url}/api/v1/budgets${path}`, {
    method,
    headers: { ...(body !== undefined && json), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

const name = (row: Row) => row.name

test('every budget is told, the most used first, as the document says it would be', async () => {
  const { status, body } = await send('GET', '')
  expect(status).toBe(200)
  expect(LIST.parse(body)).toEqual(body)
  const at = new Date()
  const start = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth())).toISOString()
  expect(body.budgets).toMatchObject([
    {
      name: 'each-service',
      value: 'api',
      status: 'exhausted',
      risk_level: 'exhausted',
      used: 1,
      spent_usd: 0.002,
      remaining_usd: 0,
      exhausted_in_seconds: 0,
    },
    {
      name: 'each-service',
      value: 'batch',
      status: 'active',
      risk_level: 'low',
      used: 0.0005,
      spent_usd: 0.000001,
      coverage: { calls: 2, cost: 0.5 },
    },
    {
      name: 'everything',
      limit_usd: 10,
      spent_usd: 0.002001,
      remaining_usd: 9.997999,
      coverage: { calls: 4, cost: 0.75 },
      is_complete: true,
      window: { start_time: start },
    },
  ])
  expect(body.summary).toEqual({ low: 2, medium: 0, high: 0, critical: 0, exhausted: 1, unknown: 0 })
  expect(body.definitions).toEqual([
    {
      name: 'each-service',
      source: 'config',
      limit_usd: 0.002,
      period: 'month',
      filters: {},
      per: 'service',
      thresholds: [50, 80, 95, 100],
      has_more_values: false,
    },
    {
      name: 'everything',
      source: 'config',
      limit_usd: 10,
      period: 'month',
      filters: {},
      thresholds: [50, 80, 95, 100],
      has_more_values: false,
    },
  ])
  const page = await send('GET', '?limit=1&offset=1')
  expect([page.body.budgets.map((row) => row['value']), page.body.has_more]).toEqual([['batch'], true])
  const exhausted = await send('GET', '?risk_level=exhausted')
  expect(exhausted.body.budgets.map((row) => row['value'])).toEqual(['api'])
  expect(exhausted.body.definitions.map(name)).toEqual(['each-service'])
  const csv = await fetch(`${made.url}/api/v1/budgets`, { headers: { accept: 'text/csv' } })
  expect((await csv.text()).split('\r\n')[1]).toMatch(/^each-service,api,exhausted,exhausted,1,0\.002,0\.002,0,/)
})

test('the command line shows them as a table', async () => {
  const { terminal, written } = createTerminal()
  const args = ['query', 'budgets', '--format', 'table', '--url', made.url]
  expect(await runCommandLine(args, { commands: COMMANDS, version: '0', terminal })).toBe(0)
  expect(written.output).toMatch(
    /\nbudgets:\n {2}name +value +status .*\n {2}each-service +api +exhausted +exhausted +1 +0\.002 /,
  )
})

test('a budget is made, shown, replaced and deleted', async () => {
  const filters = { service: 'api', 'tag:team': ['red', 'blue'] }
  const first = await send('PUT', '/made', { limit_usd: '0.000000001', period: 'day', filters })
  expect(first).toMatchObject({
    status: 200,
    body: {
      definition: {
        name: 'made',
        source: 'api',
        limit_usd: 1e-9,
        filters: { service: ['api'], 'tag:team': ['red', 'blue'] },
      },
      budgets: [{ spent_usd: 0, used: 0, risk_level: 'low', coverage: { calls: 0, cost: null } }],
    },
  })
  expect(ONE.parse(first.body)).toEqual(first.body)
  const replaced = await send('PUT', '/made', {
    limit_usd: 0.004,
    period: 'month',
    filters: { service: 'api' },
    thresholds: [],
  })
  expect(replaced.body.budgets).toMatchObject([{ spent_usd: 0.002, used: 0.5, risk_level: 'medium' }])
  expect((await send('GET', '/made')).body.definition).toEqual(replaced.body.definition)
  expect((await send('GET', '')).body.definitions.map(name)).toEqual(['each-service', 'everything', 'made'])
  expect(await send('DELETE', '/made')).toEqual({ status: 200, body: { deleted: 'made' } })
  expect(await send('DELETE', '/made')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  expect(await send('GET', '/made')).toMatchObject({
    status: 404,
    body: { error: { message: 'there is no budget "made"' } },
  })
})

test('a mistake is told with what is allowed, whatever is sent', async () => {
  const good = { limit_usd: 1, period: 'day' }
  const f = async (body: unknown, field: string, message: string | RegExp) => {
    const { status, body: answer } = await send('PUT', '/wrong', body)
    expect([status, answer.error.code, answer.error.details]).toMatchObject([400, 'VALIDATION_ERROR', { field }])
    expect(answer.error.message).toMatch(message)
  }
  await f({ ...good, limit_usd: 0 }, 'limit_usd', /must be an amount of dollars such as 100 or "0.05"/)
  await f({ ...good, limit_usd: 1e300 }, 'limit_usd', /at most 12 digits/)
  await f({ ...good, limit_usd: '1; DROP' }, 'limit_usd', /must be an amount/)
  await f({ ...good, period: 'year' }, 'period', /"hour"\|"day"\|"week"\|"month"/)
  await f({ ...good, limit: 1 }, 'limit', /is no parameter; there are limit_usd, period, filters, per, thresholds/)
  await f({ ...good, filters: { conversation_id: 'x' } }, 'filters.conversation_id', /must be one of provider, model/)
  await f({ ...good, filters: { "tag:a'] OR 1=1 --": 'x' } }, "filters.tag:a'] OR 1=1 --", /must be one of/)
  await f({ ...good, filters: { service: '\ud800' } }, 'filters.service', /must be/)
  await f({ ...good, filters: { service: [] } }, 'filters.service', /a list of 1 to 100 texts/)
  await f({ ...good, per: 'user' }, 'per', /user_id and tag:<key>/)
  await f({ ...good, thresholds: [0] }, 'thresholds[0]', /wrong/)
  await f({ ...good, period: 'month', per: 'user_id' }, 'period', /store\.retention\.raw must be at least 31d/)
  await f([], 'body', /wrong/)
  await f('null', 'limit_usd', /wrong/)
  expect((await send('PUT', "/it's", good)).body.error.details).toEqual({ field: 'name' })
  expect((await send('GET', `/${'a'.repeat(65)}`)).status).toBe(400)
  expect((await send('GET', '?risk_level=none')).body.error.details).toMatchObject({ field: 'risk_level' })
  expect((await send('GET', '')).body.definitions.map(name)).not.toContain('wrong')
})

test('what is compared with is a value, never SQL', async () => {
  const odd = `api') OR 1=1 -- \\ " {x:String} \n 😀`
  const { status, body } = await send('PUT', '/odd', {
    limit_usd: 1,
    period: 'month',
    filters: { service: ['api', odd], model: odd },
  })
  expect([status, body.budgets[0]?.['spent_usd']]).toEqual([200, 0])
  expect(body.definition['filters']).toEqual({ service: ['api', odd], model: [odd] })
  await send('DELETE', '/odd')
})

test('what the configuration says is changed there, and a changed one is taken while running', async () => {
  const conflict = {
    status: 409,
    body: {
      error: { code: 'CONFLICT', message: 'the budget "everything" is one of the configuration: change it there' },
    },
  }
  expect(await send('PUT', '/everything', { limit_usd: 1, period: 'day' })).toMatchObject(conflict)
  expect(await send('DELETE', '/everything')).toMatchObject(conflict)
  const changed = configOf(config.data, {
    budgets: JSON.stringify([{ name: 'everything', limitUsd: 0.0025, period: 'month' }]),
  })
  await made.reload(changesBetween(config, changed))
  config = changed
  const { body } = await send('GET', '')
  expect(body.budgets).toMatchObject([{ name: 'everything', used: 0.8004, risk_level: 'high' }])
  // A reload looks at the store at once.
  await vi.waitFor(async () => {
    const answer = await fetch(`${made.url}/api/v1/notices?last=1h&kind=budget_threshold_reached&name=everything`)
    expect(await answer.json()).toMatchObject({
      notices: [{ budget: { name: 'everything', threshold_percent: 80, spent_usd: 0.002001, limit_usd: 0.0025 } }],
    })
  }, 10_000)
  const { samples } = parsePage(await (await fetch(`${made.url}/metrics`)).text())
  const sample = (of: string) => samples.find((one) => one.name === of && one.labels['budget'] === 'everything')?.value
  expect([sample('tokmeter_budget_used_ratio'), sample('tokmeter_budget_remaining')]).toEqual([0.8004, 0.000499])
})

test('who may read, may not change; and what was made is there after a restart', async () => {
  await send('PUT', '/kept', { limit_usd: 1, period: 'week' })
  await stop(made)
  const of = async (scope: 'read' | 'admin' | 'ingest') => ({
    name: scope,
    hash: await hashToken(`a-token-to-${scope}`),
    scopes: [scope],
  })
  made = await collector({ ...config, tokens: [await of('read'), await of('admin'), await of('ingest')] })
  const as = (scope: string) => ({ authorization: `Bearer a-token-to-${scope}` })
  const body = { limit_usd: 1, period: 'week' }
  const f = async (scope: string, ...statuses: number[]) => {
    const answers = [
      await send('GET', '', undefined, as(scope)),
      await send('GET', '/kept', undefined, as(scope)),
      await send('PUT', '/kept', body, as(scope)),
      await send('DELETE', '/kept', undefined, as(scope)),
    ]
    expect(answers.map(({ status }) => status)).toEqual(statuses)
  }
  await f('ingest', 403, 403, 403, 403)
  await f('read', 200, 200, 403, 403)
  await f('admin', 200, 200, 200, 200)
  await f('nobody', 401, 401, 401, 401)
  const document = (await (await fetch(`${made.url}/api/v1/openapi.json`, { headers: as('read') })).json()) as {
    paths: { [path: string]: { [method: string]: { operationId: string; parameters?: object[]; responses: object } } }
  }
  const { get, put, delete: remove } = document.paths['/api/v1/budgets/{name}']!
  expect([get, put, remove].map((one) => one!.operationId)).toEqual([
    'getBudgetsName',
    'putBudgetsName',
    'deleteBudgetsName',
  ])
  expect(put).toMatchObject({
    description: 'Needs the scope admin, where tokens are configured.',
    parameters: [{ name: 'name', in: 'path', required: true }],
    requestBody: { content: { 'application/json': { schema: { required: ['limit_usd', 'period'] } } } },
    responses: { 404: {}, 409: {} },
  })
})
