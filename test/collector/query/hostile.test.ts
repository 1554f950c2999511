/**
 * Hostile values in every parameter of every endpoint that the OpenAPI document of a running collector names: each is answered, or told
 * to be a mistake; nothing of it is a failure of ours, and nothing reaches the engine as SQL.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Collector } from '../../../src/collector/collector.js'
import { collector, configOf, event, ledgerOf, newDirectory, post, stopAll } from '../running.js'

let made: Collector
beforeAll(async () => {
  made = await collector(configOf(newDirectory(), { 'listen.limits.questions': '0' }))
  await post(`${made.url}/api/v1/analytics/events`, [{ ...event('a'), tags: { team: "it's" }, service: "o'hare" }])
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
})
afterAll(stopAll)

/** What would end a literal, a name or a comment, or be taken for a placeholder, a key of an object, another number or another text. */
const HOSTILE: readonly string[] = [
  '',
  "') OR ('1'='1' -- ",
  "x\\' UNION ALL SELECT name FROM system.users --",
  '`; DROP TABLE operations; /*',
  '{filter0:String}',
  "tag:a'] OR 1=1 --",
  "team:\\'] = tags['team",
  '__proto__',
  'constructor:x',
  '\0\n\r\u2028\ufeff',
  '-1',
  '1e999',
  '9999999999999999999999',
  '9999-12-31T23:59:59Z',
  '<script>=1+1</script>',
  'x'.repeat(1001),
]

type Schema = {
  readonly type?: string | readonly string[]
  readonly properties?: { readonly [name: string]: Schema }
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}
type Operation = {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}
type Path = readonly (string | number)[]
const PATHS = '/api/v1/'
const METRIC = { field: 'calls', aggregation: 'count' }
/** Bodies in which one text at a time is put in the place of what is there. */
const BODIES: { readonly [path: string]: object } = {
  '/api/v1/query': {
    metrics: [METRIC],
    group_by: ['model'],
    filters: [{ dimension: 'model', operator: 'eq', value: 'a' }],
    order: { by: 'count_calls', direction: 'asc' },
  },
  '/api/v1/budgets/{name}': { limit_usd: 1, period: 'day', filters: { model: ['a'] } },
}

async function operations(): Promise<{ method: string; path: string; operation: Operation }[]> {
  const document = (await (await fetch(`${made.url}/api/v1/openapi.json`)).json()) as {
    paths: { [path: string]: { [method: string]: Operation } }
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

const wrong: unknown[] = []

/** Notes what is neither answered nor told to be a mistake. */
async function send(url: string, init: RequestInit, about: unknown): Promise<void> {
  const response = await fetch(`${made.url}${url}`, {
    ...init,
    headers: { accept: 'application/json', ...init.headers },
  })
  const text = await response.text()
  if (response.ok) return
  const { error } = JSON.parse(text) as { error: { code: string; message: string } }
  const isMistake = response.status >= 400 && response.status < 500 && typeof error.code === 'string'
  // Neither the engine nor the program speaks here.
  const isOurs = !/DB::Exception|Code: \d|node_modules|at \w+ \(/.test(error.message)
  if (!isMistake || !isOurs) wrong.push([init.method, url.slice(0, 200), about, response.status, error])
}

/** Has them done, a few at a time. */
async function all(work: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...work]
  const worker = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await next()
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

const written = (value: string) => encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))
const filled = (path: string, value = 'a') => path.replace(/\{\w+\}/g, value)

/** Most of them are answered, and each answer takes its time: by default one in three of them, others in every parameter, by HOSTILE=all every one in each. */
const EVERY = process.env['HOSTILE'] === 'all' ? 1 : 3

test('every parameter of every question may be anything', async () => {
  const work: (() => Promise<void>)[] = []
  let seen = 0
  for (const { method, path, operation } of await operations()) {
    for (const { name, in: place } of operation.parameters ?? []) {
      if (place === 'path' && method === 'PUT') continue
      seen++
      for (const value of HOSTILE.filter((_, index) => (index + seen) % EVERY === 0)) {
        const url = place === 'path' ? filled(path, written(value)) : `${filled(path)}?${name}=${written(value)}`
        work.push(() => send(url, { method }, value))
      }
      if (place === 'path') continue
      const many = `${name}=${`a&${name}=`.repeat(101)}`
      const odd = [`${name}=a&${name}='`, `${name}[a]=a`, `${name}=%ff%fe`, `${name}`, many]
      for (const query of odd.filter((_, index) => (index + seen) % EVERY === 0))
        work.push(() => send(`${filled(path)}?${query}`, { method }, query))
    }
  }
  expect(work.length).toBeGreaterThan(3000 / EVERY)
  await all(work)
  expect(wrong).toEqual([])
}, 600_000)

test('every text of every body may be anything, and so may what is no text', async () => {
  const work: (() => Promise<void>)[] = []
  for (const { method, path, operation } of await operations()) {
    const schema = operation.requestBody?.content['application/json'].schema
    const body = BODIES[path]
    if (schema === undefined || body === undefined) continue
    const add = (value: unknown, about: unknown) => {
      const headers = { 'content-type': 'application/json' }
      work.push(() => send(filled(path), { method, headers, body: JSON.stringify(value) }, about))
    }
    for (const place of placesOf(body))
      for (const value of [...HOSTILE, null, 1e308, true, [], {}, [[[]]], ['a', 1]])
        add(changed(body, place, value), value)
    for (const name of Object.keys(schema.properties ?? {}))
      for (const value of [...HOSTILE, null, -1, [null], [{}], ['']]) add({ ...body, [name]: value }, value)
    for (const value of [null, [], 'text', 1, { constructor: { prototype: {} } }]) add(value, value)
  }
  expect(work.length).toBeGreaterThan(500)
  await all(work)
  expect(wrong).toEqual([])
}, 240_000)

test('and all of it changed nothing', async () => {
  const { operations: kept } = (await (await fetch(`${made.url}${PATHS}operations`)).json()) as {
    operations: { id: string }[]
  }
  expect(kept.map(({ id }) => id)).toEqual(['a'])
})

/** Where in a body there is a text or a number. */
function placesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) =>
    placesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

function changed(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
  if (key === undefined) return to
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? changed(item, rest, to) : item))
  return { ...(value as object), [key]: changed((value as { [key: string]: unknown })[key], rest, to) }
}
