/** A heatmap over time: how many took how long, darker where there are more. Drawn on a canvas, read by pointer and by arrow keys. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { colourValue } from './colours.js'
import { count, duration } from './format.js'
import { type Grid, gridOf, type HeatCell } from './heat-grid.js'
import { shortTime } from './range.js'
import { useTheme } from './theme.js'

export type HeatmapProps = {
  readonly label: string
  readonly cells: readonly HeatCell[]
  /** Of the whole, in epoch milliseconds. */
  readonly start: number
  readonly end: number
  readonly windowMs: number
  readonly onZoom: (start: number, end: number) => void
}

const HEIGHT = 260
/** Pixels for the words left and below. */
const LEFT = 58
const BOTTOM = 24
const RIGHT = 14

export function Heatmap(props: HeatmapProps) {
  const { label, start, windowMs, onZoom } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const [width, setWidth] = useState(0)
  const [at, setAt] = useState<{ column: number; row: number } | undefined>()
  const [from, setFrom] = useState<number>()
  const grid = gridOf(props)
  const cellWidth = Math.max(0.1, (width - LEFT - RIGHT) / grid.columns)
  const cellHeight = (HEIGHT - BOTTOM) / grid.rows.length
  useEffect(() => {
    const element = canvas.current!
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (width > 0) draw(canvas.current!, grid, width, props)
  }, [props.cells, width, theme, start, windowMs])

  const columnAt = (event: PointerEvent) => Math.floor((event.offsetX - LEFT) / cellWidth)
  function onMove(event: PointerEvent): void {
    const [column, row] = [columnAt(event), grid.rows.length - 1 - Math.floor(event.offsetY / cellHeight)]
    const isInside = column >= 0 && column < grid.columns && row >= 0 && row < grid.rows.length
    setAt(isInside ? { column, row } : undefined)
  }
  function onUp(event: PointerEvent): void {
    const to = columnAt(event)
    if (from !== undefined && Math.abs(to - from) > 0)
      onZoom(start + Math.min(from, to) * windowMs, start + (Math.max(from, to) + 1) * windowMs)
    setFrom(undefined)
  }
  function onKey(event: KeyboardEvent): void {
    const [right, up] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? []
    if (right === undefined || up === undefined) return
    event.preventDefault()
    const { column, row } = at ?? { column: grid.columns - 1, row: Math.floor(grid.rows.length / 2) }
    setAt({ column: clamp(column + right, grid.columns), row: clamp(row + up, grid.rows.length) })
  }

  const cell = at && (grid.counts.get(`${at.column} ${at.row}`) ?? { ...grid.rows[at.row]!, count: 0 })
  const words =
    at &&
    cell &&
    `${shortTime(start + at.column * windowMs)}: ${count(cell.count)} took ${duration(cell.above_ms)} to ${duration(cell.up_to_ms)}`
  const selected =
    from !== undefined && at !== undefined ? [Math.min(from, at.column), Math.max(from, at.column) + 1] : undefined
  return (
    <div class="heatmap">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: its cells are read by arrow keys */}
      <canvas
        ref={canvas}
        role="application"
        aria-roledescription="heatmap"
        aria-label={`${label}. Arrow keys read its cells.`}
        tabIndex={0}
        style={{ height: `${HEIGHT}px` }}
        onPointerMove={onMove}
        onPointerLeave={() => setAt(undefined)}
        onPointerDown={(event) => setFrom(columnAt(event))}
        onPointerUp={onUp}
        onKeyDown={onKey}
        onBlur={() => setAt(undefined)}
      />
      {selected && (
        <div
          class="heat-select"
          style={{
            left: `${LEFT + selected[0]! * cellWidth}px`,
            width: `${(selected[1]! - selected[0]!) * cellWidth}px`,
            height: `${HEIGHT - BOTTOM}px`,
          }}
        />
      )}
      {at && words && (
        <div class="tooltip" style={tipPlace(LEFT + at.column * cellWidth, width)}>
          {words}
        </div>
      )}
      <div class="unseen" aria-live="polite">
        {words}
      </div>
    </div>
  )
}

const clamp = (value: number, length: number) => Math.min(length - 1, Math.max(0, value))

function tipPlace(left: number, width: number) {
  return left > width / 2 ? { right: `${width - left + 10}px`, top: '4px' } : { left: `${left + 20}px`, top: '4px' }
}

function draw(
  canvas: HTMLCanvasElement,
  { columns, rows, counts, most }: Grid,
  width: number,
  { start, windowMs }: HeatmapProps,
): void {
  const scale = devicePixelRatio || 1
  canvas.width = width * scale
  canvas.height = HEIGHT * scale
  const context = canvas.getContext('2d')!
  context.scale(scale, scale)
  const [cellWidth, cellHeight] = [(width - LEFT - RIGHT) / columns, (HEIGHT - BOTTOM) / rows.length]
  const [low, high] = [rgbOf('--heat-0'), rgbOf('--heat-1')]
  const gap = cellWidth > 4 ? 1 : 0
  for (const [place, cell] of counts) {
    const [column, row] = place.split(' ').map(Number) as [number, number]
    // Few among many are still seen.
    const weight = Math.sqrt(cell.count / most)
    context.fillStyle = `rgb(${low.map((part, index) => Math.round(part + (high[index]! - part) * weight)).join(' ')})`
    context.fillRect(
      LEFT + column * cellWidth,
      (rows.length - 1 - row) * cellHeight,
      Math.max(1, cellWidth - gap),
      Math.max(1, cellHeight - 1),
    )
  }
  context.fillStyle = colourValue('--text-muted')
  context.font = '11px "Inter Variable", system-ui, sans-serif'
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  const every = Math.max(1, Math.ceil(rows.length / 7))
  for (let row = 0; row < rows.length; row += every)
    context.fillText(duration(rows[row]!.up_to_ms), LEFT - 8, Math.max(7, (rows.length - 1 - row) * cellHeight))
  context.textBaseline = 'top'
  context.textAlign = 'center'
  const ticks = Math.max(2, Math.floor((width - LEFT - RIGHT) / 150))
  for (let tick = 0; tick < ticks; tick++) {
    const column = Math.round(((tick + 0.5) * columns) / ticks)
    context.fillText(shortTime(start + column * windowMs), LEFT + column * cellWidth, HEIGHT - BOTTOM + 8)
  }
}

/** Of a custom property that holds `#rrggbb`. */
function rgbOf(property: string): number[] {
  const hex = colourValue(property)
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
}
