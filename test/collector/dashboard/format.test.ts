/** How the dashboard writes numbers: what is unknown is never a zero, and what is small is never rounded away. */
import { expect, test } from 'vitest'
import * as format from '../../../src/collector/dashboard/format.js'

function f(write: format.Format, rows: readonly (readonly [value: number | null | undefined, text: string])[]): void {
  expect(rows.map(([value]) => [value, write(value)])).toEqual(rows)
}

test('what is unknown is a dash, whatever it would be', () => {
  const { money, moneyShort, count, short, duration, share, tokenRate, bytes, change } = format
  for (const write of [money, moneyShort, count, short, duration, share, tokenRate, bytes, change])
    f(write, [
      [null, '–'],
      [undefined, '–'],
      [Number.NaN, '–'],
      [Number.POSITIVE_INFINITY, '–'],
    ])
})

test('money has cents where they say something, and digits where it is small', () => {
  f(format.money, [
    [0, '$0.00'],
    [0.000_000_004, '$0.000000004'],
    [0.000_42, '$0.00042'],
    [0.0123, '$0.012'],
    [0.21, '$0.210'],
    [1.006, '$1.01'],
    [1234.5, '$1,234.50'],
    [45_678.9, '$45,679'],
    [1_234_567, '$1.23M'],
    [-2.5, '−$2.50'],
  ])
})

test('counts are whole up to ten thousand, and three digits with a letter beyond', () => {
  f(format.short, [
    [0, '0'],
    [9999, '9,999'],
    [10_000, '10.0k'],
    [13_750, '13.8k'],
    [999_999, '1.00M'],
    [2_500_000_000, '2.50B'],
    [0.5, '0.5'],
  ])
})

test('durations are in the unit that suits them', () => {
  f(format.duration, [
    [0.42, '0.42 ms'],
    [7.25, '7.3 ms'],
    [999.4, '999 ms'],
    [1000, '1.00 s'],
    [12_345, '12.3 s'],
    [59_999, '1m 00s'],
    [125_000, '2m 05s'],
    [3_720_000, '1h 02m'],
  ])
})

test('nearly all is not all, and nearly nothing is not nothing', () => {
  f(format.share, [
    [0, '0%'],
    [0.000_01, '<0.01%'],
    [0.0048, '0.48%'],
    [0.0909, '9.1%'],
    [0.9999, '>99.9%'],
    [1, '100%'],
  ])
})

test('changes are shares, and factors where they are large; of nothing there is none', () => {
  expect(format.change(format.changeOf(110, 100))).toBe('+10%')
  expect(format.change(format.changeOf(96.6, 100))).toBe('−3.4%')
  expect(format.change(format.changeOf(0.21, 0.02))).toBe('×10.5')
  expect(format.change(format.changeOf(100, 100))).toBe('±0%')
  expect(format.changeOf(5, 0)).toBe(null)
  expect(format.changeOf(5, null)).toBe(null)
  expect(format.ratio(1, 0)).toBe(null)
})
