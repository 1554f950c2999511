/**
 * How long the answers of the query API take, asked of the built collector over HTTP: every endpoint, as `bench/query-questions.js` asks it,
 * made anew and kept; what 50 who ask at once take of what comes in; and what ten times the operations change. Prints JSON lines.
 *
 *     node bench/query.js [names…] [--short] [--rows N] [--data DIRECTORY]
 *
 * The history is made once, in `--data`, and used again; as long as its schema is that of this program.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requests, sendAll, start, until } from './collector-process.js'
import { emit, progress } from './line.js'
import { SPANS } from './otlp-bodies.js'
import { historyOf, KEEPING } from './query-history.js'
import { questionsOf } from './query-questions.js'
import { alternate, median } from './rounds.js'

const { values: options, positionals } = parseArgs({
  options: { short: { type: 'boolean' }, rows: { type: 'string' }, data: { type: 'string' } },
  allowPositionals: true,
})
const rows = Number(options.rows ?? (options.short ? 200_000 : 10_000_000))
if (!Number.isInteger(rows) || rows < 10_000) throw new RangeError(`--rows must be 10000 or more; got ${options.rows}`)
const directory = options.data ?? join(process.env.TMPDIR ?? tmpdir(), 'tokmeter-bench-query')
/** Rounds of all questions. */
const ROUNDS = options.short ? 2 : 7
const ASKERS = 50
const GROWTH_ROUNDS = 5
/** How many times as long an answer may take when there are ten times the operations. */
const MOST_GROWTH = 1.5
const BUDGETS = [
  { name: 'all', limitUsd: 50_000, period: 'month' },
  { name: 'services', limitUsd: 5000, period: 'month', per: 'service' },
  { name: 'models', limitUsd: 100, period: 'day', per: 'model', filters: { environment: 'production' } },
]
/** Nobody is refused for asking too much. */
const SETTINGS = [...KEEPING, 'listen.limits.questions=0', `budgets=${JSON.stringify(BUDGETS)}`]

/** @typedef {import('./query-questions.js').Asked} Asked */
/** @typedef {Awaited<ReturnType<typeof start>>} Collector */

/** @param {string} name */
const isWanted = (name) =>
  positionals.length === 0 || positionals.some((wanted) => name === wanted || name.startsWith(`${wanted}.`))

/** Starts a collector on a history, and asks it nothing yet. @param {number} count @param {number} alike */
async function collectorOf(count, alike) {
  const history = await historyOf(directory, count, alike)
  const collector = await start(history.path, SETTINGS)
  const questions = questionsOf(await (await collector.get('/api/v1/openapi.json')).json(), history.end)
  return { collector, questions, ...history }
}

/**
 * Milliseconds until all of the answer is here; undefined where a kept one was wanted and there is none.
 * @param {Collector} collector
 * @param {Asked} question
 * @param {boolean} isFresh
 * @param {number} [also] A status that will do as well as 200.
 */
async function timeOf(collector, { path, body }, isFresh, also = 200) {
  const begin = performance.now()
  const headers = {
    ...(isFresh && { 'cache-control': 'no-cache' }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  const response = await collector.get(path, {
    headers,
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const took = performance.now() - begin
  if (response.status !== 200 && response.status !== also)
    throw new Error(`${path} was answered with ${response.status}: ${text}`)
  return isFresh || response.headers.get('cache-status')?.endsWith('hit') ? took : undefined
}

/** Of nearest rank. @param {readonly number[]} times @param {number} share */
function quantile(times, share) {
  const sorted = [...times].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

const milliseconds = (/** @type {number} */ time) => `${time.toFixed(time < 10 ? 1 : 0)} ms`

/** Times of every question, each round one of each: by question. @param {Collector} collector @param {Asked[]} asked @param {boolean} isFresh */
async function timesOf(collector, asked, isFresh) {
  /** @type {Map<Asked, number[]>} */
  const times = new Map(asked.map((question) => [question, []]))
  for (let round = -1; round < ROUNDS; round++)
    for (const question of asked) {
      const took = await timeOf(collector, question, isFresh)
      // The first time loads what the engine keeps, and fills the cache.
      if (round >= 0 && took !== undefined) times.get(question)?.push(took)
    }
  // What is made anew for everybody is never kept.
  return new Map([...times].filter(([, its]) => its.length > 0))
}

/** A line for an endpoint; its p95. @param {string} name @param {Map<Asked, number[]>} times @param {import('./line.js').Limits} [limits] */
function emitTimes(name, times, limits) {
  const all = [...times.values()].flat()
  const [slowest, its] = [...times].sort(([, one], [, other]) => median(other) - median(one))[0]
  const { path, body, range } = slowest
  const words =
    body === undefined
      ? decodeURIComponent(path.replace(/(start|end)_time=[^&]*&?/g, ''))
      : JSON.stringify({ ...body, start_time: undefined, end_time: undefined })
  const p95 = quantile(all, 0.95)
  emit({
    name,
    value: p95,
    unit: 'ms',
    ...(limits && { limits }),
    note: `p95 of ${all.length}; p50 ${milliseconds(quantile(all, 0.5))}; slowest of ${times.size} questions: ${milliseconds(median(its))}, ${range} of ${words}`,
  })
  return p95
}

/** @param {Collector} collector @param {Map<string, Asked[]>} questions */
async function latency(collector, questions) {
  for (const kind of /** @type {const} */ (['uncached', 'cached', 'raw'])) {
    if (!isWanted(`query.${kind}`)) continue
    let worst = { endpoint: '', p95: 0 }
    const limits = { atMost: { uncached: 100, cached: 10, raw: 300 }[kind] }
    for (const [endpoint, asked] of questions) {
      const chosen = asked.filter(
        ({ isRaw, range }) =>
          ({
            uncached: !isRaw,
            // Not what may be refused, and then is looked for again each time.
            cached: !(isRaw && range === '30 d'),
            raw: isRaw && range === '24 h',
          })[kind],
      )
      if (chosen.length === 0) continue
      progress(`query.${kind}: ${endpoint}`)
      const times = await timesOf(collector, chosen, kind !== 'cached')
      if (times.size === 0) continue
      // A report is a page of answers, and has a number of its own.
      const isReport = kind === 'uncached' && endpoint.startsWith('/reports/')
      const p95 = emitTimes(`query.${kind}.${endpoint}`, times, isReport ? { atMost: 500 } : limits)
      if (p95 > worst.p95 && !isReport) worst = { endpoint, p95 }
    }
    emit({ name: `query.${kind}`, value: worst.p95, unit: 'ms', limits, note: `the largest p95: ${worst.endpoint}` })
  }
  if (isWanted('query.longer')) {
    const times = new Map()
    for (const [endpoint, asked] of questions) {
      for (const question of asked.filter(({ isRaw, range }) => isRaw && range !== '24 h')) {
        progress(`query.longer: ${endpoint}, ${question.range}`)
        // Some ask for more groups than the engine may have memory for, and are told so: as many conversations as a month has.
        const its = [await timeOf(collector, question, true, 400), await timeOf(collector, question, true, 400)]
        times.set(question, its)
      }
    }
    for (const range of ['7 d', '30 d'])
      emitTimes(
        `query.longer.${range.replace(' ', '')}`,
        new Map([...times].filter(([question]) => question.range === range)),
      )
  }
}

/** What comes in a second, alone and while so many ask, turn by turn. */
async function besideIngest() {
  const history = await historyOf(directory, rows, 1)
  const copy = mkdtempSync(join(directory, 'ingest-'))
  try {
    progress('query.ingest: a copy of the history, which is changed')
    cpSync(history.path, copy, { recursive: true })
    const collector = await start(copy, SETTINGS)
    const document = await (await collector.get('/api/v1/openapi.json')).json()
    const asked = [...questionsOf(document, history.end).values()]
      .flat()
      .filter(({ isRaw, range }) => !isRaw && range !== '30 d')
    const count = options.short ? 40 : 200
    let answered = 0
    const ingest = async () => {
      const bodies = requests(count, SPANS)
      const begin = performance.now()
      await sendAll(collector, bodies)
      await until(collector, ({ inQueue }) => inQueue === 0)
      return (count * SPANS) / ((performance.now() - begin) / 1000)
    }
    const withAskers = async () => {
      let isOver = false
      let next = 0
      const asking = Array.from({ length: ASKERS }, async () => {
        while (!isOver) {
          await timeOf(collector, asked[next++ % asked.length], true)
          answered++
        }
      })
      const rate = await ingest()
      isOver = true
      await Promise.all(asking)
      return rate
    }
    const rounds = options.short ? 2 : 5
    const rates = await alternate({ alone: ingest, asked: withAskers }, { rounds, warmUp: 1 })
    await collector.stop()
    const [alone, beside] = [median(rates.alone), median(rates.asked)]
    emit({
      name: 'query.ingest',
      value: beside,
      unit: 'spans/s',
      rival: 'the same without anybody asking',
      rivalValue: alone,
      ratio: beside / alone,
      limits: { ratioAtLeast: 0.8 },
      note: `${ASKERS} who ask one question after the other, none from the cache: ${answered} answers; rates ${rates.asked.map(Math.round).join(', ')} and alone ${rates.alone.map(Math.round).join(', ')}`,
    })
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** The same questions of a tenth of the operations, whose rollups have as many rows. */
async function growth() {
  const few = await collectorOf(rows / 10, 1)
  const many = await collectorOf(rows, 10)
  let worst = { ratio: 0, note: '' }
  const ratios = []
  /** @type {string[]} */
  const beyond = []
  for (const [endpoint, asked] of few.questions) {
    // A report counts users and conversations in the operations themselves.
    if (endpoint.startsWith('/reports/')) continue
    for (const [index, question] of asked.entries()) {
      if (question.isRaw) continue
      const other = many.questions.get(endpoint)?.[index]
      if (other === undefined) throw new Error('BUG: the two collectors have different endpoints')
      progress(`query.growth: ${endpoint}, ${question.range}`)
      const both = {
        few: async () => Number(await timeOf(few.collector, question, true)),
        many: async () => Number(await timeOf(many.collector, other, true)),
      }
      const ratioOf = async (/** @type {number} */ rounds) => {
        const times = await alternate(both, { rounds, warmUp: 1 })
        const [before, after] = [median(times.few), median(times.many)]
        return { ratio: after / before, note: `${milliseconds(before)} and ${milliseconds(after)}` }
      }
      let found = await ratioOf(GROWTH_ROUNDS)
      // The largest of a hundred ratios of a few rounds is one that was disturbed: what is too large is looked at again, longer.
      if (found.ratio > MOST_GROWTH) found = await ratioOf(3 * GROWTH_ROUNDS)
      ratios.push(found.ratio)
      if (found.ratio > MOST_GROWTH)
        beyond.push(`${endpoint}, ${question.range}: ${found.ratio.toFixed(1)} (${found.note})`)
      if (found.ratio > worst.ratio)
        worst = { ratio: found.ratio, note: `${endpoint}, ${question.range}: ${found.note}` }
    }
  }
  await few.collector.stop()
  await many.collector.stop()
  emit({
    name: 'query.growth',
    value: worst.ratio,
    unit: 'times',
    limits: { atMost: MOST_GROWTH },
    note: `median of ${ratios.length} questions ${median(ratios).toFixed(2)}; the answer that takes so much longer with ${rows} operations than with ${rows / 10}, by medians: ${worst.note}; beyond it are ${beyond.length}: ${beyond.join('; ')}`,
  })
}

if (['query.uncached', 'query.cached', 'query.raw', 'query.longer'].some(isWanted)) {
  const { collector, questions } = await collectorOf(rows, 1)
  await latency(collector, questions)
  await collector.stop()
}
if (isWanted('query.growth')) await growth()
if (isWanted('query.ingest')) await besideIngest()
