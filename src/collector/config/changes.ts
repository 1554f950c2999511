/** What changed between two configurations, and what of it a running collector can take. */
import { isDeepStrictEqual } from 'node:util'
import { valueAt } from './layers.js'
import { everyOption, type Path, pathText } from './places.js'
import type { Config } from './schema.js'

export type Changes = {
  /** Options to be applied now. */
  readonly live: readonly string[]
  /** Options that wait for the next start. */
  readonly restart: readonly string[]
  /** The configuration that is in force when the live ones are applied. To be compared with the next time. */
  readonly config: Config
}

/** Compares the configuration in force with one that was read anew. */
export function changesBetween(running: Config, next: Config): Changes {
  const changed = everyOption().filter(({ path }) => !isDeepStrictEqual(valueAt(running, path), valueAt(next, path)))
  const live = changed.filter(({ about }) => about?.isLive)
  return {
    live: live.map(({ path }) => pathText(path)),
    restart: changed.filter(({ about }) => !about?.isLive).map(({ path }) => pathText(path)),
    config: live.reduce((config, { path }) => withValue(config, path, valueAt(next, path)) as Config, running),
  }
}

function withValue(values: unknown, [name, ...rest]: Path, value: unknown): unknown {
  if (name === undefined) return value
  const { [name]: inside, ...others } = values as { [name: string | number]: unknown }
  const next = withValue(inside, rest, value)
  return next === undefined ? others : { ...others, [name]: next }
}
