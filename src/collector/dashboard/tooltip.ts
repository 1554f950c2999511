/** What stands beside the pointer on a chart: the values of its window. All names are set as text. */
import type uPlot from 'uplot'
import type { ChartProps } from './chart.js'
import { sumOf } from './chart-data.js'

const MOMENT = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
})
const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  month: 'short',
  day: 'numeric',
  year: 'numeric',
  timeZone: 'UTC',
})
const DAY_MS = 86_400_000
/** Rows shown; a stack may have more. */
const ROWS = 10

export class Tooltip {
  readonly element = made('div', 'tooltip')
  readonly #props: { readonly current: ChartProps }
  /** Shown though no pointer is there. */
  isKept = false

  constructor(props: { readonly current: ChartProps }) {
    this.#props = props
    this.element.hidden = true
  }

  follow(chart: uPlot): void {
    const { idx, left = -1 } = chart.cursor
    const isHere = chart.over.matches(':hover')
    if (isHere) this.isKept = false
    this.element.hidden = idx === null || idx === undefined || left < 0 || !(isHere || this.isKept)
    if (this.element.hidden) return
    this.#fill(idx!)
    const width = chart.over.clientWidth
    const isRight = left > width / 2
    this.element.style.left = isRight ? 'auto' : `${left + 14}px`
    this.element.style.right = isRight ? `${width - left + 14}px` : 'auto'
    this.element.style.top = '4px'
  }

  /** The same for a screen reader. */
  words(index: number): string {
    const { columns, format } = this.#props.current
    const values = columns.series.map(({ name, values }) => `${name} ${format(values[index])}`)
    return `${this.#when(index)}: ${values.join(', ')}`
  }

  #when(index: number): string {
    const { columns, windowMs } = this.#props.current
    const time = columns.times[index]!
    return windowMs >= DAY_MS ? `${DAY.format(time)} (UTC)` : MOMENT.format(time)
  }

  #fill(index: number): void {
    const { columns, format, isStacked } = this.#props.current
    const rows = columns.series
      .map(({ name, colour, values }) => ({ name, colour, value: values[index] ?? null }))
      .filter(({ value }) => !isStacked || value !== 0)
    if (isStacked) rows.sort((one, other) => (other.value ?? 0) - (one.value ?? 0))
    const lines = rows.slice(0, ROWS).map(({ name, colour, value }) => {
      const swatch = made('span', 'swatch')
      swatch.style.background = `var(${colour})`
      return line(swatch, name, format(value))
    })
    if (isStacked && columns.series.length > 1) {
      const total = line(made('span', 'swatch'), 'Total', format(sumOf(rows.map(({ value }) => value))))
      total.classList.add('tooltip-total')
      lines.push(total)
    }
    this.element.replaceChildren(made('div', 'tooltip-time', this.#when(index)), ...lines)
  }
}

function line(swatch: HTMLElement, name: string, value: string): HTMLElement {
  const row = made('div', 'tooltip-row')
  row.append(swatch, made('span', 'tooltip-name', name), made('span', 'tooltip-value', value))
  return row
}

function made(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}
