/** How charts look: what uPlot is told of axes, colours, bars and lines. */
import uPlot from 'uplot'
import type { Series } from './chart-data.js'
import { colourValue } from './colours.js'
import { duration, type Format } from './format.js'

export type Kind = 'bars' | 'lines' | 'area'

export type Look = {
  readonly kind: Kind
  readonly isStacked: boolean
  readonly windowMs: number
  readonly axisFormat: Format
  readonly height: number
  /** The largest value the axis shows at least. */
  readonly least?: number | undefined
}

export type Listeners = {
  readonly onSelect: (from: number, to: number) => void
  readonly onCursor: (chart: uPlot) => void
}

const FONT = '11px "Inter Variable", system-ui, sans-serif'
/** Milliseconds from line to line of a grid of durations: round ones in the units they are written in. */
const DURATION_STEPS = [
  ...[1, 10, 100, 1000].flatMap((one) => [one, 2 * one, 5 * one]),
  ...[10_000, 20_000, 30_000],
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600].map((minutes) => minutes * 60_000),
]
/** Pixels between two lines of the grid, at least. */
const ROW_SPACE = 42

/** `series` in the order they are drawn: of a stack the whole first. */
export function optionsOf(series: readonly Series[], look: Look, width: number, listeners: Listeners): uPlot.Options {
  const { kind, windowMs, axisFormat, height, least = 0 } = look
  const [text, grid, cursor] = [colourValue('--text-muted'), colourValue('--grid'), colourValue('--text-muted')]
  const axis = { stroke: text, font: FONT, grid: { stroke: grid, width: 1 }, ticks: { show: false } }
  return {
    width,
    height,
    ms: 1,
    padding: [10, 22, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'page', setSeries: false },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      points: { show: kind !== 'bars', size: 7, width: 2, fill: colourValue('--panel') },
      stroke: cursor,
    } as uPlot.Cursor,
    scales: {
      x: { time: true, range: (chart) => rangeOfTime(chart, windowMs) },
      y: { range: (_chart, _low, high) => [0, Math.max(least, (high ?? 0) * 1.06) || 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 28, gap: 6, values: timesOnAxis },
      {
        ...axis,
        space: ROW_SPACE,
        ...(axisFormat === duration && { incrs: DURATION_STEPS }),
        gap: 6,
        size: (_chart, values) => 16 + 6.6 * Math.max(2, ...(values ?? []).map((value) => value.length)),
        values: (_chart, splits) => splits.map((value) => axisFormat(value)),
      },
    ],
    series: [{}, ...series.map((one) => seriesOf(one, look))],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width: selected } = chart.select
          if (selected > 0) listeners.onSelect(chart.posToVal(left, 'x'), chart.posToVal(left + selected, 'x'))
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
      setCursor: [listeners.onCursor],
    },
  }
}

function seriesOf({ colour, isFaint }: Series, { kind, isStacked }: Look): uPlot.Series {
  const stroke = colourValue(colour)
  if (kind === 'bars') {
    return {
      stroke: colourValue('--panel'),
      width: 0,
      fill: stroke,
      paths: uPlot.paths.bars!({ size: [0.86, 48], align: 1, radius: isStacked ? 0 : [0.12, 0] }),
      points: { show: false },
    }
  }
  return {
    stroke,
    width: isFaint ? 1.25 : 2,
    ...(isFaint && { dash: [4, 4] }),
    ...(kind === 'area' && { fill: isStacked ? stroke : `${stroke}26` }),
    paths: uPlot.paths.spline!(),
    points: { size: 4, fill: stroke, width: 0 },
  }
}

/** From the start of the first window to the end of the last one. */
function rangeOfTime(chart: uPlot, windowMs: number): uPlot.Range.MinMax {
  const times = chart.data[0]
  const [first = 0, last = 1] = [times[0], times.at(-1)]
  return [first, last + windowMs]
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false })
const DATE = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const DAY_MS = 86_400_000

/** A date where a day begins, else the time of day. */
function timesOnAxis(_chart: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((split, index) => {
    if (step >= DAY_MS) return DATE.format(split)
    const isNewDay = index > 0 && new Date(split).getDate() !== new Date(splits[index - 1]!).getDate()
    return isNewDay ? DATE.format(split) : CLOCK.format(split)
  })
}
