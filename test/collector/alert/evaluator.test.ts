/** Rules evaluated on a real store: what they see is compared with what was put there. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Notification } from '../../../src/collector/alert/alert.js'
import { Evaluator, type EvaluatorOptions } from '../../../src/collector/alert/evaluator.js'
import type { Rule } from '../../../src/collector/alert/rule.js'
import { createRule } from '../../../src/collector/alert/rules.js'
import type { IdentifiedOperation } from '../../../src/collector/batch.js'
import { createAsker } from '../../../src/collector/query/asker.js'
import type { Store } from '../../../src/collector/store/store.js'
import { chat, NOON } from '../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../store/stores.js'
import { NO_SOURCES, ruleOf, settled } from './rules.js'

const MINUTE = 60_000
const KEPT = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }
let store: Store

/** `count` calls in the minute that begins so many minutes after noon. */
function calls(minute: number, count: number, fields: Partial<IdentifiedOperation> = {}): IdentifiedOperation[] {
  return Array.from({ length: count }, (_, index) => chat({ startTime: NOON + minute * MINUTE + index, ...fields }))
}
const failed = { error: { type: 'overloaded' }, usage: undefined, cost: undefined }
const minutes = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() })
  await store.insert(
    [
      // The service api: 10 calls a minute for an hour, from the 20th to the 40th minute half of them fail.
      ...minutes(0, 60).flatMap((minute) => [
        ...calls(minute, 5, { service: 'api' }),
        ...calls(minute, 5, { service: 'api', ...(minute >= 20 && minute < 40 && failed) }),
      ]),
      // The service batch: 2 calls a minute, which take longer; it ends after 30 minutes.
      ...minutes(0, 30).flatMap((minute) =>
        calls(minute, 2, {
          service: 'batch',
          durationMs: 4000,
          requestModel: 'o3',
          cost: { nanoDollars: 1e9, source: 'catalogue' },
        }),
      ),
      // An agent run is no call of a model: its duration is that of the calls inside it.
      ...calls(10, 1, { operation: 'invoke_agent', service: 'api', durationMs: 500_000 }),
    ],
    'all',
  )
})
afterAll(closeAll)

/** Minutes after noon: a look then. */
const lookAt = (minute: number, of: Pick<Store, 'states' | 'recordNotices'> = store) => ({
  store: of,
  asker: createAsker(store, { kept: KEPT, now: NOON + minute * MINUTE }),
})

function evaluatorOf(rules: readonly Rule[], options: Partial<EvaluatorOptions> = {}) {
  const told: Notification[] = []
  const failures: string[] = []
  const evaluator = new Evaluator({
    rules: () => rules,
    delayMs: () => 0,
    channelsOf: (notification) => {
      told.push(notification)
      return []
    },
    onFailure: (rule, { message }) => failures.push(`${rule}: ${message}`),
    ...options,
  })
  return { evaluator, told, failures }
}

/** Decisions of a test of its own. */
function memory() {
  const kinds = new Map<string, Map<string, unknown>>()
  const notices: string[] = []
  return {
    notices,
    states: {
      read: async (kind: string) => new Map(kinds.get(kind)),
      async write(kind: string, values: Iterable<readonly [string, unknown]>) {
        const known = kinds.get(kind) ?? new Map<string, unknown>()
        for (const [name, value] of values) {
          if (value === undefined) known.delete(name)
          // As it comes back from the store.
          else known.set(name, JSON.parse(JSON.stringify(value)))
        }
        kinds.set(kind, known)
      },
    },
    recordNotices: async (given: readonly { id: string; kind: string }[]) =>
      void notices.push(...given.map(({ kind }) => kind)),
  }
}

/** What a rule makes of each of some minutes: the alerts that fire, and their values. */
async function firing(rule: Rule, at: readonly number[]) {
  const { evaluator, failures } = evaluatorOf([rule])
  const kept = memory()
  const seen: unknown[] = []
  for (const minute of at) {
    await evaluator.look(lookAt(minute, kept))
    seen.push(
      evaluator
        .alerts()
        .filter(({ course }) => course.phase === 'firing')
        .map(({ labels, value }) => [...Object.values(labels), value]),
    )
  }
  expect(failures).toEqual([])
  return seen
}

test('an error rate is that of the operations in its window, and too few of them say nothing', async () => {
  const rule = { kind: 'error_rate', threshold: 0.2, window: '5m' }
  // At the 22nd minute two of five minutes are bad: 10 of 50 calls, which is not above; then 15 of 50.
  expect(
    await firing(settled({ ...rule, filters: [{ dimension: 'service', value: 'api' }] }), [20, 22, 23, 40, 43, 45]),
  ).toEqual([[], [], [[0.3]], [[0.5]], [], []])
  expect(await firing(settled({ ...rule, groupBy: ['service'], minOperations: 50 }), [30])).toEqual([[['api', 0.5]]])
  expect(await firing(settled({ ...rule, groupBy: ['service'], minOperations: 51 }), [30])).toEqual([[]])
})

test('a threshold is of any measure, by group, and of calls of a model where no operation is named', async () => {
  const slow = {
    kind: 'threshold',
    field: 'duration_ms',
    aggregation: 'max',
    operator: 'gt',
    threshold: 1000,
    window: '10m',
  }
  expect(await firing(settled({ ...slow, groupBy: ['service'] }), [15])).toEqual([[['batch', 4000]]])
  const agents = { ...slow, filters: [{ dimension: 'operation', value: 'invoke_agent' }] }
  expect(await firing(settled(agents), [15])).toEqual([[[500_000]]])
  const spend = {
    kind: 'threshold',
    field: 'cost_usd',
    aggregation: 'sum',
    operator: 'gte',
    threshold: 20,
    window: '10m',
  }
  expect(await firing(settled({ ...spend, groupBy: ['model'] }), [10, 30, 36])).toEqual([
    [['o3', 20]],
    [['o3', 20]],
    [],
  ])
  const few = {
    kind: 'threshold',
    field: 'operations',
    aggregation: 'rate',
    operator: 'lt',
    threshold: 0.01,
    window: '5m',
  }
  expect(await firing(settled({ ...few, filters: [{ dimension: 'service', value: 'batch' }] }), [30, 35])).toEqual([
    [],
    [[0]],
  ])
})

test('absence is of everything, or of each group that was there before', async () => {
  const rule = { kind: 'absence', window: '10m', lookback: '50m', groupBy: ['service'] }
  expect(await firing(settled(rule), [35, 40, 41, 79, 80, 120])).toEqual([
    [],
    [['batch', 0]],
    [['batch', 0]],
    [
      ['api', 0],
      ['batch', 0],
    ],
    [['api', 0]],
    [],
  ])
  expect(await firing(settled({ kind: 'absence', window: '10m' }), [65, 70])).toEqual([[], [[0]]])
})

test('a burn rate needs both of its windows, each pair being an alert of its own', async () => {
  const rule = settled({
    kind: 'burn_rate',
    objective: 0.9,
    filters: [{ dimension: 'service', value: 'api' }],
    windows: [
      { long: '20m', short: '5m', factor: 4, severity: 'critical' },
      { long: '40m', short: '10m', factor: 2, severity: 'warning' },
    ],
  })
  // 50 % of failures are five times what an objective of 90 % allows. At the 36th minute 80 of 200 calls, 80 of 360 in all.
  const seen = await firing(rule, [30, 38, 42, 44])
  expect(
    JSON.parse(JSON.stringify(seen, (_, value) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value))),
  ).toEqual([
    [],
    [
      ['20m', 4.5],
      ['40m', 2.368421],
    ],
    // 15 of the last 50 failed: three times as many as may.
    [['40m', 2.5]],
    [['40m', 2.5]],
  ])
})

test('rules that differ in what they filter by or measure are answered by one question', async () => {
  const asker = createAsker(store, { kept: KEPT, now: NOON + 30 * MINUTE })
  let questions = 0
  const counting = {
    ...asker,
    rows: ((question) => {
      questions++
      return asker.rows(question)
    }) as typeof asker.rows,
  }
  const grouped = settled({
    name: 'each',
    kind: 'threshold',
    field: 'operations',
    aggregation: 'count',
    threshold: 20,
    window: '5m',
    groupBy: ['service'],
  })
  const rules = ['api', 'batch', 'nobody'].flatMap((service) =>
    (['p50', 'p95', 'max'] as const).map((aggregation) =>
      settled({
        name: `${service}-${aggregation}`,
        kind: 'threshold',
        field: 'duration_ms',
        aggregation,
        threshold: 3000,
        window: '5m',
        filters: [{ dimension: 'service', value: service }],
      }),
    ),
  )
  const { evaluator } = evaluatorOf([...rules, grouped])
  await evaluator.look({ store: memory(), asker: counting })
  expect(questions).toBe(1)
  expect(evaluator.alerts().map(({ rule }) => rule)).toEqual(['batch-p50', 'batch-p95', 'batch-max', 'each'])
})

test('what cannot be evaluated is counted and told once, and stays as it was: it is not resolved', async () => {
  let isBroken = false
  const custom = createRule(
    {
      ...ruleOf({ name: 'custom', kind: 'anomaly' }),
      kind: 'custom',
      evaluate: async () => {
        if (isBroken) throw new Error('broken')
        return { isBreached: true, value: 7 }
      },
    },
    NO_SOURCES,
  )
  const { evaluator, failures } = evaluatorOf([custom])
  const kept = memory()
  await evaluator.look(lookAt(1, kept))
  isBroken = true
  for (const minute of [2, 3, 4]) await evaluator.look(lookAt(minute, kept))
  expect(failures).toEqual(['custom: broken'])
  expect(evaluator.counts).toMatchObject({ evaluations: 4, failures: 3 })
  expect(evaluator.alerts().map(({ course, value }) => [course.phase, course.last, value])).toEqual([
    ['firing', 'unknown', 7],
  ])
  expect(kept.notices).toEqual(['alert_firing'])
})

test('while what was accepted is not stored, absence is not told', async () => {
  const absent = settled({ kind: 'absence', window: '10m' })
  let isBehind = true
  const { evaluator, failures } = evaluatorOf([absent], { isBehind: () => isBehind })
  const kept = memory()
  await evaluator.look(lookAt(100, kept))
  expect([evaluator.alerts(), failures]).toEqual([[], ['rule: operations that were accepted are not stored yet']])
  isBehind = false
  await evaluator.look(lookAt(101, kept))
  expect(evaluator.alerts()).toHaveLength(1)
})

test('a rule has no more alerts than it may; the others are counted, and those that are there stay', async () => {
  const rule = settled({
    kind: 'threshold',
    field: 'operations',
    aggregation: 'count',
    operator: 'gt',
    threshold: 0,
    window: '5m',
    groupBy: ['service'],
    maxAlerts: 1,
  })
  const { evaluator } = evaluatorOf([rule])
  const kept = memory()
  await evaluator.look(lookAt(30, kept))
  // The one with the most operations comes first.
  expect(evaluator.alerts().map(({ labels }) => labels)).toEqual([{ service: 'api' }])
  expect(evaluator.counts.overflowed).toBe(1)
  await evaluator.look(lookAt(29, kept))
  expect(evaluator.alerts().map(({ labels }) => labels)).toEqual([{ service: 'api' }])
  expect(evaluator.counts.overflowed).toBe(2)
})

test('after a restart an alert goes on as it was, told or not, and is told once', async () => {
  const rule = settled({
    kind: 'error_rate',
    threshold: 0.2,
    window: '5m',
    for: '2m',
    filters: [{ dimension: 'service', value: 'api' }],
  })
  const channelsOf = () => ['on-call']
  const kept = memory()
  const told: string[] = []
  const notified: string[] = []
  for (const minute of [21, 22, 23, 24, 25, 26, 50, 51]) {
    // A new one each time: nothing is known but what is kept.
    const { evaluator } = evaluatorOf([rule], { channelsOf })
    await evaluator.look(lookAt(minute, kept))
    told.push(`${minute} ${evaluator.alerts().map(({ course }) => course.phase)}`)
    for (const { notification, to } of evaluator.untold())
      for (const name of to) notified.push(`${minute} ${notification.event} ${name}`)
  }
  expect(told).toEqual([
    '21 ',
    '22 ',
    '23 pending',
    '24 pending',
    '25 firing',
    '26 firing',
    '50 resolved',
    '51 resolved',
  ])
  // Nobody marked it as told, so it is told again after each start, under one id.
  expect(notified).toEqual([
    '25 firing on-call',
    '26 firing on-call',
    '50 firing on-call',
    '50 resolved on-call',
    '51 firing on-call',
    '51 resolved on-call',
  ])
  const { evaluator } = evaluatorOf([rule], { channelsOf })
  await evaluator.look(lookAt(52, kept))
  for (const { notification, to } of evaluator.untold()) for (const name of to) evaluator.told(notification.id, name)
  expect(evaluator.untold().flatMap(({ to }) => to)).toEqual([])
  await evaluator.look(lookAt(53, kept))
  expect(evaluator.alerts().flatMap(({ untold }) => untold)).toEqual([])
})

test('when what was decided cannot be kept nobody is told, and it is decided again', async () => {
  const rule = settled({ kind: 'absence', window: '10m' })
  const kept = memory()
  const broken = { ...kept, states: { ...kept.states, write: () => Promise.reject(new Error('disk full')) } }
  const { evaluator } = evaluatorOf([rule], { channelsOf: () => ['on-call'] })
  await expect(evaluator.look(lookAt(100, broken))).rejects.toThrow('disk full')
  expect([evaluator.untold(), kept.notices]).toEqual([[], []])
  await evaluator.look(lookAt(101, kept))
  expect([evaluator.untold().length, kept.notices]).toEqual([1, ['alert_firing']])
})

test('a rule that is gone resolves what it had firing; decisions and notices are in the store', async () => {
  let rules = [
    settled({
      name: 'gone',
      kind: 'absence',
      window: '10m',
      labels: { team: 'a' },
      summary: '{{rule}} in {{team}}: {{value}}',
    }),
  ]
  const { evaluator } = evaluatorOf([], { rules: () => rules })
  await evaluator.look(lookAt(100))
  rules = []
  await evaluator.look(lookAt(101))
  const notices = await store.query<{ kind: string; notice: string }>(
    `SELECT kind, notice FROM ${store.table('notices')} FINAL WHERE name = 'gone' ORDER BY time`,
  )
  expect(notices.map(({ kind, notice }) => [kind, (JSON.parse(notice) as { alert: object }).alert])).toEqual([
    ['alert_firing', { rule: 'gone', severity: 'warning', labels: { team: 'a' }, value: 0, summary: 'gone in a: 0' }],
    ['alert_resolved', { rule: 'gone', severity: 'warning', labels: { team: 'a' }, value: 0, summary: 'gone in a: 0' }],
  ])
  expect([...(await store.states.read('alert')).keys()]).toEqual(['gone []'])
  await evaluator.look(lookAt(120))
  await evaluator.look(lookAt(140))
  expect((await store.states.read('alert')).size).toBe(0)
})
