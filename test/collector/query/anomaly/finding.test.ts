/** The hours that are judged, read from a real store, against the same made of the operations themselves. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../../../src/collector/batch.js'
import { loadConfig } from '../../../../src/collector/config.js'
import type { AnomalySettings } from '../../../../src/collector/query/anomaly/anomaly.js'
import { anomalyOf, createDetector, worst } from '../../../../src/collector/query/anomaly/detector.js'
import { createAnomalies } from '../../../../src/collector/query/anomaly/endpoint.js'
import { findAnomalies, judgedRange } from '../../../../src/collector/query/anomaly/finding.js'
import { hoursOfSeries } from '../../../../src/collector/query/anomaly/hours.js'
import { createAsker } from '../../../../src/collector/query/asker.js'
import type { AskSeries } from '../../../../src/collector/query/kept-series.js'
import type { Store } from '../../../../src/collector/store/store.js'
import { chat } from '../../store/operations.js'
import { closeAll, opened, temporaryDirectory } from '../../store/stores.js'
import { dimensionValue, measured } from '../recomputed.js'
import { toldBy } from '../told-by.js'
import { columnsOf, createRandom, type HourPoint } from './seasons.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A quarter past an hour of today: the hour before it is over and settled. */
const NOW = Math.floor(Date.now() / DAY) * DAY + 15 * 60_000
const { anomalies: defaults } = loadConfig({ directory: '/no/where', environment: {} }).config
const KEPT = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }

let operations: IdentifiedOperation[]
let store: Store

/** Five weeks of a few calls an hour, of three models: one of them began four days ago, one ended the day before. */
beforeAll(async () => {
  store = await opened({ path: temporaryDirectory() })
  const random = createRandom(5)
  operations = []
  for (let hour = Math.floor(NOW / HOUR) - 5 * 168; hour * HOUR < NOW; hour++) {
    const age = NOW - hour * HOUR
    const models = ['steady', ...(age < 4 * DAY ? ['young'] : []), ...(age > DAY ? ['gone'] : [])]
    for (const requestModel of models) {
      const count = 12 + Math.floor(6 * random())
      const isDear = requestModel === 'steady' && age > 5 * HOUR && age < 7 * HOUR
      for (let index = 0; index < count; index++) {
        const startTime = hour * HOUR + Math.floor(random() * HOUR)
        if (startTime >= NOW) continue
        operations.push(
          chat({
            requestModel,
            startTime,
            durationMs: 400 + 1200 * random(),
            usage: random() < 0.1 ? undefined : { inputTokens: 800 + Math.floor(400 * random()), outputTokens: 50 },
            cost:
              random() < 0.1
                ? undefined
                : { nanoDollars: (isDear ? 40 : 1) * 1_000_000, source: 'catalogue', version: 'v' },
            error: random() < (requestModel === 'young' ? 0.3 : 0.02) ? { type: 'timeout' } : undefined,
            service: index % 2 === 0 ? 'api' : 'batch',
          } as Partial<IdentifiedOperation>),
        )
      }
    }
    // Of what an agent reports nothing is judged: it is that of the calls inside.
    operations.push(
      chat({ operation: 'invoke_agent', startTime: hour * HOUR, durationMs: 900_000, requestModel: 'steady' }),
    )
  }
  await store.insert(operations, 'all')
})
afterAll(closeAll)

type Hour = HourPoint & { readonly p95: number | null }

/** Hours as detectAnomalies takes them, without engine or SQL. */
function hoursOf(
  chosen: readonly IdentifiedOperation[],
  from: number,
  end: number,
  latency: AnomalySettings['latency'],
): Hour[] {
  const byHour = new Map<number, IdentifiedOperation[]>()
  for (const one of chosen) {
    const time = Math.floor(one.startTime / HOUR) * HOUR
    if (time >= from && time < end) byHour.set(time, [...(byHour.get(time) ?? []), one])
  }
  const hours: Hour[] = []
  for (let time = Math.min(...byHour.keys()); time < end; time += HOUR) {
    const members = byHour.get(time) ?? []
    const tokens = measured(members, 'total_tokens', 'sum', 1)
    const known = measured(members, 'input_tokens', 'count', 1)!
    const p95 = measured(members, 'duration_ms', 'p95', 1)
    hours.push({
      time,
      operations: members.length,
      errors: members.filter(({ error }) => error !== undefined).length,
      p95,
      slow: p95 === null ? undefined : worst(latency, p95),
      costUsd: measured(members, 'cost_usd', 'sum', 1),
      tokensPerCall: tokens === null || known === 0 ? null : tokens / known,
    })
  }
  return hours
}

const rounded = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (_, one) => (typeof one === 'number' ? Number(one.toPrecision(9)) : one)))
const nameOf = ({ entity, type, detected_at }: { entity: unknown; type: string; detected_at: string }) =>
  `${detected_at} ${entity} ${type}`

test('whatever is asked for, the same is found as in the operations themselves', async () => {
  const asked = fc.record({
    by: fc.constantFrom('model', 'service', 'provider', undefined),
    hours: fc.integer({ min: 1, max: 60 }),
    back: fc.integer({ min: 0, max: 60 }),
    model: fc.constantFrom(undefined, 'steady', 'gone'),
    // Of calls of 400 to 1600 ms: by the first all hours are slow alike, by the second some of them are, and some are more.
    latency: fc.constantFrom(defaults.latency, { info: 1500, warning: 1530, critical: 1570 }),
  })
  const kept = hoursOfSeries(createAsker(store, { kept: KEPT, now: NOW }).rows as AskSeries, NOW)
  let count = 0
  await fc.assert(
    fc.asyncProperty(asked, async ({ by, hours, back, model, latency }) => {
      const settings = { ...defaults, latency }
      const range = { start: NOW - (back + hours) * HOUR, end: NOW - back * HOUR }
      const filters = [
        { dimension: 'operation', operator: 'eq' as const, value: 'chat' },
        ...(model === undefined ? [] : [{ dimension: 'model', operator: 'eq' as const, value: model }]),
      ]
      const asker = createAsker(store, { kept: KEPT, now: NOW })
      const found = await findAnomalies(asker, { settings, by, range, filters })
      const ofSeries = await findAnomalies(asker, { settings, by, range, filters, hours: kept })
      expect(rounded(ofSeries)).toEqual({ ...rounded(found), head: undefined })
      const page = await findAnomalies(asker, { settings, by, range, filters, limit: 7 })
      expect(page).toEqual({ ...found, anomalies: found.anomalies.slice(0, 7) })
      const chosen = operations.filter(
        (one) => one.operation === 'chat' && (model === undefined || one.requestModel === model),
      )
      const start = Math.floor(range.start / HOUR) * HOUR
      const end = Math.ceil(range.end / HOUR) * HOUR
      expect(judgedRange({ settings, range }, NOW)).toEqual({ start, end })
      const calls = chosen.filter(({ startTime }) => startTime >= start && startTime < end)
      const share = (known: readonly unknown[]) => (calls.length === 0 ? null : known.length / calls.length)
      expect(found.head).toEqual({
        window: { start_time: new Date(start).toISOString(), end_time: new Date(end).toISOString() },
        coverage: {
          calls: calls.length,
          usage: share(calls.filter(({ usage }) => usage !== undefined)),
          cost: share(calls.filter(({ cost }) => cost !== undefined)),
        },
      })
      const from = Math.floor(start / DAY) * DAY - 4 * 7 * DAY
      const inRange = chosen.filter(({ startTime }) => startTime >= from && startTime < end)
      const entities = [...new Set(inRange.map((one) => (by === undefined ? null : dimensionValue(one, by))))]
      const expected = entities.map((entity) => {
        const own = chosen.filter((one) => by === undefined || dimensionValue(one, by) === entity)
        const options = { settings, from: start, settledUntil: NOW - 600_000 }
        const known = hoursOf(own, from, end, latency)
        const { detected, expectedHours } = createDetector(options)(columnsOf(known), entity)
        const p95At = (at: number) => known.find(({ time }) => time === at)!.p95!
        return {
          entity,
          expectedHours,
          anomalies: detected.map((one) => anomalyOf(one, one.value ?? p95At(one.time))),
        }
      })
      const all = expected.flatMap(({ anomalies }) => anomalies)
      const sorted = <T extends Parameters<typeof nameOf>[0]>(list: readonly T[]) =>
        list.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
      expect(rounded(sorted(found.anomalies))).toEqual(rounded(sorted(all)))
      expect(found.anomalies.map(({ detected_at }) => detected_at)).toEqual(
        found.anomalies
          .map(({ detected_at }) => detected_at)
          .sort()
          .reverse(),
      )
      expect([...found.entities].sort()).toEqual([...entities].sort())
      expect([...found.withoutHistory].sort()).toEqual(
        expected
          .filter(({ expectedHours }) => expectedHours === 0)
          .map(({ entity }) => entity)
          .sort(),
      )
      count += all.length
    }),
    { numRuns: 15, seed: 3 },
  )
  expect(count).toBeGreaterThan(50)
})

test('of a day it is told what was planted in it: one dear, one gone, one failing of which too little is known for more', async () => {
  const asker = createAsker(store, { kept: KEPT, now: NOW })
  const found = await findAnomalies(asker, {
    settings: defaults,
    by: 'model',
    range: { start: NOW - 20 * HOUR, end: NOW },
  })
  const hour = (ago: number) => new Date((Math.floor(NOW / HOUR) - ago) * HOUR).toISOString()
  const of = (entity: string, type: string) =>
    found.anomalies.filter((one) => one.entity === entity && one.type === type).map(({ detected_at }) => detected_at)
  expect(of('steady', 'cost_spike')).toEqual([hour(5), hour(6)])
  // The hour that is going on is not judged.
  expect(of('gone', 'traffic_drop')).toEqual(Array.from({ length: 20 }, (_, index) => hour(index + 1)))
  expect(of('young', 'error_rate_spike').length).toBeGreaterThan(10)
  expect(found.withoutHistory).toEqual(['young'])
  expect(found.anomalies.filter(({ entity, type }) => entity === 'young' && !/error|latency/.test(type))).toEqual([])
})

test('where there was nothing, nothing is found, of each or of everything together', async () => {
  const asker = createAsker(store, { kept: KEPT, now: NOW })
  const nobody = [{ dimension: 'model', operator: 'eq' as const, value: 'nobody' }]
  for (const by of ['model', undefined])
    for (const days of [1, 30])
      expect(
        await findAnomalies(asker, {
          settings: defaults,
          by,
          filters: nobody,
          range: { start: NOW - days * DAY, end: NOW },
        }),
      ).toMatchObject({ anomalies: [], count: { info: 0, warning: 0, critical: 0 }, entities: [], withoutHistory: [] })
})

test('they are answered the latest first, counted by severity, with how much is known of the calls', async () => {
  const asker = createAsker(store, { kept: KEPT, now: NOW })
  const endpoint = createAnomalies(() => defaults)
  const told = (await toldBy(endpoint, { last: '24h', limit: '3' }, asker)) as {
    coverage: unknown
    count: { [severity: string]: number }
    anomalies: unknown[]
    has_more: boolean
  }
  const range = { start: NOW - 24 * HOUR, end: NOW }
  const { anomalies, count } = await findAnomalies(asker, { settings: defaults, by: 'model', range })
  expect(told).toMatchObject({ anomalies: anomalies.slice(0, 3), has_more: true })
  const counted = (severity: string) => anomalies.filter((one) => one.severity === severity).length
  expect(told.count).toEqual({ info: counted('info'), warning: counted('warning'), critical: counted('critical') })
  expect(count).toEqual(told.count)
  const only = (type: string, severity: string) => toldBy(endpoint, { last: '24h', type, severity, limit: '2' }, asker)
  const errors = anomalies.filter(({ type, severity }) => type === 'error_rate_spike' && severity !== 'info')
  expect(await only('error_rate_spike', 'warning')).toMatchObject({
    count: { info: 0, warning: errors.filter(({ severity }) => severity === 'warning').length },
    anomalies: errors.slice(0, 2),
    has_more: true,
  })
  const slow = anomalies.filter(({ type }) => type === 'latency_spike')
  expect(await only('latency_spike', 'info')).toMatchObject({ anomalies: slow.slice(0, 2), has_more: true })
  const start = Math.floor((NOW - 24 * HOUR) / HOUR) * HOUR
  const calls = operations.filter(({ operation, startTime }) => operation === 'chat' && startTime >= start)
  expect(told.coverage).toEqual({
    calls: calls.length,
    usage: calls.filter(({ usage }) => usage !== undefined).length / calls.length,
    cost: calls.filter(({ cost }) => cost !== undefined).length / calls.length,
  })
})
