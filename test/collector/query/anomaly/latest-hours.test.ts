/** What is kept of the latest hours, against all of it in order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LatestHours } from '../../../../src/collector/query/anomaly/latest-hours.js'

const HOUR = 3_600_000
const START = 400_000 * HOUR

test('the latest hours are kept whole, as many as hold the limit, whatever comes in whatever order', () => {
  const items = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 })
  const limits = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Infinity))
  fc.assert(
    fc.property(items, limits, (added, limit) => {
      const latest = new LatestHours<number>(START, limit)
      for (const [item, hour] of added.entries()) latest.add(START + hour * HOUR, item)
      const expected: [number, number[]][] = []
      for (let hour = 30; hour >= 0 && expected.flatMap(([, its]) => its).length < limit; hour--) {
        const its = added.flatMap((one, item) => (one === hour ? [item] : []))
        if (its.length > 0) expected.push([START + hour * HOUR, its])
      }
      expect(latest.hours()).toEqual(expected)
      const isFull = added.length >= limit
      const first = isFull ? expected.at(-1)![0] : START
      expect([first - HOUR, first].map((time) => latest.reaches(time))).toEqual([false, true])
    }),
  )
})
