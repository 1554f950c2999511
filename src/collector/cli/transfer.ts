/** `tokmeter export`, `import` and `migrate`: what is stored into a file, out of one, and to another store. */
import type { EventEmitter } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { IdentifiedOperation } from '../batch.js'
import { type StoreSettings, storeSettings } from '../config/store-settings.js'
import { type Config, wantsColor } from '../config.js'
import type { Store } from '../store/store.js'
import { type Command, type Given, isGiven, type Terminal, textOf, WrongUse } from './command.js'
import { DATA_OPTIONS, loadGiven } from './config-options.js'
import { createProgress, type Progress } from './progress.js'

export type TransferOptions = {
  readonly openStore: (settings: StoreSettings) => Promise<Store>
  /** What makes operations of the lines of a file that is imported; none of a line that is to be rejected. */
  readonly readLines: (config: Config) => Promise<(line: unknown) => readonly IdentifiedOperation[]>
  /** @default the process */
  readonly source?: Pick<EventEmitter, 'on' | 'off'>
}

const FORMATS = ['csv', 'jsonl', 'parquet'] as const
type Format = (typeof FORMATS)[number]

const CONTINUES = `Interrupted, it goes on from where it was when it is begun again.
An embedded store has one user at a time: stop the collector first. On a ClickHouse server it may run.`

export function createExport({ openStore, source = process }: TransferOptions): Command {
  return {
    name: 'export',
    summary: 'write the stored operations into a file',
    operands: '<file>',
    operandLimit: 1,
    options: {
      ...DATA_OPTIONS,
      format: {
        type: 'string',
        short: 'f',
        value: 'format',
        description: 'csv, jsonl or parquet (default: as the file is called)',
      },
      from: {
        type: 'string',
        value: 'time',
        description: 'operations that started then or later, such as 2026-01-31 or 2026-01-31T12:00Z',
      },
      to: { type: 'string', value: 'time', description: 'operations that started before' },
      force: { type: 'boolean', description: 'write over a file that is there' },
    },
    details: `Example: tokmeter export --from 2026-01-01 january.parquet

jsonl holds operations as \`tokmeter import\` reads them. Identities are in it as hashes.
${CONTINUES}`,

    async run(given, terminal) {
      const path = fileOf(given)
      const format = formatOf(textOf(given, 'format') ?? extname(path).slice(1))
      const range = { from: timeOf(given, 'from'), to: timeOf(given, 'to') }
      if (range.from !== undefined && range.to !== undefined && range.from >= range.to)
        throw new WrongUse('--from must be before --to')
      if (existsSync(path) && !isGiven(given, 'force'))
        throw new Error(`${path} is there already; --force writes over it`)
      const { config } = loadGiven(given)
      return withStore(await openStore(storeSettings(config)), source, terminal, async (store, signal) => {
        let progress: Progress | undefined
        const onProgress = ({ rows, totalRows }: { rows: number; totalRows: number }) => {
          progress ??= progressOf(terminal, 'exporting', totalRows, 'operations')
          progress.update(rows)
        }
        const { rows, bytes } = await store.exportOperations({ path, format, ...range, onProgress, signal })
        progress?.finish()
        terminal.output.write(`${counted(rows, 'operation')}, ${counted(bytes, 'byte')}: ${path}\n`)
      })
    },
  }
}

export function createImport({ openStore, readLines, source = process }: TransferOptions): Command {
  return {
    name: 'import',
    summary: 'read operations from a file into the store',
    operands: '<file>',
    operandLimit: 1,
    options: DATA_OPTIONS,
    details: [
      'Example: tokmeter import --data ./tokmeter-data january.jsonl.gz',
      '',
      'Each line is JSON: an operation as `tokmeter export` writes it, an event as for',
      '/api/v1/analytics/events, or an OTLP request of traces or logs. The file may be gzipped.',
      'A file that was imported before changes nothing; other than that, what is imported is not',
      'compared with what is there. /api/v1/ledger counts it as `imported`.',
      CONTINUES,
    ].join('\n'),

    async run(given, terminal) {
      const path = fileOf(given)
      if (!existsSync(path)) throw new Error(`there is no file ${path}`)
      const { config } = loadGiven(given)
      const toOperations = await readLines(config)
      return withStore(await openStore(storeSettings(config)), source, terminal, async (store, signal) => {
        let progress: Progress | undefined
        const onProgress = ({ bytesRead, bytesTotal }: { bytesRead: number; bytesTotal: number }) => {
          progress ??= progressOf(terminal, 'importing', bytesTotal, 'bytes')
          progress.update(bytesRead)
        }
        const { lines, operations, rejected } = await store.importFile({ path, toOperations, onProgress, signal })
        progress?.finish()
        const refused = rejected === 0 ? '' : `, ${counted(rejected, 'line')} rejected`
        terminal.output.write(`${counted(operations, 'operation')} of ${counted(lines, 'line')}${refused}: ${path}\n`)
      })
    },
  }
}

export function createMigrate({ openStore, source = process }: TransferOptions): Command {
  return {
    name: 'migrate',
    summary: 'copy the store, history and sums, to a ClickHouse server or cluster',
    options: {
      ...DATA_OPTIONS,
      to: { type: 'string', value: 'url', description: 'the server, such as https://clickhouse.example.com:8443' },
      cluster: { type: 'string', value: 'name', description: 'its cluster, if the tables are to be on all of it' },
      database: { type: 'string', value: 'name', description: 'the database there (default: the same as here)' },
      username: { type: 'string', value: 'name', description: 'who to be there' },
      'password-file': { type: 'string', value: 'file', description: 'a file that holds the password alone' },
    },
    details: `Example: tokmeter migrate --to http://clickhouse:8123 --username default --password-file ./password

Afterwards store.url in the configuration makes the collector use it; what is here stays as it is.
${CONTINUES}`,

    async run(given, terminal) {
      const url = textOf(given, 'to')
      if (url === undefined) throw new WrongUse('--to is missing: the server to copy to')
      if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
        throw new WrongUse('--to must be an http or https URL, such as https://clickhouse.example.com:8443')
      }
      const passwordFile = textOf(given, 'password-file')
      const { config } = loadGiven(given)
      const from = storeSettings(config)
      const to: StoreSettings = {
        location: {
          url,
          cluster: textOf(given, 'cluster'),
          username: textOf(given, 'username'),
          password: passwordFile === undefined ? undefined : readFileSync(passwordFile, 'utf8').trim(),
          requestTimeoutMs: config.store.requestTimeout,
        },
        options: { ...from.options, database: textOf(given, 'database') ?? from.options.database },
      }
      return withStore(await openStore(from), source, terminal, async (store, signal) => {
        const target = await openStore(to)
        try {
          let progress: { readonly table: string; readonly bar: Progress } | undefined
          const onProgress = ({ table, rows, totalRows }: { table: string; rows: number; totalRows: number }) => {
            if (progress?.table !== table) {
              progress?.bar.finish()
              progress = { table, bar: progressOf(terminal, `copying ${table}`, totalRows, 'rows') }
            }
            progress.bar.update(rows)
          }
          const { tables } = await store.copyTo(target, { onProgress, signal })
          progress?.bar.finish()
          for (const { table, rows } of tables) terminal.output.write(`${table}: ${counted(rows, 'row')}\n`)
        } finally {
          await target.close()
        }
      })
    },
  }
}

/** Works on a store, and closes it whatever happens. Told to end by a signal, what was begun is kept for the next time. */
async function withStore(
  store: Store,
  source: Pick<EventEmitter, 'on' | 'off'>,
  { errors }: Terminal,
  work: (store: Store, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new Error('interrupted'))
  source.on('SIGINT', interrupt)
  source.on('SIGTERM', interrupt)
  try {
    await work(store, interrupted.signal)
    return 0
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    errors.write('\nInterrupted: begun again it goes on from here.\n')
    return 1
  } finally {
    source.off('SIGINT', interrupt)
    source.off('SIGTERM', interrupt)
    await store.close()
  }
}

function progressOf({ errors }: Terminal, label: string, total: number, unit: string): Progress {
  return createProgress({ label, unit, total, output: errors, isColored: wantsColor(errors) })
}

function fileOf({ operands: [file] }: Given): string {
  if (file === undefined) throw new WrongUse('the file is missing')
  return file
}

function formatOf(text: string): Format {
  const format = FORMATS.find((one) => one === text.toLowerCase())
  if (format === undefined)
    throw new WrongUse(`--format must be one of ${FORMATS.join(', ')}; got ${JSON.stringify(text)}`)
  return format
}

/** Epoch milliseconds. A time without a zone is UTC, as the windows of the store are. */
function timeOf(given: Given, name: string): number | undefined {
  const text = textOf(given, name)
  if (text === undefined) return undefined
  const [, date, time = 'T00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const parsed = date === undefined ? Number.NaN : Date.parse(`${date}${time}${zone}`)
  if (!Number.isNaN(parsed)) return parsed
  throw new WrongUse(
    `--${name} must be a date or a time, such as 2026-01-31 or 2026-01-31T12:00Z; got ${JSON.stringify(text)}`,
  )
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}
