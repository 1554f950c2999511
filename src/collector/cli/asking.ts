/** Asks a running collector for the commands that show what it answers: where it is, who may ask, and what went wrong. */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { type CommandOptions, type Given, textOf, WrongUse } from './command.js'

const DEFAULT_URL = 'http://127.0.0.1:4318'
/** Longer than the longest question may take there. */
const TIMEOUT_MS = 45_000

/** Options of every command that asks. */
export const ASKING_OPTIONS: CommandOptions = {
  url: { type: 'string', value: 'url', description: `where the collector listens (default: ${DEFAULT_URL})` },
  'token-file': { type: 'string', value: 'file', description: 'a file that holds a token with the scope read' },
}

export type Asked = {
  /** Below `/api/v1`. */
  readonly question: string
  /** Each as `name=value`. */
  readonly parameters: readonly string[]
  /** The media type of the answer. */
  readonly accept: string
  /** Of a question by POST; JSON. */
  readonly body?: string | undefined
  /** Where many are asked one after the other: they are as many as the collector lets through. */
  readonly isPatient?: true
}

/** The text of the answer. Throws in the collector's words where it answers with a failure. */
export async function askCollector(given: Given, asked: Asked): Promise<string> {
  for (;;) {
    const response = await send(given, asked)
    const text = await response.text()
    if (response.ok) return text
    if (response.status !== 429 || !asked.isPatient) throw new Error(failureOf(response, text))
    await wait(1000 * Math.max(1, Number(response.headers.get('retry-after')) || 1))
  }
}

async function send(given: Given, { question, parameters, accept, body }: Asked): Promise<Response> {
  const base = textOf(given, 'url') ?? DEFAULT_URL
  if (!URL.canParse(base)) throw new WrongUse(`--url must be one such as ${DEFAULT_URL}; got ${base}`)
  const url = new URL(`${base.replace(/\/+$/, '')}/api/v1/${question.split('/').map(encodeURIComponent).join('/')}`)
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=')
    if (equals <= 0) throw new WrongUse(`a parameter is given as name=value; got ${parameter}`)
    url.searchParams.append(parameter.slice(0, equals), parameter.slice(equals + 1))
  }
  const tokenFile = textOf(given, 'token-file')
  const headers = {
    accept,
    ...(tokenFile !== undefined && { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  try {
    return await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const cause = (error as Error).cause
    const reason = cause instanceof Error ? cause.message : (error as Error).message
    throw new Error(`no collector answers at ${url.origin} (${reason}); --url says where it is`, { cause: error })
  }
}

/** One of the formats that are offered, `table` for who looks at a terminal. Throws WrongUse for any other. */
export function formatOf<Format extends string>(given: Given, formats: readonly Format[], isTerminal: boolean): Format {
  const format = textOf(given, 'format') ?? (isTerminal ? 'table' : 'json')
  if (!(formats as readonly string[]).includes(format))
    throw new WrongUse(`--format must be ${formats.slice(0, -1).join(', ')} or ${formats.at(-1)}; got ${format}`)
  return format as Format
}

/** What went wrong, in the collector's words where it has any. */
function failureOf({ status }: Response, text: string): string {
  try {
    const { error } = JSON.parse(text) as { error: { message: string } }
    return status === 404 ? `the collector knows no such question (tokmeter query --help names them)` : error.message
  } catch {
    return `the answer is ${status}, which a collector does not send: does something else listen there?`
  }
}
