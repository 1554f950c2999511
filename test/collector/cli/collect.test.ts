import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createCollect, type Running } from '../../../src/collector/cli/collect.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import type { Loaded } from '../../../src/collector/config.js'
import { createTerminal } from './terminal.js'

/** Everything that is due now, done. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A `tokmeter collect` whose collector only writes down what it is told. */
function collecting(yaml = '', collector: Partial<Running> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-collect-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'tokmeter.yaml')
  const write = (text: string) => writeFileSync(file, text)
  write(yaml)
  const told: unknown[] = []
  const line = (fields: object, message: string) => void told.push([message, fields])
  const source = new EventEmitter()
  const running: Running = {
    reload: async ({ live }) => void told.push(['reload', live]),
    stop: async () => {
      told.push(['stop'])
      return true
    },
    log: { info: line, warn: line, error: line },
    ...collector,
  }
  const start = async ({ config }: Loaded) => {
    told.push(['start', config.listen.port])
    return running
  }
  const { terminal, written } = createTerminal()
  const commands = [createCollect({ start, source })]
  const run = (...args: string[]) =>
    runCommandLine(['--config', file, ...args], { commands, byDefault: 'collect', version: '0', terminal })
  return { run, source, told, write, written }
}

test('it starts with what it is given, and runs until it is told to end', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const { run, source, told } = collecting('listen: { port: 5 }')
    const code = run('--port', '7')
    await settled()
    expect(told).toEqual([['start', 7]])
    source.emit(signal)
    expect(await code).toBe(0)
    expect(told).toEqual([['start', 7], ['stopping', { signal }], ['stop']])
    expect(source.eventNames()).toEqual([])
  }
})

test('a wrong configuration does not start', async () => {
  const { run, told, written, source } = collecting('listen: { port: x }')
  expect(await run()).toBe(1)
  expect(written.errors).toContain('tokmeter.yaml:1:17: listen.port must be a whole number')
  expect([told, source.eventNames()]).toEqual([[], []])
})

test('a collector that cannot start is a failure', async () => {
  const { terminal, written } = createTerminal()
  const source = new EventEmitter()
  const start = () => Promise.reject(new Error('the port is taken'))
  const commands = [createCollect({ start, source })]
  expect(await runCommandLine(['collect', '-c', '/dev/null'], { commands, version: '0', terminal })).toBe(1)
  expect(written.errors).toBe('tokmeter: the port is taken\n')
  expect(source.eventNames()).toEqual([])
})

test('SIGHUP reads the configuration anew, applies what can be, and tells what waits', async () => {
  const { run, source, told, write } = collecting('log: { level: info }')
  const code = run()
  await settled()
  write('log: { level: debug }\nlisten: { port: 9 }')
  source.emit('SIGHUP')
  await settled()
  const restart = ['these options change with the next start only', { options: ['listen.port'] }]
  expect(told.splice(0)).toEqual([
    ['start', 4318],
    ['reload', ['log.level']],
    ['the configuration was read anew', { changed: ['log.level'] }],
    restart,
  ])
  source.emit('SIGHUP')
  await settled()
  expect(told.splice(0)).toEqual([['reload', []], ['the configuration was read anew', { changed: [] }], restart])
  source.emit('SIGTERM')
  expect(await code).toBe(0)
})

test('a mistake in the new configuration leaves the old one in force', async () => {
  const { run, source, told, write } = collecting('log: { level: info }')
  const code = run()
  await settled()
  write('log: { level: loud }')
  source.emit('SIGHUP')
  await settled()
  write('log: { level: warn }')
  source.emit('SIGHUP')
  await settled()
  expect(told.slice(1)).toEqual([
    [
      'the configuration was not taken; the one before stays in force, whole',
      { mistakes: [expect.stringContaining('tokmeter.yaml:1:15: log.level must be one of')] },
    ],
    ['reload', ['log.level']],
    ['the configuration was read anew', { changed: ['log.level'] }],
  ])
  source.emit('SIGINT')
  expect(await code).toBe(0)
})

test('what could not be applied is tried again with the next SIGHUP', async () => {
  let isBroken = true
  const reload: Running['reload'] = async () => {
    if (isBroken) throw new Error('no such price')
  }
  const { run, source, told, write } = collecting('', { reload })
  const code = run()
  await settled()
  write('log: { level: warn }')
  source.emit('SIGHUP')
  await settled()
  isBroken = false
  source.emit('SIGHUP')
  await settled()
  expect(told.slice(1)).toEqual([
    [
      'the configuration was not taken; the one before stays in force, whole',
      { unchanged: ['log.level'], err: new Error('no such price') },
    ],
    ['the configuration was read anew', { changed: ['log.level'] }],
  ])
  source.emit('SIGTERM')
  expect(await code).toBe(0)
})

test('a stop that goes wrong is a failure', async () => {
  for (const stop of [async () => false, () => Promise.reject(new Error('broken'))]) {
    const { run, source } = collecting('', { stop })
    const code = run()
    await settled()
    source.emit('SIGTERM')
    expect(await code).toBe(1)
  }
})

test('told to end a second time it does not wait, and SIGHUP is no second time', async () => {
  const { run, source, told } = collecting('', { stop: () => new Promise(() => {}) })
  const code = run()
  await settled()
  source.emit('SIGTERM')
  source.emit('SIGHUP')
  await settled()
  source.emit('SIGINT')
  expect(await code).toBe(1)
  expect(told.at(-1)).toEqual(['told to end a second time: not waiting any longer', { signal: 'SIGINT' }])
})

test('a signal that comes while it starts is not lost', async () => {
  const { run, source, told } = collecting()
  const code = run()
  source.emit('SIGTERM')
  expect(await code).toBe(0)
  expect(told).toEqual([['start', 4318], ['stopping', { signal: 'SIGTERM' }], ['stop']])
})
