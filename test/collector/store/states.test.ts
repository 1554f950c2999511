/** What the store remembers beside operations, embedded and by HTTP. */
import { afterAll, expect, test } from 'vitest'
import { createStates } from '../../../src/collector/store/states.js'
import type { Store } from '../../../src/collector/store/store.js'
import type { Notice } from '../../../src/operation.js'
import { closeAll, opened, startFront, temporaryDirectory } from './stores.js'

afterAll(closeAll)

const HOSTILE = 'a\tb\nc\\d\r"quoted"\0\u2028{x:String}'

async function remembers(store: Store): Promise<void> {
  await store.states.write('budget', [
    ['one', { percent: 80 }],
    [HOSTILE, { text: HOSTILE }],
  ])
  await store.states.write('alert', [['one', 'firing']])
  expect(await store.states.read('budget')).toEqual(
    new Map<string, unknown>([
      ['one', { percent: 80 }],
      [HOSTILE, { text: HOSTILE }],
    ]),
  )
  await store.states.write('budget', [
    ['one', { percent: 95 }],
    [HOSTILE, undefined],
  ])
  expect(await store.states.read('budget')).toEqual(new Map([['one', { percent: 95 }]]))
  expect(await store.states.read('alert')).toEqual(new Map([['one', 'firing']]))
}

test('states are there again after a restart, by kind and name, the last one written', async () => {
  const path = temporaryDirectory()
  const store = await opened({ path })
  await remembers(store)
  await store.close()
  const again = await opened({ path })
  expect(await again.states.read('budget')).toEqual(new Map([['one', { percent: 95 }]]))
  await again.close()
})

test('on a server as well', async () => {
  await remembers(await opened({ url: await startFront() }))
})

test('what is written after the clock was put back is newer all the same, also in another process', async () => {
  const store = await opened({ path: temporaryDirectory() })
  await createStates(store.database, () => 2_000_000_000_000).write('alert', [['one', 'before']])
  const later = createStates(store.database, () => 1_000_000_000_000)
  await later.write('alert', [['one', 'after']])
  await later.write('alert', [['one', 'last']])
  expect(await store.states.read('alert')).toEqual(new Map([['one', 'last']]))
  await store.close()
})

test('a notice recorded twice is one', async () => {
  const store = await opened({ path: temporaryDirectory() })
  const notice: Notice = { id: 'one', kind: 'collector_started', time: Date.now() }
  await store.recordNotices([notice])
  await store.recordNotices([notice, { ...notice, id: HOSTILE }])
  const rows = await store.query<{ id: string }>(`SELECT id FROM ${store.table('notices')} FINAL ORDER BY id`)
  expect(rows).toEqual([{ id: HOSTILE }, { id: 'one' }].toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  await store.close()
})

test('who is erased is in no state and no notice either', async () => {
  const store = await opened({ path: temporaryDirectory() })
  const [gone, kept] = ['a'.repeat(32), 'b'.repeat(32)]
  const alert = (user_id: string) => ({ rule: 'r', severity: 'page', labels: { user_id }, value: 1, summary: '' })
  const time = Date.now()
  await store.recordNotices([gone, kept].map((user) => ({ id: user, kind: 'alert_firing', time, alert: alert(user) })))
  await store.states.write(
    'alert',
    [gone, kept].map((user) => [`r/${user}`, { since: time }] as const),
  )
  await store.eraseIdentity(gone)
  expect([...(await store.states.read('alert')).keys()]).toEqual([`r/${kept}`])
  expect(await store.query(`SELECT id FROM ${store.table('notices')} FINAL`)).toEqual([{ id: kept }])
  await store.close()
})
