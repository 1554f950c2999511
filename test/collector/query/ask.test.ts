import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { type Answer, ask, askApart, askRows } from '../../../src/collector/query/ask.js'
import { InvalidQuestion } from '../../../src/collector/query/invalid-question.js'
import { AGGREGATIONS, type Aggregation, FIELD_NAMES, nameOf } from '../../../src/collector/query/measures.js'
import type { Filter, Question } from '../../../src/collector/query/question.js'
import type { Store } from '../../../src/collector/store/store.js'
import { anyOperation, chat, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'
import { dimensionValue, recomputed } from './recomputed.js'

const HOUR = 3_600_000
const KEPT = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }
const place = { kept: KEPT, now: NOON + 43_200_000 }

let operations: readonly IdentifiedOperation[]
let store: Store

beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() })
  // Names repeat, so that groups have members; times are of the one day.
  operations = fc.sample(anyOperation, { numRuns: 400, seed: 7 }).map((operation, index) => ({
    ...operation,
    id: `operation-${index}`,
    startTime: NOON - (Math.abs(operation.startTime) % (12 * HOUR)),
    conversationId: `${index % 7}`.repeat(32),
    userId: index % 5 === 0 ? undefined : `${index % 3}`.repeat(32),
    agentName: index % 2 === 0 ? 'planner' : undefined,
    operation: ['chat', 'embeddings', 'execute_tool', 'invoke_agent', 'my_own'][index % 5]!,
    tags: { team: `t${index % 4}`, odd: "it's" },
  })) as IdentifiedOperation[]
  await store.insert(operations, 'all')
})
afterAll(closeAll)

function question(fields: Partial<Question>): Question {
  return {
    range: { start: NOON - 12 * HOUR, end: NOON + HOUR },
    measures: [{ field: 'operations', aggregation: 'count' }],
    groupBy: [],
    filters: [],
    having: [],
    limit: 10_000,
    offset: 0,
    ...fields,
  }
}

const DIMENSIONS = [
  'model',
  'provider',
  'operation',
  'service',
  'agent',
  'tool',
  'error_type',
  'user_id',
  'conversation_id',
  'tag:team',
  'response_model',
]

const anyMeasure = fc
  .tuple(fc.constantFrom(...FIELD_NAMES, 'user_id', 'model'), fc.constantFrom(...AGGREGATIONS))
  .filter(([field, aggregation]) => isAllowed(field, aggregation))
  .chain(([field, aggregation]) => {
    const above = fc.constantFrom(undefined, -1, 0, 0.001, 0.02, 30, 300, 1500.5, 1e300)
    return fc.record({
      field: fc.constant(field),
      aggregation: fc.constant(aggregation),
      above: isDistributed(field, aggregation) ? above : fc.constant(undefined),
    })
  })

const isDistributed = (field: string, aggregation: Aggregation) => aggregation === 'count' && isAllowed(field, 'p95')

function isAllowed(field: string, aggregation: Aggregation): boolean {
  if (['user_id', 'model'].includes(field)) return aggregation === 'uniq'
  if (['operations', 'calls', 'errors'].includes(field)) return ['count', 'rate'].includes(aggregation)
  // Of rollups it is the start of a window; the conversations of the API tell it of operations.
  if (field === 'start_time') return false
  if (field === 'error_rate') return aggregation === 'avg'
  if (field === 'total_tokens') return ['sum', 'rate'].includes(aggregation)
  if (['cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens', 'output_chunks', 'retries'].includes(field))
    return ['sum', 'avg', 'count', 'rate'].includes(aggregation)
  return aggregation !== 'uniq'
}

const anyFilter = fc.constantFrom(...DIMENSIONS).chain((dimension) => {
  const value = fc.nat({ max: 399 }).map((index) => dimensionValue(operations[index]!, dimension))
  return fc.oneof(
    fc.record({ dimension: fc.constant(dimension), operator: fc.constantFrom('eq' as const, 'ne' as const), value }),
    fc.record({
      dimension: fc.constant(dimension),
      operator: fc.constant('prefix' as const),
      value: value.map((text) => [...text].slice(0, 2).join('')),
    }),
    fc.record({
      dimension: fc.constant(dimension),
      operator: fc.constantFrom('in' as const, 'not_in' as const),
      value: fc.array(value, { minLength: 1, maxLength: 3 }),
    }),
  )
})

const anyQuestion = fc
  .record({
    start: fc.nat({ max: 13 * HOUR }).map((offset) => NOON - 12 * HOUR + offset),
    length: fc.oneof(
      fc.integer({ min: 1, max: 13 * HOUR }),
      fc.integer({ min: 1, max: 10 }).map((hours) => hours * HOUR),
    ),
    interval: fc.option(fc.constantFrom('5m' as const, '1h' as const, '1d' as const), { nil: undefined }),
    measures: fc.uniqueArray(anyMeasure, {
      minLength: 1,
      maxLength: 5,
      selector: ({ field, aggregation }) => `${field} ${aggregation}`,
    }),
    groupBy: fc.uniqueArray(fc.constantFrom(...DIMENSIONS), { maxLength: 2 }),
    filters: fc.array(anyFilter, { maxLength: 2 }),
  })
  .map(({ start, length, ...rest }) => question({ ...rest, range: { start, end: start + length } }))

function rangeOf({ window }: Answer) {
  return { start: Date.parse(window.start_time), end: Date.parse(window.end_time) }
}

/** As wide as what is stored: microseconds, and sums of floats in another order. */
function expectClose(actual: unknown, expected: number | null, of: string): void {
  if (expected === null || typeof actual !== 'number') expect(actual, of).toBe(expected)
  else
    expect(
      Math.abs(actual - expected) <= 1e-9 * Math.max(Math.abs(expected), 1e-9),
      `${of}: ${actual} for ${expected}`,
    ).toBe(true)
}

function expectAlike(actual: Omit<Answer, 'coverage'>, expected: Omit<Answer, 'coverage'>): void {
  const { rows, ...rest } = expected
  expect(actual).toEqual({ ...rest, rows: expect.anything() })
  expect(actual.rows).toHaveLength(rows.length)
  rows.forEach((row, index) => {
    for (const [column, value] of Object.entries(row))
      if (typeof value === 'number') expectClose(actual.rows[index]![column], value, column)
      else expect(actual.rows[index]![column]).toBe(value)
  })
}

test('any question is answered as a recomputation over the operations answers it', async () => {
  await fc.assert(
    fc.asyncProperty(anyQuestion, async (asked) => {
      const answer = await ask(asked, store, place)
      const rows = [...answer.rows]
      // A long series of many groups has more than one page.
      for (let more = answer.has_more; more; ) {
        const page = await ask({ ...asked, offset: rows.length }, store, place)
        rows.push(...page.rows)
        more = page.has_more
      }
      const expected = recomputed(operations, asked, rangeOf(answer))
      const keys = answer.columns.slice(0, answer.columns.length - asked.measures.length)
      expect(new Set(rows.map((row) => JSON.stringify(keys.map((key) => row[key]))))).toEqual(new Set(expected.keys()))
      for (const row of rows) {
        const values = expected.get(JSON.stringify(keys.map((key) => row[key])))!
        for (const [index, measure] of asked.measures.entries())
          expectClose(row[nameOf(measure)], values[index]!, nameOf(measure))
      }
    }),
    {
      numRuns: Number(process.env['QUERY_RUNS'] ?? 40),
      examples: [
        [
          question({
            range: { start: NOON - 12 * HOUR, end: NOON },
            interval: '5m',
            groupBy: ['response_model', 'operation'],
            measures: [{ field: 'output_tokens', aggregation: 'sum' }],
          }),
        ],
      ],
    },
  )
})

test('numbers told apart by several dimensions at once are those of a question for each, and of one for the whole', async () => {
  // One that only the operations tell makes all be read from them, for the very range.
  const isRaw = (dimension: string) => ['user_id', 'conversation_id', 'tag:team'].includes(dimension)
  const several = anyQuestion.filter(
    ({ groupBy }) => groupBy.length > 0 && groupBy.every((one) => isRaw(one) === isRaw(groupBy[0]!)),
  )
  await fc.assert(
    fc.asyncProperty(several, fc.integer({ min: 1, max: 5 }), async (given, limit) => {
      const asked = { ...given, interval: undefined, limit }
      const { total, by } = await askApart(asked, store, place)
      const whole = await ask({ ...asked, groupBy: [] }, store, place)
      if (whole.source === total.source) expectAlike(total, whole)
      for (const dimension of asked.groupBy)
        expectAlike(by[dimension]!, await askRows({ ...asked, groupBy: [dimension] }, store, place))
    }),
    { numRuns: Number(process.env['QUERY_RUNS'] ?? 20) },
  )
})

test('what is read from rollups is answered for whole minutes, what is read from operations for the very range', async () => {
  const range = { start: NOON - 90_500, end: NOON - 500 }
  const fromRollups = await ask(question({ range }), store, place)
  expect(fromRollups).toMatchObject({
    source: 'rollups',
    window: { start_time: new Date(NOON - 120_000).toISOString(), end_time: new Date(NOON).toISOString() },
  })
  const fromOperations = await ask(question({ range, groupBy: ['user_id'] }), store, place)
  expect(fromOperations).toMatchObject({
    source: 'operations',
    window: { start_time: new Date(range.start).toISOString(), end_time: new Date(range.end).toISOString() },
  })
})

test('coverage tells of which calls usage and cost are known, and nothing where there are no calls', async () => {
  const { coverage } = await ask(question({}), store, place)
  const calls = operations.filter(({ operation }) => ['chat', 'embeddings'].includes(operation))
  const withCost = calls.filter(({ cost }) => cost !== undefined)
  const withUsage = calls.filter(({ usage }) => usage?.inputTokens !== undefined)
  expect(coverage).toEqual({
    calls: calls.length,
    usage: withUsage.length / calls.length,
    cost: withCost.length / calls.length,
  })
  const empty = await ask(question({ range: { start: NOON + 2 * HOUR, end: NOON + 3 * HOUR } }), store, place)
  expect(empty.coverage).toEqual({ calls: 0, usage: null, cost: null })
})

test('spending and coverage are those of calls, whether a filter leaves nothing but calls or others as well', async () => {
  const measures = [
    { field: 'calls', aggregation: 'count' },
    { field: 'cost_usd', aggregation: 'sum' },
    { field: 'cost_usd', aggregation: 'p95' },
    { field: 'input_tokens', aggregation: 'count', above: 30 },
    { field: 'reasoning_tokens', aggregation: 'avg' },
    { field: 'total_tokens', aggregation: 'sum' },
  ] as const
  const f = async (operator: Filter['operator'], value: Filter['value'], remain: readonly string[]) => {
    const asked = question({ measures, filters: [{ dimension: 'operation', operator, value }] })
    const answer = await ask(asked, store, place)
    const [values] = recomputed(operations, asked, rangeOf(answer)).values()
    for (const [index, measure] of measures.entries())
      expectClose(answer.rows[0]![nameOf(measure)], values![index]!, `${operator} ${value} ${nameOf(measure)}`)
    const isCall = ({ operation }: IdentifiedOperation) => ['chat', 'embeddings'].includes(operation)
    const calls = operations.filter((one) => remain.includes(one.operation) && isCall(one))
    const share = (isKnown: (one: IdentifiedOperation) => boolean) =>
      calls.length === 0 ? null : calls.filter(isKnown).length / calls.length
    expect([operator, value, answer.coverage]).toEqual([
      operator,
      value,
      {
        calls: calls.length,
        usage: share(({ usage }) => usage?.inputTokens !== undefined),
        cost: share(({ cost }) => cost !== undefined),
      },
    ])
  }
  const all = ['chat', 'embeddings', 'execute_tool', 'invoke_agent', 'my_own']
  await f('eq', 'chat', ['chat'])
  await f('in', ['chat', 'embeddings'], ['chat', 'embeddings'])
  await f('in', ['chat', 'invoke_agent'], ['chat', 'invoke_agent'])
  await f('eq', 'invoke_agent', ['invoke_agent'])
  await f('ne', 'chat', all.slice(1))
  await f('not_in', ['chat', 'embeddings'], all.slice(2))
  await f('prefix', 'chat', ['chat'])
  await f('prefix', '', all)
})

test('an empty range has its windows, in which nothing was spent and nothing is known of durations', async () => {
  const { rows } = await ask(
    question({
      range: { start: NOON + 2 * HOUR, end: NOON + 4 * HOUR },
      interval: '1h',
      measures: [
        { field: 'operations', aggregation: 'count' },
        { field: 'cost_usd', aggregation: 'sum' },
        { field: 'duration_ms', aggregation: 'p95' },
        { field: 'error_rate', aggregation: 'avg' },
      ],
    }),
    store,
    place,
  )
  const nothing = { count_operations: 0, sum_cost_usd: 0, p95_duration_ms: null, avg_error_rate: null }
  expect(rows).toEqual([2, 3].map((hours) => ({ time: new Date(NOON + hours * HOUR).toISOString(), ...nothing })))
})

test('cost of operations none of which is priced is unknown, and what an agent reports of its calls is not spent twice', async () => {
  const startTime = NOON - 24 * HOUR
  const unpriced = { startTime, cost: undefined, service: 'unpriced' } as Partial<IdentifiedOperation>
  await store.insert(
    [
      chat({ startTime, service: 'both', agentName: 'planner' }),
      chat({ startTime, service: 'both', operation: 'invoke_agent', agentName: 'planner' }),
      chat(unpriced),
      chat({ ...unpriced, usage: undefined } as never),
    ],
    'own',
  )
  const measures = [
    { field: 'operations', aggregation: 'count' as const, alias: 'operations' },
    { field: 'calls', aggregation: 'count' as const, alias: 'calls' },
    { field: 'cost_usd', aggregation: 'sum' as const, alias: 'cost' },
    { field: 'total_tokens', aggregation: 'sum' as const, alias: 'tokens' },
  ]
  const { rows, coverage } = await ask(
    question({
      range: { start: startTime, end: startTime + HOUR },
      measures,
      groupBy: ['service'],
      order: { by: 'service', direction: 'asc' },
    }),
    store,
    place,
  )
  expect(rows).toEqual([
    { service: 'both', operations: 2, calls: 1, cost: 0.003, tokens: 1050 },
    { service: 'unpriced', operations: 2, calls: 2, cost: null, tokens: 1050 },
  ])
  expect(coverage).toEqual({ calls: 3, usage: 2 / 3, cost: 1 / 3 })
})

test('pages follow each other without a gap or an overlap, ordered and had as asked for', async () => {
  const asked = question({
    groupBy: ['conversation_id', 'service'],
    measures: [{ field: 'operations', aggregation: 'count', alias: 'count' }],
  })
  const whole = await ask(asked, store, place)
  expect(whole.has_more).toBe(false)
  const counts = whole.rows.map(({ count }) => count as number)
  expect(counts).toEqual(counts.toSorted((one, other) => other - one))
  const pages = []
  for (let offset = 0; offset < whole.rows.length; offset += 4) {
    const page = await ask({ ...asked, limit: 4, offset }, store, place)
    expect(page.has_more).toBe(offset + 4 < whole.rows.length)
    pages.push(...page.rows)
  }
  expect(pages).toEqual(whole.rows)
  const least = counts[3]!
  const had = await ask({ ...asked, having: [{ measure: 'count', operator: 'gte', value: least }] }, store, place)
  expect(had.rows).toEqual(whole.rows.filter(({ count }) => (count as number) >= least))
})

test('series are paged as well', async () => {
  const asked = question({ groupBy: ['service'], interval: '1h' })
  const whole = await ask(asked, store, place)
  const second = await ask({ ...asked, limit: 5, offset: 5 }, store, place)
  expect(second.rows).toEqual(whole.rows.slice(5, 10))
  expect(second.has_more).toBe(true)
})

test('a long series of percentiles is the same asked in one part as in several', async () => {
  const asked = fc.record({
    hours: fc.double({ min: 1, max: 13, noNaN: true }),
    back: fc.double({ min: -1, max: 1, noNaN: true }),
    groupBy: fc.subarray(['model', 'operation', 'user_id', 'tag:team'], { minLength: 1, maxLength: 2 }),
    offset: fc.nat({ max: 9000 }),
    parts: fc.integer({ min: 2, max: 7 }),
  })
  const severally = new Set<number>()
  await fc.assert(
    fc.asyncProperty(asked, async ({ hours, back, groupBy, offset, parts }) => {
      const end = NOON - back * HOUR
      const range = { start: end - hours * HOUR, end }
      const measures = [
        { field: 'duration_ms', aggregation: 'p95' },
        { field: 'input_tokens', aggregation: 'sum' },
        { field: 'duration_ms', aggregation: 'max' },
      ] as const
      const long = question({ range, interval: '1m', groupBy, measures, offset })
      const inParts = async (parts: number) => {
        let queries = 0
        const { table, mainSince } = store
        const counting = {
          table: (name: string) => table(name),
          mainSince,
          parts,
          query: <Row>(...given: Parameters<Store['query']>) => {
            queries++
            return store.query<Row>(...given)
          },
        }
        return { answer: await ask(long, counting, place), queries }
      }
      const { answer: whole, queries: one } = await inParts(1)
      const { answer, queries } = await inParts(parts)
      expectAlike(answer, whole)
      expect(answer.coverage).toEqual(whole.coverage)
      const minute = (time: string) => Date.parse(time) / 60_000
      const { start_time, end_time } = whole.window
      const windows = Math.ceil(minute(end_time)) - Math.floor(minute(start_time))
      expect([one, queries]).toEqual([1, windows >= 100 * parts ? parts : 1])
      severally.add(queries)
    }),
    { numRuns: 60 },
  )
  expect(severally.size).toBeGreaterThan(2)
})

const HOSTILE = ["'", "\\' OR 1=1 --", '{filter0:String}', '`', '$1', '\0', ') UNION ALL SELECT', '😀\u2028', '%', '*/']

test('a hostile value is a value and nothing else, in every filter', async () => {
  for (const value of HOSTILE) {
    const filters = DIMENSIONS.flatMap((dimension) => [
      { dimension, operator: 'ne' as const, value },
      { dimension, operator: 'not_in' as const, value: [value, "'"] },
      { dimension, operator: 'prefix' as const, value: '' },
    ])
    for (const some of [filters.slice(0, 18), filters.slice(18)]) {
      const answer = await ask(question({ filters: some }), store, place)
      const isHostile = (one: IdentifiedOperation) =>
        some.some(({ dimension }) => ["'", value].includes(dimensionValue(one, dimension)))
      const expected = operations.filter((one) => !isHostile(one)).length
      expect(answer.rows, value).toEqual([{ count_operations: expected }])
    }
  }
})

test('half a character is told to be none, and compared with nothing', async () => {
  for (const filter of [
    { dimension: 'model', operator: 'prefix' as const, value: 'é\ud83d' },
    { dimension: 'model', operator: 'in' as const, value: ['whole 😀', '\ude00'] },
  ])
    await expect(ask(question({ filters: [filter] }), store, place)).rejects.toThrow(
      'filters[0].value must be well-formed Unicode',
    )
  const whole = [{ dimension: 'model', operator: 'eq' as const, value: '😀' }]
  expect((await ask(question({ filters: whole }), store, place)).rows).toEqual([{ count_operations: 0 }])
})

test('a hostile name is told to be none, wherever a name may stand', async () => {
  for (const name of [
    ...HOSTILE,
    'operations; DROP TABLE operations',
    'constructor',
    '__proto__',
    'tag:',
    "tag:a'b",
    `tag:${'a'.repeat(65)}`,
  ]) {
    const wrong: Partial<Question>[] = [
      { groupBy: [name] },
      { filters: [{ dimension: name, operator: 'eq', value: 'a' }] },
      { measures: [{ field: name, aggregation: 'sum' }] },
      { measures: [{ field: name, aggregation: 'uniq' }] },
      { measures: [{ field: 'operations', aggregation: name as never }] },
      { measures: [{ field: 'operations', aggregation: 'count', alias: name }] },
      { having: [{ measure: name, operator: 'gt', value: 1 }] },
      { order: { by: name, direction: 'asc' } },
    ]
    for (const fields of wrong) {
      // As an alias a property of every object is a name like any other.
      if (fields.measures?.[0]?.alias !== undefined && /^[a-z_]+$/.test(name)) continue
      await expect(ask(question(fields), store, place), JSON.stringify(fields)).rejects.toThrow(InvalidQuestion)
    }
  }
})

test('the windows of a moving series are what the same question says of so much time', async () => {
  const isOfRollups = (name: string) => !['user_id', 'conversation_id', 'tag:team'].includes(name)
  const asked = fc.record({
    start: fc.integer({ min: 0, max: 150 }),
    windows: fc.integer({ min: 1, max: 5 }),
    length: fc.constantFrom(1, 2, 7, 36, 200),
    measures: fc.uniqueArray(
      anyMeasure.filter(({ field }) => isOfRollups(field) && field !== 'operations'),
      { minLength: 1, maxLength: 4, selector: ({ field, aggregation }) => `${field} ${aggregation}` },
    ),
    groupBy: fc.uniqueArray(fc.constantFrom(...DIMENSIONS.filter(isOfRollups)), { maxLength: 2 }),
    filters: fc.array(
      anyFilter.filter(({ dimension }) => isOfRollups(dimension)),
      { maxLength: 1 },
    ),
  })
  const step = 300_000
  await fc.assert(
    fc.asyncProperty(asked, async ({ start, windows, length, measures, ...rest }) => {
      const range = { start: NOON - 12 * HOUR + start * step, end: NOON - 12 * HOUR + (start + windows) * step }
      const count = { field: 'operations', aggregation: 'count', alias: 'n' } as const
      const all = { ...rest, measures: [count, ...measures] }
      const series = await ask(question({ ...all, range, interval: '5m', movingMs: length * step }), store, place)
      expect(rangeOf(series)).toEqual(range)
      for (let time = range.start; time < range.end; time += step) {
        const window = { start: time + step - length * step, end: time + step }
        const plain = await askRows(question({ ...all, range: window }), store, place)
        const rows = series.rows.filter((row) => row['time'] === new Date(time).toISOString())
        const keyOf = (row: Answer['rows'][number]) => JSON.stringify(rest.groupBy.map((name) => row[name]))
        // Groups that have nothing in a window are there all the same where they have something in another.
        const told = new Map(
          rows.filter(({ n }) => rest.groupBy.length === 0 || n !== 0).map((row) => [keyOf(row), row]),
        )
        expect(told.size).toBe(plain.rows.length)
        for (const row of plain.rows)
          for (const name of plain.columns.slice(rest.groupBy.length))
            expectClose(told.get(keyOf(row))?.[name], row[name] as number | null, name)
      }
    }),
    { numRuns: Number(process.env['QUERY_RUNS'] ?? 25), seed: 5 },
  )
})

test('what moving windows cannot be of is told', async () => {
  const of = async (fields: Partial<Question>, message: string) => {
    const range = { start: NOON - HOUR, end: NOON }
    await expect(ask(question({ range, movingMs: 600_000, ...fields }), store, place)).rejects.toThrow(message)
  }
  await of({}, 'window is for a series: name its interval too')
  await of({ interval: '1h' }, 'window must be whole windows of 1h')
  await of({ interval: '1m', movingMs: 31 * 24 * HOUR }, 'window makes 50000 readings or more')
  await of({ interval: '5m', groupBy: ['user_id'] }, 'window is told from rollups')
  await of({ interval: '5m', measures: [{ field: 'start_time', aggregation: 'min' }] }, 'window is told from rollups')
})
