import { expect, test } from 'vitest'
import type { IdentifiedOperation } from '../../src/clean.js'
import { type Listener, Subscribers } from '../../src/sdk/subscribers.js'

const operation = (id: number): IdentifiedOperation => ({ id: String(id), operation: 'chat', startTime: 0 })
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('every subscriber sees every operation, in order', async () => {
  const subscribers = new Subscribers()
  const seen: string[][] = [[], []]
  for (const ids of seen) subscribers.add((one) => void ids.push(one.id))
  for (let id = 0; id < 5; id++) subscribers.publish(operation(id))
  expect(seen).toEqual([[], []]) // never inside the one who measures
  await turn()
  subscribers.publish(operation(5))
  await turn()
  expect(seen).toEqual([
    ['0', '1', '2', '3', '4', '5'],
    ['0', '1', '2', '3', '4', '5'],
  ])
  expect(subscribers.lagged).toBe(0)
})

test('a listener that throws or rejects sees the next operation all the same, and disturbs no other', async () => {
  const subscribers = new Subscribers()
  const seen: string[] = []
  subscribers.add(() => {
    throw new Error('no')
  })
  subscribers.add(() => Promise.reject(new Error('no')))
  subscribers.add((one) => {
    seen.push(one.id)
    if (one.id === '0') throw new Error('once')
  })
  for (let id = 0; id < 3; id++) subscribers.publish(operation(id))
  await turn()
  expect(seen).toEqual(['0', '1', '2'])
})

test('a slow listener loses the oldest, counted, and delays nobody', async () => {
  const subscribers = new Subscribers()
  const slow: string[] = []
  const quick: string[] = []
  let goOn = () => {}
  const waiting = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const subscription = subscribers.add(
    (one) => {
      slow.push(one.id)
      return waiting
    },
    { capacity: 3 },
  )
  subscribers.add((one) => void quick.push(one.id))
  subscribers.publish(operation(0))
  await turn()
  for (let id = 1; id <= 10; id++) subscribers.publish(operation(id))
  await turn()
  expect(quick).toHaveLength(11)
  expect([subscription.size, subscription.lagged, subscribers.lagged]).toEqual([3, 7, 7])
  goOn()
  await turn()
  expect(slow).toEqual(['0', '8', '9', '10'])
  expect(subscription.size).toBe(0)
})

test('one who has left sees nothing more, and what it missed stays counted', async () => {
  const subscribers = new Subscribers()
  const seen: string[] = []
  const subscription = subscribers.add((one) => void seen.push(one.id), { capacity: 1 })
  subscribers.publish(operation(0))
  subscribers.publish(operation(1))
  subscription.unsubscribe()
  subscription.unsubscribe()
  subscribers.publish(operation(2))
  await turn()
  expect(seen).toEqual([])
  expect(subscribers.lagged).toBe(1)
})

test('wrong arguments are refused by name', () => {
  const subscribers = new Subscribers()
  const f = (listener: unknown, options: unknown, message: string) =>
    expect(() => subscribers.add(listener as Listener, options as object)).toThrow(message)
  f(undefined, {}, 'listener must be a function; got undefined')
  f(() => {}, { capacity: 0 }, 'capacity must be a positive integer; got 0')
  f(() => {}, { capacity: 1.5 }, 'capacity must be a positive integer; got 1.5')
})
