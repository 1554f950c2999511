/** Dollars as people write them, and the integer nano-dollars they are here: as big integers, since a year of a large company is beyond 2^53 of them. */

const DECIMAL = /^(\d{1,12})(?:\.(\d{1,9}))?$/
const NANO = 1_000_000_000n

/** Nano-dollars of `100`, `0.05` or `"12.5"`, exactly; `undefined` for what is no such amount, or is finer than a nano-dollar. */
export function nanoDollarsOf(dollars: string | number): bigint | undefined {
  const text = String(dollars).trim()
  // JavaScript writes what is less than a millionth as 1e-7.
  const plain = typeof dollars === 'number' && text.includes('e-') ? dollars.toFixed(9) : text
  const [, whole, fraction = ''] = DECIMAL.exec(plain) ?? []
  if (whole === undefined || (plain !== text && Number(plain) !== dollars)) return undefined
  return BigInt(whole) * NANO + BigInt(fraction.padEnd(9, '0'))
}

/** The number of dollars that is nearest. */
export function dollarsOf(nanoDollars: bigint): number {
  return Number(dollarText(nanoDollars))
}

/** All digits of it: `12.5`. */
export function dollarText(nanoDollars: bigint): string {
  const amount = nanoDollars < 0n ? -nanoDollars : nanoDollars
  const fraction = (amount % NANO).toString().padStart(9, '0').replace(/0+$/, '')
  return `${nanoDollars < 0n ? '-' : ''}${amount / NANO}${fraction === '' ? '' : `.${fraction}`}`
}

/** As it would be given: a number where that has all of its digits, else a text. */
export function writtenDollars(nanoDollars: bigint): number | string {
  const text = dollarText(nanoDollars)
  return nanoDollarsOf(Number(text)) === nanoDollars ? Number(text) : text
}
