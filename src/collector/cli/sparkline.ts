/** A series as one line of blocks. */

const BLOCKS = [...'▁▂▃▄▅▆▇█']

/** A block for each value, the highest for the largest; a blank where a value is unknown. From zero on, so that twice as much looks like it. */
export function sparkline(values: readonly (number | null)[]): string {
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  return values
    .map((value) => {
      if (value === null) return ' '
      return BLOCKS[most === 0 ? 0 : Math.round((value / most) * (BLOCKS.length - 1))]
    })
    .join('')
}
