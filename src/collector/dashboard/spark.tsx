/** A line the size of a word: how a number went. */

const WIDTH = 120
const HEIGHT = 32
const INSET = 2

/** Gaps are where nothing is known. */
export function Spark({ values, colour = '--accent' }: { values: readonly (number | null)[]; colour?: string }) {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return <div class="spark" />
  const high = Math.max(...known) || 1
  const x = (index: number) => (index / (values.length - 1)) * WIDTH
  const y = (value: number) => HEIGHT - INSET - (value / high) * (HEIGHT - 2 * INSET)
  let path = ''
  let area = ''
  let begun: number | undefined
  values.forEach((value, index) => {
    if (value === null) {
      if (begun !== undefined) area += `V${HEIGHT}H${begun}Z`
      begun = undefined
      return
    }
    const point = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    path += `${begun === undefined ? 'M' : 'L'}${point}`
    area += begun === undefined ? `M${x(index).toFixed(1)} ${HEIGHT}L${point}` : `L${point}`
    begun ??= x(index)
  })
  if (begun !== undefined) area += `V${HEIGHT}H${begun.toFixed(1)}Z`
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={area} class="spark-area" style={{ fill: `var(${colour})` }} />
      <path d={path} class="spark-line" style={{ stroke: `var(${colour})` }} />
    </svg>
  )
}
