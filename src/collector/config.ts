/** Flags, environment, file and defaults made into one settled configuration. The only place of the collector that reads the environment. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { contradictionsOf } from './config/contradictions.js'
import { readDocument } from './config/document.js'
import { mistakesOf } from './config/issues.js'
import { isAlongside, type Layer, layerOf, layerOfValues, mergeLayers } from './config/layers.js'
import { ConfigError, inOrder, type Mistake, type Origin } from './config/mistakes.js'
import type { Path } from './config/places.js'
import { presume } from './config/presumption.js'
import type { Environment } from './config/references.js'
import { type Config, schema } from './config/schema.js'
import { readVariables, valueOfFlag } from './config/variables.js'

export { ConfigError } from './config/mistakes.js'
export type { Environment } from './config/references.js'
export type { Config, TargetConfig, TokenConfig } from './config/schema.js'

/** An option given on the command line: `{ name: '--port', path: ['listen', 'port'], text: '4318' }`. */
export type Flag = { readonly name: string; readonly path: Path; readonly text: string }

export type LoadOptions = {
  /** @default TOKMETER_CONFIG, or `tokmeter.yaml` in the working directory if there is one */
  readonly file?: string | undefined
  readonly flags?: readonly Flag[]
  readonly environment?: Environment
  /** Where `tokmeter.yaml` and `tokmeter.config.js` are looked for. @default the working directory */
  readonly directory?: string
}

export type Loaded = {
  readonly config: Config
  /** The file that was read. */
  readonly file: string | undefined
  /** What does not hinder, but was hardly meant. */
  readonly warnings: readonly string[]
}

const DEFAULT_FILE = 'tokmeter.yaml'
const VIEWS_FILES = ['tokmeter.config.ts', 'tokmeter.config.js', 'tokmeter.config.mjs']

/** Settles the configuration. Throws a `ConfigError` that names every mistake. */
export function loadConfig({ file, flags = [], environment = process.env, directory = '.' }: LoadOptions = {}): Loaded {
  const found = file ?? (environment['TOKMETER_CONFIG'] || defaultFile(directory))
  const source = found === undefined ? '' : read(found)
  const document = readDocument(source, found ?? DEFAULT_FILE, environment)
  const referred = new Set([...source.matchAll(/\$\{env:(\w+)/g)].map(([, name]) => name!))
  const variables = readVariables(environment, referred)
  const given = layerOfValues(
    flags.map(({ name, path, text }) => ({
      path,
      value: valueOfFlag(path, text),
      origin: { in: 'flag', name } as const,
    })),
  )
  const config = settle([document.layer, variables.layer, given], document.mistakes)
  const views = config.views ?? VIEWS_FILES.map((name) => join(directory, name)).find((path) => existsSync(path))
  return {
    config: views === undefined ? config : { ...config, views },
    file: found,
    warnings: variables.warnings,
  }
}

/** Whether what is written to `stream` may be coloured: it is a terminal, and NO_COLOR does not ask for none. */
export function wantsColor(stream: { readonly isTTY?: boolean }, environment: Environment = process.env): boolean {
  return stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
}

/** Lays the layers over each other, the last one the highest, and adds what is wrong with the whole to `before`. */
function settle(layers: readonly Layer[], before: readonly Mistake[]): Config {
  const value = mergeLayers(layers)
  const parsed = schema.safeParse(value)
  const issues = parsed.error?.issues ?? []
  const told = new Set(before.map(({ origin }) => placeOf(origin)))
  // Where a variable was not to be had, what stands there instead is no second mistake.
  const further = mistakesOf(issues, value, layers).filter(({ origin }) => !told.has(placeOf(origin)))
  const mistakes = [...before, ...further, ...contradictions(value, issues, layers)]
  if (mistakes.length > 0 || !parsed.success) throw new ConfigError(inOrder(mistakes))
  return parsed.data
}

type Issues = Parameters<typeof presume>[1]

function contradictions(value: unknown, issues: Issues, layers: readonly Layer[]): Mistake[] {
  const presumed = presume(value, issues)
  if (presumed === undefined) return []
  const { config, left } = presumed
  const isLeft = (path: Path) => left.some((one) => isAlongside(one, path))
  return contradictionsOf(config)
    .filter(({ about }) => !about.some(isLeft))
    .map(({ about: [path], message }) => ({ origin: layerOf(layers, path)?.originOf(path), message }))
}

function placeOf(origin: Origin | undefined): string {
  return origin?.in === 'file' ? `${origin.line}:${origin.column}` : ''
}

function defaultFile(directory: string): string | undefined {
  const file = join(directory, DEFAULT_FILE)
  return existsSync(file) ? file : undefined
}

function read(file: string): string {
  const fail = (cause: string): never => {
    throw new ConfigError([{ origin: undefined, message: `cannot read the configuration file ${file}: ${cause}` }])
  }
  try {
    const { size } = statSync(file)
    if (size > 4 * 1024 * 1024) fail('it is larger than 4 MiB')
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    return fail(code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : message)
  }
}
