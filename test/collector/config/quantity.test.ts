import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/collector/config/quantity.js'

test('durations are read to milliseconds', () => {
  const f = (text: string | number, ms: number | undefined) => expect(parseDuration(text)).toBe(ms)
  f('20ms', 20)
  f('1.5s', 1500)
  f('10m', 600_000)
  f('24h', 86_400_000)
  f('1h30m', 5_400_000)
  f('30d', 2_592_000_000)
  f('2w', 1_209_600_000)
  f('5y', 157_680_000_000)
  f('250', 250) // milliseconds, when nothing is said
  f(250, 250)
  f(' 1s ', 1000)
  f('0s', 0)
  f('0.07s', 70) // 0.07 * 1000 is not 70 in binary fractions
  f('0.5ms', undefined)
  f('-1s', undefined)
  f('1 s', undefined)
  f('1S', undefined)
  f('1M', undefined)
  f('s', undefined)
  f('', undefined)
  f('1e3', undefined)
  f('Infinity', undefined)
  f(1.5, undefined)
  f(Number.NaN, undefined)
  f(-1, undefined)
  f('9'.repeat(30), undefined)
})

test('sizes are read to bytes', () => {
  const f = (text: string | number, bytes: number | undefined) => expect(parseSize(text)).toBe(bytes)
  f('1GiB', 1_073_741_824)
  f('512MB', 512_000_000)
  f('512 MB', 512_000_000)
  f('16KiB', 16_384)
  f('1kB', 1000)
  f('1.5MiB', 1_572_864)
  f('100B', 100)
  f('100', 100)
  f(100, 100)
  f('1TiB', 1_099_511_627_776)
  f('1G', undefined)
  f('1gb', undefined)
  f('1Mb', undefined) // bits
  f('0.1B', undefined)
  f('-1MB', undefined)
  f('1.5', undefined)
  f('MB', undefined)
  f('', undefined)
})

test('what is written is read as the same again', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
      expect(parseDuration(formatDuration(value))).toBe(value)
      expect(parseSize(formatSize(value))).toBe(value)
    }),
  )
  const f = (ms: number, text: string) => expect(formatDuration(ms)).toBe(text)
  f(0, '0ms')
  f(20, '20ms')
  f(90_000, '90s')
  f(86_400_000, '1d')
  f(400 * 86_400_000, '400d')
  f(5 * 365 * 86_400_000, '5y')
  expect([1024, 67_108_864, 512_000_000, 1_073_741_824, 1001].map(formatSize)).toEqual([
    '1KiB',
    '64MiB',
    '512MB',
    '1GiB',
    '1001B',
  ])
})

test('no text whatsoever is read as something that is no amount', () => {
  const character = fc.constantFrom('1', '0', '9', '.', '-', 'm', 's', 'h', 'd', 'K', 'M', 'i', 'B', ' ', 'e')
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      for (const value of [parseDuration(text), parseSize(text)])
        expect(value === undefined || (Number.isSafeInteger(value) && value >= 0)).toBe(true)
    }),
  )
})
