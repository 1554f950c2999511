import { expect, test } from 'vitest'
import { AnswerCache, lifetimeOf } from '../../../src/collector/query/answer-cache.js'

const body = (text: string) => ({ body: Buffer.from(text), lifetimeMs: 1000 })

test('an answer is made once while it holds, and again afterwards', async () => {
  let now = 5000
  let made = 0
  const cache = new AnswerCache({ maxBytes: 100_000, now: () => now })
  const ask = async (fresh = false) => {
    const { answer, isHit } = await cache.get('question', async () => body(`answer ${++made}`), { fresh })
    return [answer.body.toString(), isHit]
  }
  expect(await ask()).toEqual(['answer 1', false])
  now += 999
  expect(await ask()).toEqual(['answer 1', true])
  now += 1
  expect(await ask()).toEqual(['answer 2', false])
  expect(await ask(true)).toEqual(['answer 3', false])
  expect(await ask()).toEqual(['answer 3', true])
  cache.clear()
  expect(await ask()).toEqual(['answer 4', false])
  expect(cache.counts).toMatchObject({ hits: 2, misses: 4, entries: 1 })
})

test('many who ask the same at the same time wait for one answer, and hear together that there is none', async () => {
  const cache = new AnswerCache({ maxBytes: 100_000 })
  let asked = 0
  const all = await Promise.all(Array.from({ length: 50 }, () => cache.get('same', async () => body(`${++asked}`))))
  expect(new Set(all.map(({ answer }) => answer.body.toString()))).toEqual(new Set(['1']))
  const failing = () => cache.get('other', async () => Promise.reject(new Error(`broken ${++asked}`)))
  const failures = await Promise.allSettled([failing(), failing()])
  expect(failures.map((one) => one.status === 'rejected' && (one.reason as Error).message)).toEqual([
    'broken 2',
    'broken 2',
  ])
  await expect(failing()).rejects.toThrow('broken 3')
})

test('bytes are bounded: what was unused longest goes first, and what is too large is not kept', async () => {
  const cache = new AnswerCache({ maxBytes: 10_000 })
  const ask = (key: string, size: number) => cache.get(key, async () => body('x'.repeat(size)))
  for (let index = 0; index < 100; index++) {
    await ask(`question ${index}`, 500)
    expect(cache.counts.bytes).toBeLessThanOrEqual(10_000)
  }
  expect((await ask('question 99', 500)).isHit).toBe(true)
  expect((await ask('question 0', 500)).isHit).toBe(false)
  await ask('large', 5000)
  expect((await ask('large', 5000)).isHit).toBe(false)
})

test('an answer that was being made while all were forgotten is not kept', async () => {
  const cache = new AnswerCache({ maxBytes: 100_000 })
  let finish = (_: { body: Buffer; lifetimeMs: number }) => {}
  const asked = cache.get(
    'question',
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  cache.clear()
  finish(body('before'))
  expect((await asked).answer.body.toString()).toBe('before')
  expect((await cache.get('question', async () => body('after'))).answer.body.toString()).toBe('after')
})

test('when all who wait have gone nobody makes it any more, and who comes then has it made anew', async () => {
  const cache = new AnswerCache({ maxBytes: 100_000 })
  const signals: AbortSignal[] = []
  const ask = (signal?: AbortSignal) =>
    cache.get(
      'question',
      (stop) =>
        new Promise((resolve, reject) => {
          signals.push(stop)
          stop.addEventListener('abort', () => reject(stop.reason))
          if (signal === undefined) resolve(body('made'))
        }),
      signal === undefined ? {} : { signal },
    )
  const [first, second] = [new AbortController(), new AbortController()]
  const both = Promise.allSettled([ask(first.signal), ask(second.signal)])
  first.abort(new Error('gone'))
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  second.abort(new Error('gone too'))
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  expect((await ask()).answer.body.toString()).toBe('made')
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('an answer holds the longer the less it changes', () => {
  const now = 1_000_000_000_000
  const [hour, day] = [3_600_000, 86_400_000]
  expect(lifetimeOf({ start: now - hour / 60, end: now }, now)).toBe(2000)
  expect(lifetimeOf({ start: now - hour, end: now }, now)).toBe(3600)
  expect(lifetimeOf({ start: now - 30 * day, end: now }, now)).toBe(60_000)
  expect(lifetimeOf({ start: now - day, end: now - 2 * hour }, now)).toBe(300_000)
})
