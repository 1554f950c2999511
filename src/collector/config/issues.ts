/** What zod finds wrong, in the words of the configuration: the option by its path, what was got, what is allowed, and what was probably meant. */
import type { z } from 'zod'
import { type Layer, layerOf, valueAt } from './layers.js'
import { type Mistake, shown, shownSecret } from './mistakes.js'
import { nearest } from './nearest.js'
import { withoutCredentials } from './option-kinds.js'
import { everyOption, type Path, type Place, pathText, placeAt, TOP } from './places.js'

type Issue = z.core.$ZodIssue

/** The mistakes that `issues` of the merged `value` are. */
export function mistakesOf(issues: readonly Issue[], value: unknown, layers: readonly Layer[]): Mistake[] {
  const told = new Set<string>()
  return issues.flatMap((issue) => {
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownOption(path, key, layers))
    const where = pathText(path)
    // A number that is no number is also none between its bounds: one mistake is told once.
    if (told.has(where)) return []
    told.add(where)
    const layer = layerOf(layers, path)
    const got = valueAt(value, path)
    const message = got === undefined ? missing(path) : wrong(issue, path, got, layer?.isHidden(path) === true)
    return [{ origin: layer?.originOf(path, issue.code === 'invalid_key'), message }]
  })
}

function unknownOption(section: Path, key: string, layers: readonly Layer[]): Mistake {
  const path = [...section, key]
  const place = placeAt(section) ?? TOP
  const names = [...place.options.keys()]
  const meant = nearest(key, names)
  const guess = meant === undefined ? elsewhere(key) : pathText([...section, meant])
  const hint = guess === undefined ? '' : `; did you mean ${guess}?`
  const allowed = `${section.length === 0 ? 'Options' : `Options of ${pathText(section)}`}: ${names.join(', ')}`
  return {
    origin: layerOf(layers, path)?.originOf(path, true),
    message: `${pathText(path)} is no option${hint === '' ? '.' : hint} ${allowed}`,
  }
}

/** The option of that very name in another section. */
function elsewhere(key: string): string | undefined {
  const found = everyOption(true).filter(({ path }) => String(path.at(-1)).toLowerCase() === key.toLowerCase())
  return found.length === 1 ? pathText(found[0]!.path) : undefined
}

function missing(path: Path): string {
  return `${pathText(path)} is missing: it must be ${allowedAt(placeAt(path))}`
}

function wrong(issue: Issue, path: Path, got: unknown, isHidden: boolean): string {
  const place = placeAt(path)
  const { about } = place ?? {}
  const where = pathText(path)
  const isEntry = typeof path.at(-1) === 'number'
  const text =
    isHidden || holdsSecret(place)
      ? shownSecret(got)
      : shown(about?.kind === 'url' && typeof got === 'string' ? withoutCredentials(got) : got)
  if (issue.code === 'invalid_key') {
    return `${where} cannot be ${about?.names ?? 'there'}${hintOf(String(path.at(-1)), about?.known ?? [])}`
  }
  if (about?.kind === 'entries' && isEntry) return `${where} must be a section with ${optionsOf(place!)}; got ${text}`
  if (about?.kind === 'list' && isEntry) {
    return `${where} does not belong into ${about.allowed}; got ${text}${guessOf(issue, place, got, isHidden)}`
  }
  return `${where} must be ${allowedAt(place)}; got ${text}${guessOf(issue, place, got, isHidden)}`
}

/** Whether a secret belongs there, or inside of it: one may stand a level too high by mistake. */
function holdsSecret(place: Place | undefined): boolean {
  return place !== undefined && (place.about?.isSecret === true || [...place.options.values()].some(holdsSecret))
}

function guessOf(issue: Issue, place: Place | undefined, got: unknown, isHidden: boolean): string {
  if (typeof got !== 'string' || isHidden) return ''
  return hintOf(got, issue.code === 'invalid_value' ? issue.values.map(String) : (place?.about?.known ?? []))
}

function hintOf(got: string, names: readonly string[]): string {
  const meant = nearest(got, names)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

function allowedAt(place: Place | undefined): string {
  if (place === undefined) return 'something else'
  return place.about?.allowed ?? `a section with ${optionsOf(place)}`
}

const optionsOf = (place: Place) => `the options ${[...place.options.keys()].join(', ')}`
