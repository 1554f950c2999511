import { expect, test } from 'vitest'
import { Watch } from '../../src/collector/watch.js'

const STORE = { query: async () => [], table: (name: string) => name }
const KEPT = { '1m': 40, '5m': 40, '1h': 400, '1d': 1825 }

function watching(
  tasks: { name: string; run: () => Promise<void> }[],
  store: () => typeof STORE | undefined = () => STORE,
) {
  const troubles: string[] = []
  const watch = new Watch({
    store,
    kept: () => KEPT,
    tasks,
    onTrouble: (task, { message }) => troubles.push(`${task}: ${message}`),
    now: () => 1000,
  })
  return { watch, troubles }
}

test('tasks are done one after the other at one moment; one that fails holds no other up, and is told once until it works again', async () => {
  const done: string[] = []
  let isBroken = true
  const { watch, troubles } = watching([
    {
      name: 'first',
      run: async () => {
        done.push('first')
        if (isBroken) throw new Error('broken')
      },
    },
    { name: 'second', run: async () => void done.push('second') },
  ])
  await watch.look()
  await watch.look()
  expect(done).toEqual(['first', 'second', 'first', 'second'])
  expect(troubles).toEqual(['first: broken'])
  isBroken = false
  await watch.look()
  isBroken = true
  await watch.look()
  expect(troubles).toEqual(['first: broken', 'first: broken'])
  await watch.stop()
})

test('there is one look at a time, nothing is done without a store, and nothing more once it is stopped', async () => {
  let finish = () => {}
  let looks = 0
  let store: typeof STORE | undefined
  const { watch } = watching(
    [
      {
        name: 'slow',
        run: () =>
          new Promise<void>((resolve) => {
            looks++
            finish = resolve
          }),
      },
      { name: 'behind', run: async () => void looks++ },
    ],
    () => store,
  )
  await watch.look()
  expect(looks).toBe(0)
  store = STORE
  const both = [watch.look(), watch.look()]
  const stopped = watch.stop()
  finish()
  await Promise.all([...both, stopped])
  expect(looks).toBe(1)
})
