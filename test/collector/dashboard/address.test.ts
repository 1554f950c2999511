/** The address of a view: it comes back as it was written, and nonsense in it is left out. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Address,
  FILTERS,
  hashOf,
  PAGES,
  parseAddress,
  unfiltered,
} from '../../../src/collector/dashboard/address.js'
import { barOf, granularityOf, previousOf, spanOf, WINDOW_MS } from '../../../src/collector/dashboard/range.js'

const MINUTE = 60_000
const LATEST = Date.UTC(2100, 0, 1)

const anyRange = fc.oneof(
  fc.constantFrom('15m', '24h', '7d', '2w').map((last) => ({ last })),
  fc
    .tuple(fc.integer({ min: 0, max: LATEST }), fc.integer({ min: 1, max: 1e10 }))
    .map(([start, length]) => ({ start, end: start + length })),
)
const anyAddress: fc.Arbitrary<Address> = fc.record({
  page: fc.constantFrom(...PAGES),
  range: anyRange,
  filters: fc.dictionary(
    fc.constantFrom(...FILTERS),
    fc.uniqueArray(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }),
  ),
  view: fc.string(),
})

test('an address is read as it was written, whatever names are in it', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const hash = hashOf(address)
      expect(parseAddress(hash)).toEqual({ ...address, filters: { ...address.filters } })
      expect(hashOf(parseAddress(hash))).toBe(hash)
    }),
  )
})

test('what is wrong in an address is left out, and never thrown at anybody', () => {
  const usual = parseAddress('')
  expect(usual).toEqual({ page: 'overview', range: { last: '24h' }, filters: {}, view: '' })
  for (const hash of [
    '#/nowhere',
    '#/overview?last=9999999d',
    '#/?from=x&to=y',
    '#/?from=2026-01-02&to=2026-01-01',
    '#?last=24',
    '#/overview?nonsense=1',
  ])
    expect([hash, parseAddress(hash)]).toEqual([hash, usual])
  fc.assert(fc.property(fc.string(), (hash) => void parseAddress(hash)))
})

test('a filter is taken away by its value, and the dimension with its last one', () => {
  expect(unfiltered({ model: ['a', 'b'] }, 'model', 'a')).toEqual({ model: ['b'] })
  expect(unfiltered({ model: ['a'], service: ['s'] }, 'model', 'a')).toEqual({ service: ['s'] })
})

test('a range until now ends with this minute, and the one before meets it', () => {
  const now = Date.UTC(2026, 0, 5, 12, 30, 20)
  const span = spanOf({ last: '24h' }, now)
  expect(span.end).toBe(Date.UTC(2026, 0, 5, 12, 31))
  expect(span.end - span.start).toBe(24 * 60 * MINUTE)
  expect(previousOf(span)).toEqual({ start: span.start - 24 * 60 * MINUTE, end: span.start })
})

test('bars are whole windows, and at most a hundred and one of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: MINUTE, max: 100 * 86_400_000 }), (length) => {
      const span = { start: 0, end: length }
      const bar = barOf(span)
      expect(bar % WINDOW_MS[granularityOf(span)]).toBe(0)
      expect(length / bar).toBeLessThanOrEqual(101)
    }),
  )
})
