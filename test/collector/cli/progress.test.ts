import { expect, test } from 'vitest'
import { createProgress } from '../../../src/collector/cli/progress.js'

/** A progress on a clock of its own, and what it wrote. */
function progressOf(options: { total?: number; isTTY?: boolean; columns?: number; isColored?: boolean } = {}) {
  const { total, isTTY = false, columns, isColored = false } = options
  let time = 0
  let text = ''
  const write = (more: string) => {
    text += more
  }
  const output = { write, isTTY, ...(columns !== undefined && { columns }) }
  const progress = createProgress({
    label: 'importing',
    unit: 'operations',
    output,
    isColored,
    now: () => time,
    ...(total !== undefined && { total }),
  })
  const written = () => {
    const all = text
    text = ''
    return all
  }
  const at = (ms: number, done: number) => {
    time = ms
    progress.update(done)
    return written()
  }
  const finish = (ms: number, summary?: string) => {
    time = ms
    progress.finish(summary)
    return written()
  }
  return { at, finish }
}

test('elsewhere than on a terminal there is a line now and then, and one at the end', () => {
  const { at, finish } = progressOf({ total: 100_000 })
  expect(at(0, 0)).toBe('')
  expect(at(5000, 20_000)).toBe('')
  expect(at(10_000, 50_000)).toBe('importing 50% 50,000 of 100,000 operations · 5,000/s · 10 s left\n')
  expect(at(15_000, 70_000)).toBe('')
  expect(at(20_000, 99_999)).toBe('importing 99% 99,999 of 100,000 operations · 5,000/s\n')
  expect(finish(20_000, '3 rejected')).toBe(
    'importing 99% 99,999 of 100,000 operations · 5,000/s · 20 s · 3 rejected\n',
  )
  expect(finish(20_000)).toBe('')
  expect(at(40_000, 5)).toBe('')
})

test('on a terminal one line is drawn again and again, not more often than can be seen', () => {
  const { at, finish } = progressOf({ total: 200, isTTY: true })
  const line = (text: string) => `\r\x1b[2K${text}`
  expect(at(0, 0)).toBe(line(`importing ${'░'.repeat(24)}   0% 0 of 200 operations`))
  expect(at(50, 10)).toBe('')
  expect(at(100, 100)).toBe(line(`importing ${'█'.repeat(12)}${'░'.repeat(12)}  50% 100 of 200 operations · 1,000/s`))
  expect(finish(200)).toBe(
    line(`importing ${'█'.repeat(12)}${'░'.repeat(12)}  50% 100 of 200 operations · 500/s · 0 s\n`),
  )
})

test('a narrow terminal has no bar, and no line that wraps', () => {
  const { at } = progressOf({ total: 200, isTTY: true, columns: 40 })
  expect(at(0, 0)).toBe('\r\x1b[2Kimporting   0% 0 of 200 operations')
  expect(at(1000, 100)).toBe('\r\x1b[2Kimporting  50% 100 of 200 operations ·')
})

test('colours are for those who want them', () => {
  const { at } = progressOf({ total: 2, isTTY: true, isColored: true })
  expect(at(0, 1)).toContain(`\x1b[36m${'█'.repeat(12)}\x1b[2m${'░'.repeat(12)}\x1b[0m`)
})

test('where the total is not known, or was guessed too low, it says what it knows', () => {
  expect(progressOf().at(100_000, 3_000_000)).toBe('importing 3,000,000 operations · 30,000/s\n')
  expect(progressOf({ total: 10 }).at(10_000, 20)).toBe('importing 100% 20 of 10 operations · 2/s\n')
  expect(progressOf({ total: 0 }).at(10_000, 0)).toBe('importing 100% 0 of 0 operations\n')
  expect(progressOf({ total: 1_000_000 }).at(10_000, 1000)).toBe(
    'importing 0% 1,000 of 1,000,000 operations · 100/s · 2 h 46 min left\n',
  )
})
