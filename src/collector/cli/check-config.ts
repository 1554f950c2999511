/** `tokmeter check-config`: names every mistake of the configuration, and what is wrong in the files it names. */
import { createPricer } from 'tokmeter/core'
import { stringify } from 'yaml'
import { effectiveConfig } from '../config/effective.js'
import { type Config, ConfigError, type Loaded } from '../config.js'
import { targetOf } from '../forwarding.js'
import { tlsOptions } from '../security/tls.js'
import { loadUserModule } from '../user-module.js'
import { type Command, isGiven, textOf, WrongUse } from './command.js'
import { COLLECT_OPTIONS, loadGiven } from './config-options.js'

export const checkConfig: Command = {
  name: 'check-config',
  summary: 'name every mistake in the configuration, with its line',
  operands: '[file]',
  operandLimit: 1,
  options: {
    ...COLLECT_OPTIONS,
    print: { type: 'boolean', description: 'print what is in force, defaults included and secrets left out' },
  },
  details: [
    'Example: tokmeter check-config --print tokmeter.yaml',
    '',
    'The file is checked with the environment and the options given over it, as `tokmeter collect` would',
    'read them, and with it the files that it names: views, prices, certificates. Exit code 1 when there',
    'is a mistake. Every option with its default and what it is for: collector-config/tokmeter.yaml in the',
    'repository.',
  ].join('\n'),

  async run(given, { output, errors }) {
    const [operand] = given.operands
    if (operand !== undefined && isGiven(given, 'config'))
      throw new WrongUse('the file is named twice: by --config and alone')
    const file = operand ?? textOf(given, 'config')
    let loaded: Loaded
    try {
      loaded = loadGiven({
        operands: [],
        options: file === undefined ? given.options : { ...given.options, config: [file] },
      })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const count = error.mistakes.length
      errors.write(`${error.message}\n${count} ${count === 1 ? 'mistake' : 'mistakes'}\n`)
      return 1
    }
    const { config, warnings } = loaded
    for (const warning of warnings) errors.write(`warning: ${warning}\n`)
    const troubles = await troublesOf(config)
    if (troubles.length > 0) {
      errors.write(`${troubles.join('\n')}\n`)
      return 1
    }
    if (isGiven(given, 'print')) output.write(stringify(effectiveConfig(config)))
    else output.write(`${loaded.file ?? 'the configuration (no file, the defaults)'}: no mistakes\n`)
    return 0
  },
}

/** What is wrong in the files that the configuration names. */
async function troublesOf({ views, prices, forward, listen: { tls } }: Config): Promise<string[]> {
  const { cert, key, clientCa } = tls
  const troubles: string[] = []
  const look = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      // Of a file that is no JSON the message quotes a few lines.
      troubles.push((error as Error).message.replace(/\s+/g, ' '))
    }
  }
  await look(() => loadUserModule(views))
  await look(() => prices.file !== undefined && createPricer({ file: prices.file }))
  await look(() => cert && key && tlsOptions({ cert, key, ...(clientCa !== undefined && { clientCa }) }))
  for (const target of forward) await look(() => targetOf(target))
  return troubles
}
