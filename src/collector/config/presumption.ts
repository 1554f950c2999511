/** The configuration as it would be without what is wrong in it, so that one mistake does not hide those that only show between options. */
import type { z } from 'zod'
import { valueAt } from './layers.js'
import { type Path, placeAt } from './places.js'
import { type Config, schema } from './schema.js'

type Values = { readonly [name: string]: unknown }

/** What entries of lists must have, for the entries that lack it. */
const STAND_INS: { readonly [list: string]: (index: number) => Values } = {
  forward: (index) => ({ url: `http://stand-in-${index}.invalid` }),
  tokens: (index) => ({
    name: `stand-in-${index}`,
    hash: `sha256:${String(index).padStart(64, '0')}`,
    scopes: ['read'],
  }),
  budgets: (index) => ({ name: `stand-in-${index}`, limitUsd: 1, period: 'day' }),
  'alerts.rules': (index) => ({ name: `stand-in-${index}`, kind: 'anomaly' }),
  'alerts.channels': (index) => ({ name: `stand-in-${index}`, kind: 'log' }),
}

/** The configuration presumed, and the paths that were left out of it. `undefined` where there is no telling. */
export function presume(
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): { config: Config; left: Path[] } | undefined {
  const left = issues.flatMap((issue): Path[] => {
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key])
    const isItem = placeAt(path)?.about?.kind === 'list' && typeof path.at(-1) === 'number'
    return [isItem ? path.slice(0, -1) : path]
  })
  const presumed = schema.safeParse(left.reduce(withoutPath, value))
  return presumed.success ? { config: presumed.data as Config, left } : undefined
}

function withoutPath(value: unknown, path: Path): unknown {
  const at = path.findIndex((step) => typeof step === 'number')
  const standIn = at === -1 ? undefined : STAND_INS[path.slice(0, at).join('.')]?.(path[at] as number)
  if (standIn === undefined) return replaced(value, path, undefined)
  const place = path.slice(0, at + 1)
  const rest = path.slice(at + 1)
  const entry = rest.length === 0 ? undefined : (replaced(valueAt(value, place), rest, undefined) as Values)
  return replaced(value, place, { ...standIn, ...entry })
}

/** `value` with another value at `path`; with none there for `undefined`. */
function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return by
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? replaced(item, rest, by) : item))
  const entries = Object.entries((value ?? {}) as Values).flatMap(([name, inside]) => {
    if (name !== String(step)) return [[name, inside] as const]
    const next = replaced(inside, rest, by)
    return next === undefined ? [] : [[name, next] as const]
  })
  return Object.fromEntries(entries)
}
