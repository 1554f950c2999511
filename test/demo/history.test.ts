/** The past that `tokmeter demo` sends: right in the format of events, the same for the same seed, and with the things to be seen in it. */
import { expect, test } from 'vitest'
import { pastEvents } from '../../demo/history.js'
import { checkEvent } from '../../src/collector/receive/event-schema.js'

const NOW = Date.UTC(2026, 10, 26, 15, 30)
const HOUR = 3_600_000
type Past = {
  readonly event_id: string
  readonly event_type: string
  readonly timestamp_ms: number
  readonly provider: string
  readonly service: string
}
const events = [...pastEvents({ days: 14, now: NOW })] as unknown as readonly Past[]

test('every event is one that a collector accepts, of the past, in the order of time, with an id of its own', () => {
  expect(events.length).toBeGreaterThan(10_000)
  const plain = events.map((event) => JSON.parse(JSON.stringify(event)))
  expect(
    plain.flatMap((event, index) => Object.keys(checkEvent(event, index)).filter((key) => key !== 'event')),
  ).toEqual([])
  const times = events.map(({ timestamp_ms }) => timestamp_ms)
  expect(times).toEqual(times.toSorted((one, other) => one - other))
  expect(times.at(-1)).toBeLessThan(NOW)
  expect(times[0]).toBeGreaterThanOrEqual(NOW - 14 * 24 * HOUR - HOUR)
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length)
})

test('the same seed makes the same past, another one another', () => {
  const first = (seed: number) => JSON.stringify(pastEvents({ days: 2, now: NOW, seed }).next().value)
  expect(first(1)).toBe(first(1))
  expect(first(2)).not.toBe(first(1))
})

test('one provider failed for two hours, and one program rushed for three', () => {
  const hoursAgo = ({ timestamp_ms }: Past) => Math.floor(NOW / HOUR) - Math.floor(timestamp_ms / HOUR)
  const failedShare = (wanted: (hours: number) => boolean) => {
    const own = events.filter((event) => event.provider === 'anthropic' && wanted(hoursAgo(event)))
    return own.filter(({ event_type }) => event_type === 'llm_request_failed').length / own.length
  }
  expect(failedShare((hours) => hours > 51 && hours <= 53)).toBeGreaterThan(0.2)
  expect(failedShare((hours) => hours > 60)).toBeLessThan(0.05)
  const reviews = (from: number) =>
    events.filter((event) => event.service === 'code-review' && hoursAgo(event) <= from && hoursAgo(event) > from - 3)
      .length
  // The same three hours of the day before.
  expect(reviews(30)).toBeGreaterThan(3 * reviews(54))
})
