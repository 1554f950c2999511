/** Options of the command line that set options of the configuration, the same for every command that reads it. */

import { TOP } from '../config/places.js'
import { type Flag, type Loaded, loadConfig } from '../config.js'
import { type CommandOptions, type Given, textOf, WrongUse } from './command.js'

const SHORTCUTS: { readonly [name: string]: readonly string[] } = {
  host: ['listen', 'host'],
  port: ['listen', 'port'],
  data: ['data'],
  'log-level': ['log', 'level'],
  'log-format': ['log', 'format'],
}

/** For commands that need no more of the configuration than where the data are. */
export const DATA_OPTIONS: CommandOptions = {
  config: {
    type: 'string',
    short: 'c',
    value: 'file',
    description: 'the configuration (default: TOKMETER_CONFIG, or ./tokmeter.yaml if there is one)',
  },
  data: { type: 'string', value: 'directory', description: 'where all is kept (default: ./tokmeter-data)' },
  set: {
    type: 'string',
    short: 's',
    multiple: true,
    value: 'option=value',
    description: 'any option of the configuration, such as queue.maxBytes=2GiB; may be given more than once',
  },
}

/** For the command that listens. */
export const COLLECT_OPTIONS: CommandOptions = {
  ...DATA_OPTIONS,
  host: { type: 'string', value: 'address', description: 'where to listen (default: 127.0.0.1)' },
  port: {
    type: 'string',
    short: 'p',
    value: 'number',
    description: 'where to listen; 0 takes a free one (default: 4318)',
  },
  'log-level': {
    type: 'string',
    value: 'level',
    description: 'trace, debug, info, warn, error, fatal or silent (default: info)',
  },
  'log-format': {
    type: 'string',
    value: 'format',
    description: 'pretty, json, or auto: pretty on a terminal (default: auto)',
  },
}

/** The configuration, with what was given on the command line over it. Throws a `ConfigError` with all that is wrong. */
export function loadGiven(given: Given): Loaded {
  return loadConfig({ file: textOf(given, 'config'), flags: flagsOf(given) })
}

/** What was given on the command line, as options of the configuration. */
export function flagsOf(given: Given): Flag[] {
  const shortcuts = Object.entries(SHORTCUTS).flatMap(([name, path]): Flag[] => {
    const text = textOf(given, name)
    return text === undefined ? [] : [{ name: `--${name}`, path, text }]
  })
  const settings = (given.options['set'] ?? []).map((setting): Flag => {
    const [, name = '', text] = /^([^=]+)=(.*)$/s.exec(String(setting)) ?? []
    // What is given may be a secret: it is not repeated.
    if (text === undefined) throw new WrongUse('--set needs an option and its value: --set queue.maxBytes=2GiB')
    const path = name.split('.')
    if (!TOP.options.has(path[0]!)) return { name: '--set', path: path.slice(0, 1), text }
    return { name: '--set', path, text }
  })
  return [...shortcuts, ...settings]
}
