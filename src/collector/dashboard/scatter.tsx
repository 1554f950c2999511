/** Points by two numbers, both on scales of equal ratios: as large as they are many, each with its name. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { colourOf } from './colours.js'
import type { Format } from './format.js'

export type ScatterPoint = {
  readonly name: string
  /** What its colour is of. */
  readonly colourName: string
  /** What is not known, or not positive, has no place. */
  readonly x: number | null
  readonly y: number | null
  readonly size: number
  readonly pick: () => void
}
type Axis = { readonly title: string; readonly format: Format }
export type ScatterProps = {
  readonly label: string
  readonly x: Axis
  readonly y: Axis
  readonly points: readonly ScatterPoint[]
}

const HEIGHT = 300
const INSET = { left: 68, right: 24, top: 16, bottom: 40 }
/** Pixels from tick to tick. */
const ROOM = { x: 46, y: 18 }
const [LEAST, MOST] = [5, 17]

type Placed = ScatterPoint & { readonly x: number; readonly y: number }

export function Scatter({ label, x, y, points }: ScatterProps) {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(600)
  useEffect(() => {
    const observer = new ResizeObserver(() => place.current && setWidth(place.current.clientWidth))
    observer.observe(place.current!)
    return () => observer.disconnect()
  }, [])
  const placed = points.filter((point): point is Placed => (point.x ?? 0) > 0 && (point.y ?? 0) > 0)
  const missing = points.length - placed.length
  const xs = scale(
    placed.map((point) => point.x),
    INSET.left,
    width - INSET.right,
    ROOM.x,
  )
  const ys = scale(
    placed.map((point) => point.y),
    HEIGHT - INSET.bottom,
    INSET.top,
    ROOM.y,
  )
  const most = Math.max(1, ...placed.map(({ size }) => size))
  // Large ones first: small ones lie upon them.
  const drawn = [...placed]
    .sort((one, other) => other.size - one.size)
    .map((point) => ({
      point,
      left: xs.at(point.x),
      top: ys.at(point.y),
      r: LEAST + (MOST - LEAST) * Math.sqrt(point.size / most),
    }))
  return (
    <div ref={place}>
      <svg
        class="scatter"
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${label}. The same numbers are in the table below.`}
      >
        {xs.ticks.map((tick) => (
          <g key={tick}>
            <line x1={xs.at(tick)} x2={xs.at(tick)} y1={INSET.top} y2={HEIGHT - INSET.bottom} />
            <text x={xs.at(tick)} y={HEIGHT - INSET.bottom + 16} text-anchor="middle">
              {x.format(tick)}
            </text>
          </g>
        ))}
        {ys.ticks.map((tick) => (
          <g key={tick}>
            <line x1={INSET.left} x2={width - INSET.right} y1={ys.at(tick)} y2={ys.at(tick)} />
            <text x={INSET.left - 8} y={ys.at(tick) + 4} text-anchor="end">
              {y.format(tick)}
            </text>
          </g>
        ))}
        <text class="axis" x={width - INSET.right} y={HEIGHT - 6} text-anchor="end">
          {x.title} →
        </text>
        <text class="axis" x={INSET.left} y={11}>
          ↑ {y.title}
        </text>
        {drawn.map(({ point, left, top, r }) => (
          <g key={point.name}>
            {/* biome-ignore lint/a11y/noStaticElementInteractions: the table below has the same as buttons */}
            <circle
              cx={left}
              cy={top}
              r={r}
              style={{ fill: `var(${colourOf('model', point.colourName)})` }}
              onClick={point.pick}
            >
              <title>{`${point.name}: ${x.format(point.x)}, ${y.format(point.y)}`}</title>
            </circle>
          </g>
        ))}
        {labelsOf(drawn, width).map(({ name, left, top }) => (
          <text key={name} x={left} y={top} class="point-name">
            {name}
          </text>
        ))}
      </svg>
      {missing > 0 && (
        <p class="hint">
          {missing} {missing === 1 ? 'model has' : 'models have'} no place here: the price or the latency is not known.
        </p>
      )}
    </div>
  )
}

type Drawn = { readonly point: Placed; readonly left: number; readonly top: number; readonly r: number }
type Box = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number }
/** Pixels of a character, and of a line. */
const [CHARACTER, LINE] = [6.7, 14]

/** Names beside their points, where there is room for them: the tooltip and the table have them all. */
function labelsOf(drawn: readonly Drawn[], width: number) {
  const taken: Box[] = drawn.map(({ left, top, r }) => ({
    left: left - r,
    top: top - r,
    right: left + r,
    bottom: top + r,
  }))
  return drawn.flatMap(({ point: { name }, left, top, r }) => {
    const length = name.length * CHARACTER
    const places = [
      { left: left + r + 5, top: top + 4 },
      { left: left - r - 5 - length, top: top + 4 },
      { left: left - length / 2, top: top - r - 5 },
      { left: left - length / 2, top: top + r + LINE },
    ]
    for (const place of places) {
      const box = { left: place.left, top: place.top - 10, right: place.left + length, bottom: place.top + 3 }
      const isInside =
        box.left >= INSET.left && box.right <= width && box.top >= 0 && box.bottom <= HEIGHT - INSET.bottom
      if (!isInside || taken.some((other) => overlap(box, other))) continue
      taken.push(box)
      return [{ name, ...place }]
    }
    return []
  })
}

const overlap = (one: Box, other: Box) =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom

/** Digits of ticks, by how many there is room for. */
const DIGITS = [[1, 2, 5], [1, 3], [1]] as const

/** Equal ratios take equal room; ticks are at round numbers, `room` pixels apart at least where there is a way. */
function scale(values: readonly number[], from: number, to: number, room: number) {
  const [low, high] = [Math.min(...values) / 1.5, Math.max(...values) * 1.5]
  const at = (value: number) =>
    from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from)
  const powers = values.length === 0 ? [] : range(Math.floor(Math.log10(low)), Math.floor(Math.log10(high)))
  const all = DIGITS.map((digits) =>
    powers.flatMap((power) => digits.map((digit) => digit * 10 ** power)).filter((tick) => tick > low && tick < high),
  )
  const isRoomy = (ticks: readonly number[]) =>
    ticks.every((tick, index) => index === 0 || Math.abs(at(tick) - at(ticks[index - 1]!)) >= room)
  return { at, ticks: all.find(isRoomy) ?? all.at(-1)! }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
