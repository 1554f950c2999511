/** Layers of configuration - file, environment, flags - laid over each other. What a higher one says, wins; `null` takes back what a lower one said. */
import type { Origin } from './mistakes.js'
import { type Path, type Place, TOP } from './places.js'

/** What one source says. */
export type Layer = {
  /** In the notation of the file. */
  readonly value: object
  /** Where the value at `path` stands, or its nearest ancestor. `ofKey`: where its name stands. */
  originOf(path: Path, ofKey?: boolean): Origin | undefined
  /** Whether the value at `path` must not be shown: it was taken from elsewhere. */
  isHidden(path: Path): boolean
}

type Values = { [name: string]: unknown }

/** A layer of single values, each with its path. */
export function layerOfValues(values: readonly { path: Path; value: unknown; origin: Origin }[]): Layer {
  const value = empty()
  for (const one of values) put(value, one.path, one.value)
  return {
    value,
    originOf: (path) => values.findLast((one) => isAlongside(path, one.path))?.origin,
    isHidden: () => false,
  }
}

/** The values of all layers, the last one the highest. */
export function mergeLayers(layers: readonly Layer[]): Values {
  return layers.reduce<Values>((below, { value }) => merge(below, value as Values, TOP), {})
}

/** The layer a value comes from: the highest of those that say most of the way to it. */
export function layerOf(layers: readonly Layer[], path: Path): Layer | undefined {
  let found: Layer | undefined
  let furthest = 0
  for (const layer of [...layers].reverse()) {
    const reached = reach(layer.value, path)
    if (reached > furthest) {
      furthest = reached
      found = layer
    }
  }
  return found
}

/** Whether one of the paths is the way to the other. */
export function isAlongside(one: Path, other: Path): boolean {
  return one.slice(0, other.length).every((step, index) => step === other[index])
}

/** The value at `path`. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (isValues(at) && Object.hasOwn(at, step) ? at[step] : undefined), value)
}

function merge(below: Values, above: Values, place: Place | undefined): Values {
  const merged = new Map(Object.entries(below))
  for (const [name, value] of Object.entries(above)) {
    const inside = place?.options.get(name)
    const isSection = inside !== undefined && inside.about === undefined
    const before = merged.get(name)
    if (value === null || value === undefined) merged.delete(name)
    else if (isSection && isPlain(value)) merged.set(name, merge(isPlain(before) ? before : {}, value, inside))
    else merged.set(name, inside === undefined ? value : withoutNulls(value, 16))
  }
  return Object.fromEntries(merged)
}

// Bounded, since an alias of YAML may stand inside what it stands for.
function withoutNulls(value: unknown, depth: number): unknown {
  if (depth === 0) return undefined
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth - 1))
  if (!isPlain(value)) return value
  const kept = Object.entries(value).filter(([, inside]) => inside !== null && inside !== undefined)
  return Object.fromEntries(kept.map(([name, inside]) => [name, withoutNulls(inside, depth - 1)]))
}

function put(values: Values, path: Path, value: unknown): void {
  const [name, ...rest] = path
  if (name === undefined) return
  if (rest.length === 0) values[name] = value
  else {
    if (!isPlain(values[name])) values[name] = empty()
    put(values[name] as Values, rest, value)
  }
}

// Without a prototype: the names come from outside, and `__proto__` is one like any other.
function empty(): Values {
  return Object.create(null) as Values
}

function reach(value: unknown, path: Path): number {
  let at = value
  for (const [index, step] of path.entries()) {
    if (!isValues(at) || !Object.hasOwn(at, step)) return index
    at = at[step]
  }
  return path.length
}

function isPlain(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null
}
