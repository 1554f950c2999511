/** Nanoseconds of 64 bits as milliseconds, rounded once: a double holds today's epoch milliseconds to a quarter of a microsecond. */

/** Epoch milliseconds from the two halves of 64 bits of nanoseconds, both unsigned. */
export function toMilliseconds(high: number, low: number): number {
  // 2^32 ns are 4294 ms and 967,296 ns; taken apart so, nothing is beyond 2^53.
  const nanoseconds = high * 967_296 + low
  const whole = Math.floor(nanoseconds / 1e6)
  return high * 4294 + whole + (nanoseconds - whole * 1e6) / 1e6
}

/** Milliseconds from one time to another, by the halves of their nanoseconds; `undefined` when there is no such time or it is negative. */
export function betweenMilliseconds(
  startHigh: number,
  startLow: number,
  endHigh: number,
  endLow: number,
): number | undefined {
  if ((startHigh === 0 && startLow === 0) || (endHigh === 0 && endLow === 0)) return undefined
  const nanoseconds = (endHigh - startHigh) * 4_294_967_296 + (endLow - startLow)
  return nanoseconds < 0 ? undefined : nanoseconds / 1e6
}
