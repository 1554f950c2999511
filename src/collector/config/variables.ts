/** Options given by environment variables: tokmeter's own for each option, and those of OpenTelemetry that mean something here. */
import { typed } from './document.js'
import { type Layer, layerOfValues } from './layers.js'
import { nearest } from './nearest.js'
import { everyVariable, type Path, type Place, placeAt, placeOfVariable } from './places.js'
import type { Environment } from './references.js'

/** The SDK's own, or read elsewhere. */
const KNOWN = new Set(['TOKMETER_CONFIG', 'TOKMETER_START', 'TOKMETER_IDENTITY_KEY'])

/** What Kubernetes sets for a service named `tokmeter`. */
function isServiceLink(name: string, value: string): boolean {
  if (/_PORT(_\d+_(TCP|UDP|SCTP))?$/.test(name)) return /^(tcp|udp|sctp):\/\//.test(value)
  return /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/.test(name)
}

/** The words of OTEL_LOG_LEVEL. */
const OTEL_LEVELS: { readonly [level: string]: string } = {
  none: 'silent',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  verbose: 'trace',
  all: 'trace',
}

/** What the environment says of options. `referred`: variables the file refers to by name, which need not be options. */
export function readVariables(
  environment: Environment,
  referred: ReadonlySet<string>,
): { layer: Layer; warnings: readonly string[] } {
  const warnings: string[] = []
  const values: Parameters<typeof layerOfValues>[0][number][] = []
  const give = (name: string, path: Path, value: unknown) =>
    values.push({ path, value, origin: { in: 'environment', name } })
  const level = environment['OTEL_LOG_LEVEL']?.trim().toLowerCase()
  if (level) {
    const known = Object.hasOwn(OTEL_LEVELS, level) ? OTEL_LEVELS[level] : undefined
    if (known !== undefined) give('OTEL_LOG_LEVEL', ['log', 'level'], known)
    else warnings.push(`OTEL_LOG_LEVEL is ignored: it must be one of ${Object.keys(OTEL_LEVELS).join(', ')}`)
  }
  // The key the SDK hashes identities with: the same one makes the same hashes.
  const key = environment['TOKMETER_IDENTITY_KEY']
  if (key) give('TOKMETER_IDENTITY_KEY', ['identities', 'key'], key)
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('TOKMETER_') || KNOWN.has(name) || !value) continue
    const place = placeOfVariable(name)
    if (place !== undefined) give(name, place.path, valueOfText(value, place))
    else if (!isServiceLink(name, value) && !referred.has(name)) warnings.push(unknownVariable(name))
  }
  return { layer: layerOfValues(values), warnings }
}

/** The value of the option at `path` that a text from outside the file stands for. */
export function valueOfText(text: string, place: Place | undefined): unknown {
  const kind = place?.about?.kind
  const trimmed = text.trim()
  switch (kind) {
    case 'number':
    case 'boolean':
    case 'entries':
    case 'map':
      return typed(trimmed)
    case 'list':
      if (trimmed.startsWith('[')) return typed(trimmed)
      return trimmed.split(',').flatMap((item) => item.trim() || [])
    default:
      return text
  }
}

/** A value given by a flag, at a path written with dots. */
export function valueOfFlag(path: Path, text: string): unknown {
  return valueOfText(text, placeAt(path))
}

function unknownVariable(name: string): string {
  const meant = nearest(name, everyVariable())
  return `${name} sets no option${meant === undefined ? '' : `; did you mean ${meant}?`}`
}
