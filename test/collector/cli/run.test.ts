import { expect, test } from 'vitest'
import { type Command, type Given, WrongUse } from '../../../src/collector/cli/command.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import { createTerminal } from './terminal.js'

/** Two commands that tell what they were given. */
function commandsThat(run: (given: Given) => number = () => 0): { commands: Command[]; given: Given[] } {
  const given: Given[] = []
  const recording = async (one: Given) => {
    given.push(one)
    return run(one)
  }
  const fetch: Command = {
    name: 'fetch',
    summary: 'fetch something',
    operands: '[file]',
    operandLimit: 1,
    options: {
      port: { type: 'string', short: 'p', value: 'number', description: 'where from' },
      set: { type: 'string', multiple: true, description: 'anything' },
      quiet: { type: 'boolean', short: 'q', description: 'say nothing' },
    },
    details: 'More of it.',
    run: recording,
  }
  const print: Command = { name: 'print', summary: 'print something', options: {}, run: recording }
  return { commands: [fetch, print], given }
}

async function runWith(args: string[], options: { byDefault?: string; run?: (given: Given) => number } = {}) {
  const { commands, given } = commandsThat(options.run)
  const { terminal, written } = createTerminal()
  const { byDefault } = options
  const code = await runCommandLine(args, {
    commands,
    version: '1.2.3',
    terminal,
    ...(byDefault !== undefined && { byDefault }),
  })
  return { code, given: given[0], ...written }
}

test('a command gets its options and operands, and gives the exit code', async () => {
  const f = async (args: string[], options: object, operands: string[] = []) =>
    expect((await runWith(args)).given).toEqual({ options, operands })
  await f(['fetch'], {})
  await f(['fetch', '--port', '1'], { port: ['1'] })
  await f(['fetch', '--port=1', 'file'], { port: ['1'] }, ['file'])
  await f(['fetch', '-p', '1', '-q'], { port: ['1'], quiet: [true] })
  await f(['fetch', '-p1'], { port: ['1'] })
  await f(['fetch', '--set', 'a=1', '--set=b=-1'], { set: ['a=1', 'b=-1'] })
  await f(['fetch', '--port', '-'], { port: ['-'] })
  await f(['fetch', '--', '--port'], {}, ['--port'])
  expect((await runWith(['fetch'], { run: () => 3 })).code).toBe(3)
})

test('without a name the default command runs', async () => {
  expect((await runWith(['--port', '1'], { byDefault: 'fetch' })).given).toEqual({
    options: { port: ['1'] },
    operands: [],
  })
  expect((await runWith([], { byDefault: 'fetch' })).code).toBe(0)
  const { code, errors, given } = await runWith([])
  expect([code, given]).toEqual([2, undefined])
  expect(errors).toContain('Usage: tokmeter <command> [options]')
})

test('wrong use is exit code 2, with what is wrong and what was probably meant', async () => {
  const f = async (args: string[], message: string, help = 'tokmeter --help') => {
    const { code, errors, output, given } = await runWith(args)
    expect({ code, errors, output, given }).toEqual({
      code: 2,
      errors: `tokmeter: ${message}\n(${help} says how it is used)\n`,
      output: '',
      given: undefined,
    })
  }
  await f(['fecth'], '"fecth" is no command; did you mean fetch? Commands: fetch, print')
  await f(['x'.repeat(200)], `"${'x'.repeat(80)}" is no command. Commands: fetch, print`)
  await f(['fetch', '--prot', '1'], '--prot is no option of this command; did you mean --port?')
  await f(['print', '--port', '1'], '--port is no option of this command.')
  await f(['fetch', '-x'], '-x is no option of this command.')
  await f(['--prot', '1'], '--prot is no option of this command.')
  await f(['fetch', '--port'], '--port needs a value: --port <number>')
  await f(['fetch', '--port', '--quiet'], '--port needs a value: --port <number>')
  await f(['fetch', '--set'], '--set needs a value: --set <value>')
  await f(['fetch', '--quiet=yes'], '--quiet takes no value')
  await f(['fetch', '--port', '1', '--port', '2'], '--port is given twice')
  await f(['fetch', 'one', 'two'], '"two" is one argument too many')
  await f(['print', 'one'], '"one" is one argument too many')
})

test('what a command throws is a failure in words, without a stack', async () => {
  const f = async (error: unknown, code: number, errors: string) => {
    const run = () => {
      throw error
    }
    expect(await runWith(['fetch'], { run })).toMatchObject({ code, errors, output: '' })
  }
  await f(new Error('the disk is full'), 1, 'tokmeter: the disk is full\n')
  await f('text', 1, 'tokmeter: text\n')
  await f(new WrongUse('not so'), 2, 'tokmeter: not so\n(tokmeter fetch --help says how it is used)\n')
})

test('--help says how all of it is used, or one command', async () => {
  const general = [
    'tokmeter receives telemetry of language-model use, keeps it, and sends it on.',
    '',
    'Usage: tokmeter [command] [options]',
    '',
    'Commands:',
    '  fetch  fetch something (the default)',
    '  print  print something',
    '',
    'Options of fetch:',
    '  -p, --port <number>  where from',
    '      --set <value>    anything',
    '  -q, --quiet          say nothing',
    '  -h, --help           say how the command is used',
    '  -V, --version        say which version this is',
    '',
    '`tokmeter <command> --help` says more of each.',
    '',
  ].join('\n')
  const fetch = [
    'Fetch something.',
    '',
    'Usage: tokmeter [fetch] [options] [file]',
    '',
    'Options:',
    '  -p, --port <number>  where from',
    '      --set <value>    anything',
    '  -q, --quiet          say nothing',
    '  -h, --help           say how the command is used',
    '  -V, --version        say which version this is',
    '',
    'More of it.',
    '',
  ].join('\n')
  const f = async (args: string[], output: string) =>
    expect(await runWith(args, { byDefault: 'fetch' })).toMatchObject({ code: 0, output, errors: '', given: undefined })
  await f(['--help'], general)
  await f(['-h'], general)
  await f(['fetch', '--help'], fetch)
  await f(['fetch', '--port', '1', '-h'], fetch)
  await f(['fetch', 'too', 'many', '--help'], fetch)
})

test('--version says which one it is', async () => {
  for (const args of [['--version'], ['-V'], ['fetch', '--version']])
    expect(await runWith(args)).toMatchObject({ code: 0, output: 'tokmeter 1.2.3\n', errors: '', given: undefined })
})
