import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { COMMANDS } from '../../../src/collector/cli/commands.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import { createExport, createImport, createMigrate } from '../../../src/collector/cli/transfer.js'
import type { StoreSettings } from '../../../src/collector/config/store-settings.js'
import type { Store } from '../../../src/collector/store/store.js'
import { createTerminal } from './terminal.js'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'tokmeter-transfer-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The three commands on stores that only write down what they are told, but for what `store` does. */
function transferring(store: Partial<Store> = {}) {
  const opened: StoreSettings[] = []
  const told: unknown[] = []
  const source = new EventEmitter()
  const openStore = async (settings: StoreSettings) => {
    const number = opened.push(settings)
    return { close: async () => void told.push(`close ${number}`), ...store } as Store
  }
  const options = { openStore, readLines: async () => () => [], source }
  const commands = [createExport(options), createImport(options), createMigrate(options)]
  const run = async (...args: string[]) => {
    const { terminal, written } = createTerminal()
    const code = await runCommandLine([...args, '--config', '/dev/null'], { commands, version: '0', terminal })
    return { code, ...written }
  }
  return { run, opened, told, source }
}

test('export writes what is asked for, and says how much it was', async () => {
  const asked: unknown[] = []
  const { run, opened, told, source } = transferring({
    async exportOperations({ onProgress, signal, ...options }) {
      asked.push(options)
      onProgress?.({ rows: 0, totalRows: 1234 })
      return { rows: 1234, bytes: 1 }
    },
  })
  const path = join(directory(), 'x.csv')
  const { code, output, errors } = await run('export', path, '--from', '2026-01-31', '--to', '2026-01-31T12:30+02:00')
  expect([code, output]).toEqual([0, `1,234 operations, 1 byte: ${path}\n`])
  expect(errors).toContain('exporting 0% 0 of 1,234 operations')
  expect(asked).toEqual([{ path, format: 'csv', from: Date.UTC(2026, 0, 31), to: Date.UTC(2026, 0, 31, 10, 30) }])
  expect(opened).toEqual([
    {
      location: { path: 'tokmeter-data/store' },
      options: {
        database: 'tokmeter',
        retentionDays: { raw: 30, '1m': 40, '5m': 40, '1h': 400, '1d': 1825 },
        maxBytes: undefined,
        memoryBytes: 402_653_184,
        concurrentQueries: 2,
      },
    },
  ])
  expect([told, source.eventNames()]).toEqual([['close 1'], []])
})

test('what export is given is checked before anything is opened', async () => {
  const { run, opened } = transferring()
  const there = join(directory(), 'there.jsonl')
  writeFileSync(there, 'precious')
  const f = async (code: number, message: string, ...args: string[]) => {
    const got = await run('export', ...args)
    expect([got.code, got.errors]).toEqual([code, expect.stringContaining(message)])
  }
  await f(2, 'the file is missing')
  await f(2, '--format must be one of csv, jsonl, parquet; got "txt"', 'x.txt')
  await f(2, '--format must be one of csv, jsonl, parquet; got "xml"', 'x.csv', '--format', 'xml')
  await f(2, '--from must be a date or a time, such as 2026-01-31', 'x.csv', '--from', 'yesterday')
  await f(2, '--to must be a date or a time', 'x.csv', '--to', '2026-02-30T')
  await f(2, '--from must be before --to', 'x.csv', '--from', '2026-02-01', '--to', '2026-02-01')
  await f(1, `${there} is there already; --force writes over it`, there)
  await f(1, 'queue.maxBytes must be a size', 'x.csv', '--set', 'queue.maxBytes=x')
  expect(opened).toEqual([])
  expect(readFileSync(there, 'utf8')).toBe('precious')
})

test('import says what became of the lines', async () => {
  const path = join(directory(), 'x.jsonl')
  writeFileSync(path, '')
  const result = { lines: 3, operations: 2, rejected: 1 }
  const { run, told } = transferring({
    async importFile({ onProgress }) {
      onProgress?.({ ...result, bytesRead: 50, bytesTotal: 100 })
      return result
    },
  })
  expect(await run('import', path)).toEqual({
    code: 0,
    output: `2 operations of 3 lines, 1 line rejected: ${path}\n`,
    errors: expect.stringMatching(/^importing 50% 50 of 100 bytes/),
  })
  expect(told).toEqual(['close 1'])
  expect(await run('import', '/no/file')).toMatchObject({ code: 1, errors: 'tokmeter: there is no file /no/file\n' })
})

test('migrate copies to the server that is named, with the settings of the store that is copied', async () => {
  const { run, opened, told } = transferring({
    async copyTo(_, options) {
      options?.onProgress?.({ table: 'operations', rows: 0, totalRows: 10 })
      options?.onProgress?.({ table: 'operations_1m', rows: 0, totalRows: 5 })
      return { tables: [{ table: 'operations', rows: 10 }] }
    },
  })
  const passwordFile = join(directory(), 'password')
  writeFileSync(passwordFile, 'hunter2\n')
  const to = [
    '--to',
    'https://clickhouse:8443',
    '--cluster',
    'main',
    '--username',
    'u',
    '--password-file',
    passwordFile,
  ]
  const { code, output, errors } = await run('migrate', ...to, '--set', 'store.retention.raw=60d')
  expect([code, output]).toEqual([0, 'operations: 10 rows\n'])
  expect(errors).not.toContain('hunter2')
  const [from, target] = opened
  expect(from?.location).toEqual({ path: 'tokmeter-data/store' })
  expect(target).toEqual({
    location: {
      url: 'https://clickhouse:8443',
      cluster: 'main',
      username: 'u',
      password: 'hunter2',
      requestTimeoutMs: 60_000,
    },
    options: from?.options,
  })
  expect(target?.options.retentionDays).toMatchObject({ raw: 60 })
  expect(told).toEqual(['close 2', 'close 1'])
  expect((await run('migrate')).errors).toContain('--to is missing')
  expect((await run('migrate', '--to', 'clickhouse:8443')).errors).toContain('--to must be an http or https URL')
})

test('told to end, a transfer stops where it can go on, and closes the store', async () => {
  const { run, told, source } = transferring({
    exportOperations: ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  })
  const running = run('export', join(directory(), 'x.csv'))
  while (source.listenerCount('SIGINT') === 0) await new Promise((resolve) => setImmediate(resolve))
  source.emit('SIGINT')
  expect(await running).toEqual({ code: 1, output: '', errors: '\nInterrupted: begun again it goes on from here.\n' })
  expect([told, source.eventNames()]).toEqual([['close 1'], []])
})

test('what fails is a failure, and the stores are closed', async () => {
  const failing = () => Promise.reject(new Error('no disk'))
  const { run, told } = transferring({ exportOperations: failing, copyTo: failing })
  expect(await run('export', join(directory(), 'x.csv'))).toMatchObject({ code: 1, errors: 'tokmeter: no disk\n' })
  expect(await run('migrate', '--to', 'http://c')).toMatchObject({ code: 1, errors: 'tokmeter: no disk\n' })
  expect(told).toEqual(['close 1', 'close 3', 'close 2'])
})

test('what is imported into a real store comes out of it again', { timeout: 60_000 }, async () => {
  const at = directory()
  const data = join(at, 'data')
  const lines = ['one', 'two'].map((id, index) => ({
    id,
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    startTime: Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000 + index,
    usage: { inputTokens: 5, outputTokens: 6 },
  }))
  const [file, back] = [join(at, 'in.jsonl'), join(at, 'out.jsonl')]
  writeFileSync(file, [...lines.map((line) => JSON.stringify(line)), 'no json'].join('\n'))
  const run = async (...args: string[]) => {
    const { terminal, written } = createTerminal()
    const code = await runCommandLine([...args, '--config', '/dev/null', '--data', data], {
      commands: COMMANDS,
      version: '0',
      terminal,
    })
    return { code, ...written }
  }
  const imported = `2 operations of 3 lines, 1 line rejected: ${file}\n`
  expect(await run('import', file)).toMatchObject({ code: 0, output: imported })
  expect(await run('export', back)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^2 operations, \d+ bytes: /),
  })
  const read = readFileSync(back, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(read).toMatchObject(lines)
})
