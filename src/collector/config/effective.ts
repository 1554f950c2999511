/** The configuration as it may be shown: in the notation of the file, without a secret. */
import { asWritten, SECRET } from './option-kinds.js'
import { type Place, TOP } from './places.js'
import type { Config } from './schema.js'

type Values = { readonly [name: string]: unknown }

/** What is in force, defaults included. Secrets are replaced, and so are credentials in URLs; names of headers stay. */
export function effectiveConfig(config: Config): Values {
  return sectionOf(config, TOP)
}

function sectionOf(values: Values, { options }: Place): Values {
  const shown: { [name: string]: unknown } = {}
  // What the schema does not know is not shown: nobody said whether it is a secret.
  for (const [name, place] of options) {
    const value = values[name]
    if (value !== undefined)
      shown[name] = place.about === undefined ? sectionOf(value as Values, place) : shownValue(value, place)
  }
  return shown
}

function shownValue(value: unknown, place: Place): unknown {
  const { about } = place
  if (about?.kind === 'entries') return (value as readonly Values[]).map((entry) => sectionOf(entry, place))
  if (!about?.isSecret) return about === undefined ? undefined : asWritten(value, about)
  if (about.kind !== 'map') return SECRET
  return Object.fromEntries(Object.keys(value as Values).map((name) => [name, SECRET]))
}
