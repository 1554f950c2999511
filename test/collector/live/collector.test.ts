/** The stream of a whole collector: what is accepted over HTTP comes to who listens, and ends when the collector stops. */
import { afterAll, expect, test } from 'vitest'
import { parsePage } from '../../prometheus-page.js'
import { collector, configOf, event, ledgerOf, newDirectory, post, stop, stopAll } from '../running.js'
import { readEvents } from './event-reader.js'

afterAll(stopAll)

test('what is accepted is told to who listens, as it is told when it is asked for; and a stop ends the stream in time', async () => {
  const made = await collector(configOf(newDirectory()))
  const reader = await readEvents(`${made.url}/api/v1/live?model=gpt-4o`)
  const first = await reader.next()
  expect(first).toMatchObject({
    event: 'snapshot',
    data: { windows: { '1m': { request_count: 0 } }, recent_errors: [] },
  })

  const sent = [
    event('a'),
    event('other', 'gpt-4o-mini'),
    { ...event('b'), tags: { team: 'search' }, user_id: 'somebody' },
  ]
  expect((await post(`${made.url}/api/v1/analytics/events`, sent)).status).toBe(202)
  // Sent again they are not new, and are told once.
  expect((await post(`${made.url}/api/v1/analytics/events`, sent)).status).toBe(200)
  const operations: { readonly id: string }[] = []
  let requests = 0
  while (operations.length < 2 || requests < 3) {
    const { event: kind, data } = (await reader.next())!
    if (kind === 'operation') operations.push(data)
    else requests = data.windows['1m'].request_count
  }
  expect(operations.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(requests).toBe(3)
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
  const asked = (await (await fetch(`${made.url}/api/v1/operations?model=gpt-4o`)).json()) as {
    operations: { id: string }[]
  }
  expect(operations).toEqual(asked.operations.toSorted((one, other) => (one.id < other.id ? -1 : 1)))

  const page = parsePage(await (await fetch(`${made.url}/metrics`)).text())
  const sampleOf = (name: string, kind?: string) =>
    page.samples.find((sample) => sample.name === name && sample.labels['kind'] === kind)?.value
  expect(sampleOf('tokmeter_live_subscribers')).toBe(1)
  expect(sampleOf('tokmeter_live_sent_total', 'operation')).toBe(2)
  expect(sampleOf('tokmeter_live_sent_total', 'snapshot')).toBeGreaterThanOrEqual(2)
  expect(sampleOf('tokmeter_live_skipped_total')).toBe(0)

  const stopped = stop(made)
  while ((await reader.next()) !== undefined);
  expect(await stopped).toBe(true)
})
