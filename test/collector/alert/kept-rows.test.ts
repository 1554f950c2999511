import { expect, test } from 'vitest'
import { KeptRows } from '../../../src/collector/alert/kept-rows.js'
import type { Question } from '../../../src/collector/query/question.js'

const HOUR = 3_600_000
const MINUTE = 60_000

test('short windows are asked at every look, long ones again after a sixtieth of their length, five minutes at most', async () => {
  const asked: number[] = []
  const kept = new KeptRows(() => 1)
  const look = async (now: number, windows: readonly number[], isBroken = false) => {
    asked.length = 0
    const rows = kept.at({
      now,
      rows: async ({ range }) => {
        asked.push((range.end - range.start) / HOUR)
        if (isBroken) throw new Error('broken')
        return { rows: [{ at: now }], has_more: false } as never
      },
    })
    const answers = windows.map((window): Promise<unknown> => {
      const question: Question = {
        range: { start: now - window * HOUR, end: now },
        measures: [],
        groupBy: [],
        filters: [],
        having: [],
        limit: 1,
        offset: 0,
      }
      return rows(question).then(
        ({ rows: [row] }) => row!['at'],
        () => 'broken',
      )
    })
    return { answers: await Promise.all(answers), asked: [...asked] }
  }
  const all = [0.5, 1, 72]
  expect(await look(0, all)).toEqual({ answers: [0, 0, 0], asked: all })
  expect(await look(45_000, all)).toEqual({ answers: [45_000, 0, 0], asked: [0.5] })
  expect(await look(MINUTE, all)).toEqual({ answers: [MINUTE, MINUTE, 0], asked: [0.5, 1] })
  expect((await look(5 * MINUTE, all)).asked).toEqual(all)
  // A clock that is put back; one that was not asked for at a look; and one that failed.
  expect((await look(4 * MINUTE, [72])).asked).toEqual([72])
  await look(4 * MINUTE, [1])
  expect((await look(4 * MINUTE, [72])).asked).toEqual([72])
  expect(await look(20 * MINUTE, [72], true)).toEqual({ answers: ['broken'], asked: [72] })
  expect((await look(20 * MINUTE, [72])).asked).toEqual([72])
})
