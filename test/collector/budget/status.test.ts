/** How a budget stands: the arithmetic, at its boundaries and against plain numbers. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dollarsOf, dollarText, nanoDollarsOf, writtenDollars } from '../../../src/collector/budget/money.js'
import { type Spending, statusOf } from '../../../src/collector/budget/status.js'
import { budget } from './budgeting.js'

const HOUR = 3_600_000
const WINDOW = { start: 0, end: 24 * HOUR }
const of = (spent: bigint | null, now = 12 * HOUR, limit = 1000n) => {
  const spending: Spending = { spent, calls: 1, priced: spent === null ? 0 : 1 }
  return statusOf(budget({ limit }), spending, { window: WINDOW, now, isComplete: true })
}

test('the risk begins at 50, 80, 95 and 100 per cent, to the nano-dollar', () => {
  const f = (spent: bigint | null, level: string | null) => expect(of(spent).riskLevel).toBe(level)
  f(0n, 'low')
  f(499n, 'low')
  f(500n, 'medium')
  f(799n, 'medium')
  f(800n, 'high')
  f(949n, 'high')
  f(950n, 'critical')
  f(999n, 'critical')
  f(1000n, 'exhausted')
  f(5000n, 'exhausted')
  f(null, null)
  // Beyond what a number holds exactly.
  const limit = 10n ** 20n
  expect([of(limit - 1n, HOUR, limit).riskLevel, of(limit, HOUR, limit).riskLevel]).toEqual(['critical', 'exhausted'])
})

test('what is to be expected follows from the mean rate since the period began', () => {
  const f = (spent: bigint | null, hours: number, expected: object) =>
    expect(of(spent, hours * HOUR)).toMatchObject(expected)
  f(500n, 12, { burnRate: 1, projected: 1000n, exhaustedInMs: null })
  f(501n, 12, { burnRate: 1.002, projected: 1002n, exhaustedInMs: Math.floor((499 * 12 * HOUR) / 501) })
  f(750n, 6, { burnRate: 3, projected: 3000n, exhaustedInMs: 2 * HOUR })
  f(1000n, 6, { burnRate: 4, projected: 4000n, exhaustedInMs: 0, remaining: 0n, used: 1 })
  f(1250n, 6, { exhaustedInMs: 0, remaining: -250n, used: 1.25 })
  f(0n, 6, { burnRate: 0, projected: 0n, exhaustedInMs: null })
  f(null, 6, { burnRate: null, projected: null, exhaustedInMs: null, remaining: null, used: null })
})

test('a few calls at the beginning foretell nothing, unless they spent half of it', () => {
  const f = (spent: bigint, minutes: number, isTold: boolean) => {
    const { burnRate, projected, exhaustedInMs } = of(spent, minutes * 60_000)
    expect([burnRate, projected, exhaustedInMs].map((told) => told !== null)).toEqual([isTold, isTold, isTold])
  }
  f(400n, 14, false)
  f(400n, 15, true)
  f(499n, 1, false)
  f(500n, 1, true)
  // Nothing has passed: there is no rate.
  f(500n, 0, false)
})

test('amounts keep all their digits, however they are written', () => {
  const f = (given: string | number, nanoDollars: bigint | undefined) => expect(nanoDollarsOf(given)).toBe(nanoDollars)
  f(0.1, 100_000_000n)
  f(1e-9, 1n)
  f(1e-7, 100n)
  f('0.000000001', 1n)
  f(' 12.50 ', 12_500_000_000n)
  f(999_999_999_999, 999_999_999_999_000_000_000n)
  for (const wrong of [1e12, 1e21, -1, '-1', '1e3', '', '.5', '5.', '1,5', '$5', 1e-10, 1.5e-9, Number.NaN, '0x10'])
    f(wrong, undefined)
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 21n - 1n }), (amount) => {
      expect(nanoDollarsOf(dollarText(amount))).toBe(amount)
      expect(nanoDollarsOf(writtenDollars(amount))).toBe(amount)
      expect(dollarsOf(-amount)).toBe(-dollarsOf(amount))
    }),
  )
})
