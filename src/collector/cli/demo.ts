/** `tokmeter demo`: fills a running collector with a past, and goes on with calls of the real clients. */
import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { wantsColor } from '../config.js'
import { type Command, type Given, isGiven, textOf, WrongUse } from './command.js'
import { createProgress } from './progress.js'

/** What is shipped beside the built collector. */
type IntoCollector = {
  sendPast(options: {
    url: string
    token?: string
    days: number
    now: number
    signal: AbortSignal
    onProgress: (sent: number, total: number) => void
  }): Promise<number>
  callLive(options: { url: string; token?: string; signal: AbortSignal }): Promise<void>
}

export type DemoOptions = {
  readonly load: () => Promise<IntoCollector>
  /** Where signals come from. @default the process */
  readonly source?: Pick<EventEmitter, 'on' | 'off'>
}

const DEFAULT_URL = 'http://127.0.0.1:4318'
const DEFAULT_DAYS = 28
const MOST_DAYS = 365
/** What the live part needs beside the collector. */
const CLIENTS = ['openai', '@anthropic-ai/sdk']

export function createDemo({ load, source = process }: DemoOptions): Command {
  return {
    name: 'demo',
    summary: 'fill a running collector with weeks of calls, and go on calling, to see what it shows',
    options: {
      url: { type: 'string', value: 'url', description: `where the collector listens (default: ${DEFAULT_URL})` },
      'token-file': {
        type: 'string',
        value: 'file',
        description: 'a file that holds a token with the scopes ingest and read',
      },
      days: { type: 'string', value: 'number', description: `of the past (default: ${DEFAULT_DAYS}; 0: none)` },
      seconds: {
        type: 'string',
        value: 'number',
        description: 'how long to go on calling (default: until Ctrl-C; 0: not at all)',
      },
      force: { type: 'boolean', description: 'even where the collector has operations of its own already' },
    },
    details: [
      'The provider is an emulator on this machine that answers with recordings: nothing leaves it, and nothing is spent. All is of',
      'the environment "demo". Calling needs the real clients beside the collector: npm install openai @anthropic-ai/sdk',
      '',
      'Example: tokmeter collect --data ./demo-data     in one terminal',
      '         tokmeter demo                           in another; then open http://127.0.0.1:4318',
    ].join('\n'),

    async run(given, terminal) {
      const url = urlOf(given)
      const token = tokenOf(given)
      const days = numberOf(given, 'days', DEFAULT_DAYS, MOST_DAYS)
      const seconds = numberOf(given, 'seconds', Number.POSITIVE_INFINITY, 86_400)
      const accepted = await acceptedBy(url, token)
      if (accepted > 0 && !isGiven(given, 'force'))
        throw new Error(
          `the collector at ${url} has ${accepted} operations already, and what the demo sends would be among them: ` +
            'start another one with a data directory of its own (tokmeter collect --data ./demo-data), or give --force',
        )
      if (seconds > 0) await needClients()
      const { sendPast, callLive } = await load()
      const ending = new AbortController()
      const end = () => ending.abort(new Error('interrupted'))
      source.on('SIGINT', end)
      source.on('SIGTERM', end)
      const shared = { url, signal: ending.signal, ...(token !== undefined && { token }) }
      try {
        if (days > 0) {
          let bar: ReturnType<typeof createProgress> | undefined
          const onProgress = (sent: number, total: number) => {
            bar ??= createProgress({
              label: `sending ${days} days`,
              unit: 'calls',
              total,
              output: terminal.errors,
              isColored: wantsColor(terminal.errors),
            })
            bar.update(sent)
          }
          await sendPast({ ...shared, days, now: Date.now(), onProgress })
          bar?.finish()
        }
        terminal.output.write(`Open ${url}/ to look at it.\n`)
        if (seconds === 0) return 0
        terminal.output.write(
          seconds === Number.POSITIVE_INFINITY ? 'Calling; Ctrl-C ends it.\n' : `Calling for ${seconds} s.\n`,
        )
        const timer = seconds === Number.POSITIVE_INFINITY ? undefined : setTimeout(end, seconds * 1000)
        await callLive(shared).finally(() => clearTimeout(timer))
        return 0
      } catch (error) {
        // Told to end while sending: what was sent is there.
        if (ending.signal.aborted) return 0
        throw error
      } finally {
        source.off('SIGINT', end)
        source.off('SIGTERM', end)
      }
    },
  }
}

function urlOf(given: Given): string {
  const url = textOf(given, 'url') ?? DEFAULT_URL
  if (!URL.canParse(url)) throw new WrongUse(`--url must be one such as ${DEFAULT_URL}; got ${url}`)
  return url.replace(/\/+$/, '')
}

function tokenOf(given: Given): string | undefined {
  const file = textOf(given, 'token-file')
  return file === undefined ? undefined : readFileSync(file, 'utf8').trim()
}

function numberOf(given: Given, name: string, otherwise: number, most: number): number {
  const text = textOf(given, name)
  if (text === undefined) return otherwise
  const number = Number(text)
  if (!/^\d{1,6}$/.test(text) || number > most)
    throw new WrongUse(`--${name} must be a whole number from 0 to ${most}; got ${text}`)
  return number
}

/** Operations the collector has accepted since its data directory was made. */
async function acceptedBy(url: string, token: string | undefined): Promise<number> {
  let response: Response
  try {
    response = await fetch(`${url}/api/v1/ledger`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    })
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    const reason = cause instanceof Error ? cause.message : (error as Error).message
    throw new Error(
      `no collector answers at ${url} (${reason}): start one with \`tokmeter collect\`, or say where it is by --url`,
      {
        cause: error,
      },
    )
  }
  if (!response.ok)
    throw new Error(
      `the collector at ${url} answers ${response.status}: --token-file names a token with the scopes ingest and read`,
    )
  const { accepted } = (await response.json()) as { accepted: number }
  return accepted
}

async function needClients(): Promise<void> {
  for (const name of CLIENTS) {
    try {
      await import(name)
    } catch {
      throw new Error(
        `calling needs the package ${name}, which is not installed: npm install ${CLIENTS.join(' ')} (or give --seconds 0, for the past alone)`,
      )
    }
  }
}
