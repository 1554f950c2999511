/** One result of a bench: how it is written, what it must reach, and whether it does. */

/**
 * What a result must reach. Those that are absent do not matter; without any, the result is for information.
 * @typedef {object} Limits
 * @property {number} [atMost] Largest value.
 * @property {number} [atLeast] Smallest value.
 * @property {number} [ratioAtMost] Largest ratio against the rival.
 * @property {number} [ratioAtLeast] Smallest ratio against the rival.
 * @property {boolean} [belowRival] The value must be less than the rival's.
 */

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {number | null} value Absent where nothing could be measured.
 * @property {string} unit
 * @property {string} [rival] What it is compared with.
 * @property {number | null} [ratio] Value over the rival's value, of the same run.
 * @property {number} [rivalValue] In the same unit.
 * @property {{ mean: number, error: number }} [difference] Value less the rival's, round by round, where that tells more than the two values.
 * @property {Limits} [limits]
 * @property {boolean} [pass]
 * @property {string} [note]
 */

/** Prints a result as one line of JSON, judged. @param {Result & Record<string, unknown>} result */
export function emit(result) {
  const { name, value, unit, ratio, rival, rivalValue, limits, ...rest } = result
  const rounded = {
    name,
    value: round(value),
    unit,
    ...(ratio !== undefined && { ratio: round(ratio) }),
    ...(rival !== undefined && { rival }),
    ...(rivalValue !== undefined && { rivalValue: round(rivalValue) }),
    ...(limits !== undefined && { target: describe(limits), pass: isReached(result) }),
  }
  console.log(JSON.stringify({ ...rounded, ...rest }, (_, field) => (typeof field === 'number' ? round(field) : field)))
}

/** Whether a result is within its limits, by the numbers as measured, not as rounded. @param {Result} result */
export function isReached({ value, ratio, rivalValue, difference, limits = {} }) {
  const { atMost, atLeast, ratioAtMost, ratioAtLeast, belowRival } = limits
  if (value === null || !Number.isFinite(value)) return false
  if (atMost !== undefined && value > atMost) return false
  if (atLeast !== undefined && value < atLeast) return false
  if (belowRival && !((difference?.mean ?? value - Number(rivalValue)) < 0)) return false
  const isRatioReached = (/** @type {(ratio: number) => boolean} */ isWithin) =>
    typeof ratio === 'number' && isWithin(ratio)
  if (ratioAtMost !== undefined && !isRatioReached((one) => one <= ratioAtMost)) return false
  return ratioAtLeast === undefined || isRatioReached((one) => one >= ratioAtLeast)
}

/** @param {Limits} limits */
function describe({ atMost, atLeast, ratioAtMost, ratioAtLeast, belowRival }) {
  const parts = []
  if (atMost !== undefined && atLeast === -atMost) parts.push(`within ±${atMost}`)
  else if (atMost !== undefined) parts.push(`≤ ${atMost}`)
  else if (atLeast !== undefined) parts.push(`≥ ${atLeast}`)
  if (ratioAtMost !== undefined) parts.push(`ratio ≤ ${ratioAtMost}`)
  if (ratioAtLeast !== undefined) parts.push(`ratio ≥ ${ratioAtLeast}`)
  if (belowRival) parts.push('less than the rival')
  return parts.join(', ')
}

/** Four digits that matter; whole numbers, which may be counts, stay. @param {number | null} value */
function round(value) {
  if (value === null || !Number.isFinite(value)) return null
  return Number.isInteger(value) ? value : Number(value.toPrecision(4))
}

/** Progress goes where results do not. @param {string} text */
export function progress(text) {
  process.stderr.write(`${text}\n`)
}
