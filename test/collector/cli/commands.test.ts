import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '../../../src/collector/cli/commands.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import { createTerminal } from './terminal.js'

async function run(args: string[], input: string | string[] = []) {
  const { terminal, written } = createTerminal(input)
  const code = await runCommandLine(args, { commands: COMMANDS, version: '0', terminal })
  return { code, ...written }
}

function fileWith(yaml: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-cli-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'tokmeter.yaml')
  writeFileSync(file, yaml)
  return file
}

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

test('every command says what it is for, and no two have one name', () => {
  expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
  for (const { summary, options } of COMMANDS) {
    expect(summary).toMatch(/^[a-z].*[^.]$/)
    for (const { description } of Object.values(options)) expect(description).toMatch(/^[a-z].*[^.]$/)
  }
})

test('check-config has nothing against a good file', async () => {
  const file = fileWith('listen: { port: 0 }')
  for (const args of [[file], ['--config', file], ['-c', file]])
    expect(await run(['check-config', ...args])).toEqual({ code: 0, output: `${file}: no mistakes\n`, errors: '' })
})

test('check-config names every mistake, with its line, and fails', async () => {
  const file = fileWith('listen:\n  prot: 1\nlog: { level: loud }')
  const { code, output, errors } = await run(['check-config', file, '--port', 'x'])
  expect([code, output]).toEqual([1, ''])
  expect(errors.split('\n')).toEqual([
    `${file}:2:3: listen.prot is no option; did you mean listen.port? Options of listen: host, port, tls, cors, limits`,
    `${file}:3:15: log.level must be one of trace, debug, info, warn, error, fatal, silent; got "loud"`,
    '--port: listen.port must be a whole number from 0 to 65535; got "x"',
    '3 mistakes',
    '',
  ])
})

test('check-config looks into the files that are named', async () => {
  const file = fileWith('')
  const named = (name: string, text: string) => {
    const path = join(file, '..', name)
    writeFileSync(path, text)
    return path
  }
  const views = named('views.mjs', 'export const views = 5')
  const prices = named('prices.json', '{ "prices": [{ "model": "m" }] }')
  const pem = named('empty.pem', 'no certificate')
  const forward = `forward=[{ url: "https://target.example", name: there, tls: { ca: ${JSON.stringify(pem)} } }]`
  const tls = [`listen.tls.cert=${pem}`, `listen.tls.key=${pem}`]
  const settings = [`views=${views}`, `prices.file=${prices}`, ...tls, forward]
  const { code, output, errors } = await run(['check-config', file, ...settings.flatMap((one) => ['--set', one])])
  expect([code, output]).toEqual([1, ''])
  expect(errors.trimEnd().split('\n')).toEqual([
    expect.stringContaining(`cannot take views from ${views}: it must export`),
    expect.stringContaining(`cannot take prices from the file ${prices}: `),
    expect.stringContaining(`cannot use ${pem} with ${pem}: `),
    expect.stringContaining(`cannot use ${pem} for the target there: `),
  ])
})

test('check-config prints what is in force, without secrets', async () => {
  const file = fileWith('store: { url: "http://u:hunter2@c:8123", password: hunter2 }\nidentities: { key: hunter2 }')
  const { code, output, errors } = await run(['check-config', file, '--print', '--set', 'queue.maxBytes=2GiB'])
  expect([code, errors]).toEqual([0, ''])
  expect(parse(output)).toMatchObject({
    store: { url: 'http://***@c:8123/', password: '***' },
    queue: { maxBytes: '2GiB' },
    identities: { key: '***' },
  })
  expect(output).not.toContain('hunter2')
})

test('check-config says what it was not to be given', async () => {
  const f = async (args: string[], message: string) =>
    expect(await run(['check-config', ...args])).toMatchObject({ code: 2, errors: expect.stringContaining(message) })
  await f(['a.yaml', '--config', 'b.yaml'], 'the file is named twice: by --config and alone')
  await f(['--set', 'hunter2'], '--set needs an option and its value: --set queue.maxBytes=2GiB')
  await f(['--set', '=5'], '--set needs an option and its value')
  expect((await run(['check-config', '--set', 'hunter2'])).errors).not.toContain('hunter2')
  expect(await run(['check-config', '/no/where.yaml'])).toEqual({
    code: 1,
    output: '',
    errors: 'cannot read the configuration file /no/where.yaml: there is no such file\n1 mistake\n',
  })
})

test('--set reaches every option, and takes lists', async () => {
  const file = fileWith('')
  const settings = ['store.retention.1m=2d', 'forward=[{ url: "http://a" }]', 'identities.hash=false', 'data=/x=y']
  const { output } = await run(['check-config', file, '--print', ...settings.flatMap((one) => ['--set', one])])
  expect(parse(output)).toMatchObject({
    store: { retention: { '1m': '2d' } },
    forward: [{ url: 'http://a', name: 'a' }],
    identities: { hash: false },
    data: '/x=y',
  })
})

test('hash-token prints what the configuration holds of a token', async () => {
  const f = async (input: string | string[], token: string) =>
    expect(await run(['hash-token'], input)).toEqual({ code: 0, output: `${sha256(token)}\n`, errors: '' })
  await f('a-token', 'a-token')
  await f('a-token\n', 'a-token')
  await f('  a-token \r\nmore\n', 'a-token')
  await f(['a-', 'tok', 'en\n'], 'a-token')
  expect((await run(['hash-token', '--scrypt'], 'a-token')).output).toMatch(
    /^scrypt:14:8:1:[0-9a-f]{32}:[0-9a-f]{64}\n$/,
  )
})

test('hash-token refuses what cannot be sent as a token, and does not repeat it', async () => {
  const f = async (input: string, message: string) => {
    const { code, output, errors } = await run(['hash-token'], input)
    expect([code, output]).toEqual([2, ''])
    expect(errors).toContain(message)
    expect(errors).not.toContain('hunter2')
  }
  await f('', 'got nothing')
  await f('\n', 'got nothing')
  await f('hunter2 hunter2', 'got something else')
  await f('hunter2ü', 'got something else')
  await f('a'.repeat(1025), 'at most 1024 characters')
  await f('a'.repeat(1_000_000), 'at most 1024 characters')
  expect((await run(['hash-token', 'hunter2'])).code).toBe(2)
})

test('hash-token can make the token too, each time another', async () => {
  const [one, other] = [await run(['hash-token', '--generate']), await run(['hash-token', '-g'])]
  const [, token = '', hash = ''] = /^token: ([\w-]{43})\nhash: (\S+)\n$/.exec(one.output) ?? []
  expect(hash).toBe(sha256(token))
  expect(other.output).not.toBe(one.output)
})
