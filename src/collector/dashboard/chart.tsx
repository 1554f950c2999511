/** A chart over time: drawn by uPlot, zoomed by dragging, read by pointer and by arrow keys, filtered by its legend. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { go } from './address.js'
import { type Columns, type Series, stacked } from './chart-data.js'
import { type Kind, type Look, optionsOf } from './chart-options.js'
import type { Format } from './format.js'
import { useTheme } from './theme.js'
import { Tooltip } from './tooltip.js'

export type ChartProps = {
  /** What is seen, for whoever does not see it. */
  readonly label: string
  readonly columns: Columns
  readonly windowMs: number
  readonly kind: Kind
  readonly isStacked?: boolean
  readonly format: Format
  /** @default `format` */
  readonly axisFormat?: Format
  /** Pixels. @default 232 */
  readonly height?: number
  readonly least?: number
  /** Beside each name in the legend. */
  readonly total?: (series: Series) => string
}

type Drawn = { readonly chart: uPlot; readonly tooltip: Tooltip }

export function Chart(props: ChartProps) {
  const { label, columns, kind, isStacked = false, windowMs, height = 232 } = props
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<Drawn>(undefined)
  const latest = useRef(props)
  latest.current = props
  const theme = useTheme()
  const [said, setSaid] = useState('')
  const { series, times } = columns
  // Whatever changes more than numbers is drawn anew.
  const shape = JSON.stringify([
    series.map(({ name, colour }) => [name, colour]),
    kind,
    isStacked,
    windowMs,
    height,
    theme,
  ])

  useEffect(() => {
    const element = place.current!
    const { format, axisFormat = format, least } = latest.current
    const look: Look = { kind, isStacked, windowMs, axisFormat, height, least }
    const tooltip = new Tooltip(latest)
    const order = isStacked ? [...series].reverse() : series
    const options = optionsOf(order, look, element.clientWidth, {
      onSelect: (from, to) => zoomTo(from, to, windowMs),
      onCursor: (chart) => tooltip.follow(chart),
    })
    const chart = new uPlot(options, dataOf(latest.current), element)
    chart.over.append(tooltip.element)
    drawn.current = { chart, tooltip }
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      chart.destroy()
      drawn.current = undefined
    }
  }, [shape])
  useEffect(() => drawn.current?.chart.setData(dataOf(latest.current)), [columns])

  function onKey(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -times.length, End: times.length }[event.key]
    const current = drawn.current
    if (current === undefined || (step === undefined && event.key !== 'Escape')) return
    event.preventDefault()
    const { chart, tooltip } = current
    if (step === undefined) {
      tooltip.isKept = false
      chart.setCursor({ left: -10, top: -10 })
      return
    }
    const at = chart.cursor.idx ?? (step > 0 ? -1 : times.length)
    const index = Math.min(times.length - 1, Math.max(0, at + step))
    tooltip.isKept = true
    chart.setCursor({ left: chart.valToPos(times[index]! + windowMs / 2, 'x'), top: 20 })
    setSaid(tooltip.words(index))
  }

  return (
    <div class="chart">
      <div
        class="plot"
        ref={place}
        role="application"
        aria-roledescription="chart"
        aria-label={`${label}. Arrow keys read its values.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its values are read by arrow keys
        tabIndex={0}
        onKeyDown={onKey}
      />
      <div class="unseen" aria-live="polite">
        {said}
      </div>
      {series.length > 1 && <Legend {...props} />}
    </div>
  )
}

function Legend({ columns: { series }, total }: ChartProps) {
  return (
    <ul class="legend">
      {series.map((one) => {
        const inside = (
          <>
            <span class="swatch" style={{ background: `var(${one.colour})` }} />
            <span class="legend-name">{one.name}</span>
            {total && <span class="legend-total">{total(one)}</span>}
          </>
        )
        return (
          <li key={one.name}>
            {one.pick === undefined ? (
              <span class="legend-item">{inside}</span>
            ) : (
              <button type="button" class="legend-item" onClick={one.pick} title={`Only ${one.name}`}>
                {inside}
              </button>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** To whole windows: numbers are of whole ones. */
function zoomTo(from: number, to: number, windowMs: number): void {
  const start = Math.floor(from / windowMs) * windowMs
  const end = Math.max(start + windowMs, Math.ceil(to / windowMs) * windowMs)
  go({ range: { start, end } })
}

function dataOf({ columns: { times, series }, isStacked = false }: ChartProps): uPlot.AlignedData {
  const values = isStacked ? stacked(series).reverse() : series.map((one) => one.values)
  return [times, ...values] as unknown as uPlot.AlignedData
}
