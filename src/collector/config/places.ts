/** Finds options in the schema by their path, and lists them all, so that everything said of options follows from the schema alone. */
import type { z } from 'zod'
import { type About, about } from './option-kinds.js'
import { schema } from './schema.js'

/** The way to a value from the top: names of options, and places in lists. */
export type Path = readonly (string | number)[]

/** An option, or a section of them. */
export type Place = {
  readonly path: Path
  /** Absent for a section. */
  readonly about?: About
  /** Options inside it, by name: those of a section, or of the entries of a list. */
  readonly options: ReadonlyMap<string, Place>
  /** In the notation of the file, `undefined` where there is none. */
  readonly fallback: unknown
}

const [root, environmentNames] = describe()

/** The top of all options. */
export const TOP: Place = root

/** The option or section at `path`, places in lists passed over; `undefined` where the schema has none. */
export function placeAt(path: Path): Place | undefined {
  let place: Place | undefined = root
  for (const step of path) {
    if (typeof step === 'number' || place === undefined) continue
    if (place.about?.kind === 'map') return place
    place = place.options.get(step)
  }
  return place
}

/** Every option that is no section, in the order of the schema; those of the entries of lists too when `deep`. */
export function everyOption(deep = false, from: Place = root): Place[] {
  return [...from.options.values()].flatMap((place) => {
    if (place.about === undefined) return everyOption(deep, place)
    return deep ? [place, ...everyOption(deep, place)] : [place]
  })
}

/** `queue.commit.maxDelay`, `forward[0].url`; a name that is no plain word stands in quotes. */
export function pathText(path: Path): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`
    const name = /^[\w-]{1,128}$/.test(step) ? step : JSON.stringify(step.slice(0, 128))
    return before === '' ? name : `${before}.${name}`
  }, '')
}

/** The environment variable that sets an option: `TOKMETER_QUEUE_COMMIT_MAX_DELAY`. */
export function environmentName(path: Path): string {
  const words = path.map((step) => String(step).replace(/[A-Z]/g, (capital) => `_${capital}`))
  return `TOKMETER_${words.join('_').toUpperCase()}`
}

/** The option an environment variable sets. */
export function placeOfVariable(name: string): Place | undefined {
  return environmentNames.get(name)
}

/** All environment variables that set an option. */
export function everyVariable(): Iterable<string> {
  return environmentNames.keys()
}

function describe(): [Place, ReadonlyMap<string, Place>] {
  const top = placeOf(schema, [])
  return [top, new Map(everyOption(false, top).map((place) => [environmentName(place.path), place]))]
}

type Definition = {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly element?: z.ZodType
  readonly shape?: { readonly [name: string]: z.ZodType }
  readonly defaultValue?: unknown
}

function placeOf(of: z.ZodType, path: Path): Place {
  let found: About | undefined
  let fallback: unknown
  let at: z.ZodType = of
  for (;;) {
    found ??= about.get(at)
    const { type, innerType, in: input, element, shape, defaultValue } = at.def as Definition
    if (type === 'default' || type === 'prefault') fallback ??= defaultValue
    const inner = innerType ?? (found === undefined || found.kind === 'entries' ? (input ?? element) : undefined)
    if (inner !== undefined) at = inner
    else {
      const options = Object.entries(shape ?? {}).map(([name, one]) => [name, placeOf(one, [...path, name])] as const)
      return { path, ...(found && { about: found }), options: new Map(options), fallback }
    }
  }
}
