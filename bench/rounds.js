/** Rounds: variants take turns, so that whatever else the machine does befalls all of them alike. */

/**
 * Lets each variant have a round, again and again, each time beginning with the next one. The first rounds are discarded.
 * @template T
 * @param {Readonly<Record<string, () => T | Promise<T>>>} variants
 * @param {{ rounds: number, warmUp: number }} options
 * @returns {Promise<Record<string, T[]>>} By variant, one result a round; those of one round have the same index.
 */
export async function alternate(variants, { rounds, warmUp }) {
  const names = Object.keys(variants)
  /** @type {Record<string, T[]>} */
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]
      const result = await variants[name]()
      if (round >= warmUp) results[name].push(result)
    }
  }
  return results
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * How far the median of so many values may be from the true one: its standard error, by the median absolute deviation,
 * which a few disturbed rounds do not move.
 * @param {readonly number[]} values
 */
export function errorOfMedian(values) {
  const middle = median(values)
  const deviation = 1.4826 * median(values.map((value) => Math.abs(value - middle)))
  return (1.2533 * deviation) / Math.sqrt(values.length)
}

/**
 * Mean of the middle half: as deaf to a few disturbed rounds as the median, but what one variant is above a second, and the second above
 * a third, adds up, which medians of values that are not symmetric do not.
 * @param {readonly number[]} values
 */
export function middleMean(values) {
  const sorted = [...values].sort((one, other) => one - other)
  const quarter = Math.floor(sorted.length / 4)
  const middle = sorted.slice(quarter, sorted.length - quarter)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

/**
 * What rounds of several generations of processes say together. Two processes that run the same code differ for as long as they live,
 * by more than their rounds tell, since each is compiled and laid out in its own way: so of several, each one counts as one value.
 * @param {readonly (readonly number[])[]} generations Values of the rounds of each.
 * @returns {{ mean: number, error: number }} `error`: one standard error.
 */
export function estimate(generations) {
  const means = generations.map(middleMean)
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length
  // One alone says how its rounds differ, no more.
  if (means.length === 1) return { mean, error: errorOfMedian(generations[0]) }
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1)
  return { mean, error: Math.sqrt(variance / means.length) }
}

/** Microseconds of CPU of this process, all its threads: those of the garbage collector and of the compiler too. */
export function cpuMicroseconds() {
  const { user, system } = process.cpuUsage()
  return user + system
}
