import { expect, test, vi } from 'vitest'
import { Processor, type ProcessorOptions } from '../../src/sdk/processor.js'

/** Keeps the event loop busy for so long: the work that slices are cut from. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

function processor(waiting: number, options: Partial<ProcessorOptions> = {}) {
  const state = { waiting, flushes: 0, ready: true }
  const made = new Processor({
    isReady: () => state.ready,
    measureNext: () => state.waiting > 0 && state.waiting-- > 0,
    flush: () => {
      state.flushes++
      return true
    },
    ...options,
  })
  return { processor: made, state }
}

test('a drain measures all that waits', async () => {
  const { processor: made, state } = processor(10_000)
  await made.drain()
  expect(state.waiting).toBe(0)
})

test('a slice measures at most 500 operations, however quick they are', async () => {
  const { processor: made, state } = processor(10_000)
  // The clock stands still: it is the number that ends the slice, on a busy machine too.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1000)
  try {
    // With a deadline that has passed there is one slice.
    await made.drain(999)
  } finally {
    clock.mockRestore()
  }
  expect(state.waiting).toBe(9500)
})

test('the sums of eight slices are handed on together, and the last ones at the end', async () => {
  const { processor: made, state } = processor(10_000, { measureNext: () => state.waiting > 0 && state.waiting-- > 0 })
  await made.drain()
  // 10,000 operations are at least 21 slices, the last one finding nothing more.
  expect(state.flushes).toBeGreaterThanOrEqual(3)
  state.waiting = 3
  const before = state.flushes
  await made.drain()
  expect(state.flushes).toBe(before + 1)
})

test('a drain that stops at its deadline hands on what it has summed', async () => {
  const { processor: made, state } = processor(1000, {
    measureNext: () => {
      work(1)
      return state.waiting > 0 && state.waiting-- > 0
    },
  })
  await made.drain(performance.now() - 1)
  expect(state.waiting).toBeGreaterThan(0)
  expect(state.flushes).toBe(1)
})

test('a drain goes in slices, and the program has its turn between them', async () => {
  const { processor: made, state } = processor(20, {
    measureNext: () => {
      work(1)
      return state.waiting > 0 && state.waiting-- > 0
    },
  })
  let turns = 0
  const taking = setInterval(() => turns++, 0)
  await made.drain()
  clearInterval(taking)
  expect(turns).toBeGreaterThanOrEqual(3)
})

test('a slice that is out of time is told so, and what it leaves over is taken up again', async () => {
  let left = 5
  const told: boolean[] = []
  const { processor: made } = processor(0, {
    flush: (outOfTime) => {
      work(3)
      told.push(outOfTime())
      return --left === 0
    },
  })
  await made.drain()
  expect(told).toEqual([true, true, true, true, true])
})

test('those who ask for a drain while one is under way share it', async () => {
  const { processor: made, state } = processor(100)
  const [first, second] = [made.drain(), made.drain()]
  expect(second).toBe(first)
  await first
  expect(state.waiting).toBe(0)
  expect(made.drain()).not.toBe(first)
})

test('a drain with a deadline stops half-way', async () => {
  const { processor: made, state } = processor(1000, {
    measureNext: () => {
      work(1)
      return state.waiting > 0 && state.waiting-- > 0
    },
  })
  await made.drain(performance.now() + 10)
  expect(state.waiting).toBeGreaterThan(0)
  expect(state.waiting).toBeLessThan(1000)
})

test('with nothing to measure with, a drain leaves everything and a scheduled one waits', async () => {
  const { processor: made, state } = processor(5)
  state.ready = false
  await made.drain()
  expect(state.waiting).toBe(5)
  made.schedule()
  state.ready = true
  while (state.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(state.flushes).toBe(1)
})

test('a drain that was to begin is forgotten when stopped', async () => {
  const { processor: made, state } = processor(5)
  made.schedule()
  made.stop()
  // Another, scheduled later, comes later: when it has been, the first would have been.
  const later = processor(1)
  later.processor.schedule()
  while (later.state.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(state.waiting).toBe(5)
})
