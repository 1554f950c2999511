/** What a whole collector tells of its own life. */
import { afterEach, expect, test } from 'vitest'
import { collector, configOf, event, newDirectory, post, stop, stopAll } from './running.js'

afterEach(stopAll)

type Told = { readonly notices: readonly { readonly kind: string; readonly totals?: object }[] }
const noticesOf = async (url: string, query = '') =>
  (await (await fetch(`${url}/api/v1/notices?last=1h${query}`)).json()) as Told

test('a stop is told with the totals of what was accepted, and asked for by kind', async () => {
  const config = configOf(newDirectory())
  const first = await collector(config)
  await post(`${first.url}/api/v1/analytics/events`, [
    { ...event('one'), cost_micros: 1500 },
    { ...event('two'), cost_micros: 500 },
    {
      ...event('three'),
      event_type: 'llm_request_failed',
      cost_micros: undefined,
      input_tokens: undefined,
      output_tokens: undefined,
    },
  ])
  await stop(first)
  const { url } = await collector(config)
  const { notices } = await noticesOf(url, '&kind=collector_stopped')
  expect(notices).toMatchObject([{ kind: 'collector_stopped', totals: { operations: 3, failed: 1, cost_usd: 0.002 } }])
  // The second start is told at the first look at the store, some seconds later.
  expect((await noticesOf(url, '&kind=collector_started')).notices).toMatchObject([{ kind: 'collector_started' }])
  const wrong = await fetch(`${url}/api/v1/notices?kind=nothing`)
  expect([wrong.status, (await wrong.json()) as object]).toMatchObject([400, { error: { details: { field: 'kind' } } }])
})
