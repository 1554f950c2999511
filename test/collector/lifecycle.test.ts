import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Lifecycle } from '../../src/collector/lifecycle.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function recording(timeoutMs = 10_000) {
  const told: string[] = []
  const onTrouble = (stage: string, { message }: Error) => void told.push(`${stage}: ${message}`)
  const lifecycle = new Lifecycle({ timeoutMs, onTrouble })
  const build = (name: string, stop: () => unknown = () => {}) =>
    lifecycle.build(
      name,
      () => void told.push(`build ${name}`),
      () => {
        told.push(`stop ${name}`)
        return stop()
      },
    )
  return { lifecycle, told, build }
}

test('stages are built last-to-first and stopped first-to-last', async () => {
  const { lifecycle, told, build } = recording()
  for (const name of ['store', 'queue', 'receive']) await build(name)
  expect(await lifecycle.stop()).toBe(true)
  expect(told).toEqual(['build store', 'build queue', 'build receive', 'stop receive', 'stop queue', 'stop store'])
})

test('what is made is given back, and given to what stops it', async () => {
  const lifecycle = new Lifecycle({ timeoutMs: 1000, onTrouble: () => {} })
  const stopped: number[] = []
  expect(
    await lifecycle.build(
      'a',
      async () => 5,
      (made) => stopped.push(made),
    ),
  ).toBe(5)
  await lifecycle.stop()
  expect(stopped).toEqual([5])
})

test('stopping twice is stopping once', async () => {
  const { lifecycle, told, build } = recording()
  await build('store')
  expect(await Promise.all([lifecycle.stop(), lifecycle.stop()])).toEqual([true, true])
  expect(told).toEqual(['build store', 'stop store'])
  await expect(build('late')).rejects.toThrow('late cannot be built: the collector is stopping')
})

test('a stage that cannot be built takes those before it down again', async () => {
  const { lifecycle, told, build } = recording()
  await build('store')
  const failing = lifecycle.build(
    'queue',
    () => Promise.reject(new Error('locked')),
    () => {},
  )
  await expect(failing).rejects.toThrow('locked')
  expect(told).toEqual(['build store', 'stop store'])
})

test('a stage that is being built when it is told to stop is stopped too', async () => {
  const { lifecycle, told, build } = recording()
  await build('store')
  let finish = () => {}
  const building = lifecycle.build(
    'queue',
    () =>
      new Promise<void>((resolve) => {
        finish = resolve
      }),
    () => void told.push('stop queue'),
  )
  const stopping = lifecycle.stop()
  finish()
  await expect(building).rejects.toThrow('queue was built, but the collector is stopping')
  expect(await stopping).toBe(true)
  expect(told).toContain('stop queue')
})

test('a stage that fails to stop does not keep the others from it', async () => {
  const { lifecycle, told, build } = recording()
  await build('store')
  await build('queue', () => Promise.reject(new Error('no disk')))
  await build('receive', () => {
    throw 'text'
  })
  expect(await lifecycle.stop()).toBe(false)
  expect(told.slice(3)).toEqual(['stop receive', 'receive: text', 'stop queue', 'queue: no disk', 'stop store'])
})

test('a stage that never ends is left behind, and something is kept back for those after it', async () => {
  const { lifecycle, told, build } = recording(10_000)
  const never = () => new Promise(() => {})
  await build('store')
  await build('queue', never)
  await build('receive', never)
  const stopping = lifecycle.stop()
  await vi.advanceTimersByTimeAsync(8999)
  expect(told.slice(3)).toEqual(['stop receive'])
  await vi.advanceTimersByTimeAsync(1)
  expect(told.slice(4)).toEqual(['receive: it was not done in time', 'stop queue'])
  await vi.advanceTimersByTimeAsync(500)
  expect(told.slice(6)).toEqual(['queue: it was not done in time', 'stop store'])
  expect(await stopping).toBe(false)
})
