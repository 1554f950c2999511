/** The grid of a heatmap: a column for each window, a row for each half doubling of a duration. */

export type HeatCell = {
  readonly time: string
  readonly above_ms: number
  readonly up_to_ms: number
  readonly count: number
}

/** Cells of a range, in epoch milliseconds. */
export type Cells = {
  readonly cells: readonly HeatCell[]
  readonly start: number
  readonly end: number
  readonly windowMs: number
}

export type Grid = {
  readonly columns: number
  /** Upper ends, from fast to slow. */
  readonly rows: readonly HeatCell[]
  readonly counts: ReadonlyMap<string, HeatCell>
  readonly most: number
}

/** Rows from the fastest to the slowest that there is, without gaps. */
export function gridOf({ cells, start, end, windowMs }: Cells): Grid {
  const steps = cells.map(({ up_to_ms }) => stepOf(up_to_ms))
  const [least, most] = [Math.min(...steps), Math.max(...steps)]
  const rows: HeatCell[] = []
  for (let step = least; step <= most; step++)
    rows.push({ time: '', above_ms: 2 ** ((step - 1) / 2), up_to_ms: 2 ** (step / 2), count: 0 })
  const counts = new Map<string, HeatCell>()
  for (const cell of cells) {
    const column = Math.floor((Date.parse(cell.time) - start) / windowMs)
    counts.set(`${column} ${stepOf(cell.up_to_ms) - least}`, cell)
  }
  return {
    columns: Math.max(1, Math.ceil((end - start) / windowMs)),
    rows,
    counts,
    most: Math.max(1, ...cells.map((cell) => cell.count)),
  }
}

/** Half doublings of a millisecond; what took no time is with what took the least. */
const stepOf = (upTo: number) => (upTo <= 0 ? -4 : Math.max(-4, Math.round(Math.log2(upTo) * 2)))
