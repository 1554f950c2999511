/** What rules see at one moment: the numbers they need, asked together, and what each says of every group. */
import type { Asker } from '../query/asker.js'
import { labelOf } from './budget-conditions.js'
import { groupKey, type Reading, type Rows, readNumbers } from './readings.js'
import type { Need, Observed, Part } from './rule.js'

/** What is seen of one part of a rule; an Error: nothing can be told. */
export type Seen = { readonly observed: readonly Observed[]; readonly isWhole: boolean } | Error

/** Where numbers are asked, and of when. */
export type Sight = {
  readonly asker: Asker
  readonly rows: Rows
  /** The end of all windows, in epoch milliseconds. */
  readonly end: number
  readonly isBehind: boolean
}

/** What parts of rules see at one moment. */
export async function seeParts(
  parts: readonly Part[],
  { asker, rows, end, isBehind }: Sight,
): Promise<Map<Part, Seen>> {
  const seen = new Map<Part, Seen>()
  const needsOf = new Map<Part, readonly Need[]>()
  const observing: Promise<void>[] = []
  for (const part of parts) {
    const { condition } = part
    if (condition.type === 'observed') {
      const observed = condition.observe(asker).then((all) => ({ observed: all, isWhole: true }))
      observing.push(observed.catch(errorOf).then((one) => void seen.set(part, one)))
    } else if (isBehind) seen.set(part, new Error('operations that were accepted are not stored yet'))
    else {
      try {
        needsOf.set(part, condition.needs())
      } catch (error) {
        seen.set(part, errorOf(error))
      }
    }
  }
  const readings = await readNumbers(rows, end, [...new Set([...needsOf.values()].flat())])
  for (const [part, needs] of needsOf) {
    const own = needs.map((need) => readings.get(need)!)
    const failed = own.find((one) => one instanceof Error)
    seen.set(part, failed ?? judged(part, needs[0]!, own as Reading[]))
  }
  await Promise.all(observing)
  return seen
}

function judged({ condition }: Part, { groupBy }: Need, readings: readonly Reading[]): Exclude<Seen, Error> {
  if (condition.type !== 'measured') throw new Error('BUG: only what is measured has readings')
  const groups = new Map<string, readonly string[]>(groupBy.length === 0 ? [[groupKey([]), []]] : [])
  for (const { cells } of readings) for (const [key, { group }] of cells) groups.set(key, group)
  const observed = [...groups].map(([key, group]): Observed => {
    const labels = Object.fromEntries(groupBy.map((dimension, index) => [labelOf(dimension), group[index]!]))
    const isSeen = readings.every(({ cells, isWhole }) => isWhole || cells.has(key))
    const judgement = condition.judge(readings.map(({ cells, ofNothing }) => cells.get(key) ?? ofNothing))
    return { labels, ...judgement, ...(!isSeen && { verdict: 'unknown' }) }
  })
  return { observed, isWhole: readings.every(({ isWhole }) => isWhole) }
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause))
}
