/** Rules that ask a function of the user's: bounded in time and in what they answer, and checked, since nobody else has checked it. */
import type { Condition, CustomPredicate, CustomResult, Labels, Observed } from './rule.js'

/** One call of the function. */
export const LONGEST_CALL_MS = 5000
const MOST_RESULTS = 1000
const LABEL = /^[A-Za-z_]\w{0,99}$/

export function customCondition(evaluate: CustomPredicate, longestMs = LONGEST_CALL_MS): Condition {
  return {
    type: 'observed',
    async observe(asker) {
      const answer = await inTime(async () => evaluate(asker), longestMs)
      const results = Array.isArray(answer) ? answer : [answer]
      if (results.length > MOST_RESULTS)
        throw new Error(`evaluate may answer ${MOST_RESULTS} results; got ${results.length}`)
      return results.map(observedOf)
    },
  }
}

async function inTime<Result>(work: () => Promise<Result>, longestMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`evaluate did not answer within ${longestMs} ms`)), longestMs)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

function observedOf(result: unknown): Observed {
  if (result === null) return { labels: {}, verdict: 'unknown', value: null, threshold: null }
  if (typeof result === 'boolean') return { labels: {}, verdict: verdictOf(result), value: null, threshold: null }
  const { isBreached, value = null, threshold = null, labels = {} } = (result ?? {}) as CustomResult
  const isNumber = (one: unknown) => one === null || Number.isFinite(one)
  if (typeof isBreached !== 'boolean' || !isNumber(value) || !isNumber(threshold) || !areLabels(labels))
    throw new Error(
      'evaluate must answer true, false, null, or { isBreached, value?, threshold?, labels? }, or a list of those',
    )
  return { labels, verdict: verdictOf(isBreached), value, threshold }
}

const verdictOf = (isBreached: boolean) => (isBreached ? 'breached' : 'clear')

function areLabels(labels: unknown): labels is Labels {
  return (
    typeof labels === 'object' &&
    labels !== null &&
    Object.entries(labels).every(
      ([name, value]) => LABEL.test(name) && typeof value === 'string' && value.length <= 4096,
    )
  )
}
