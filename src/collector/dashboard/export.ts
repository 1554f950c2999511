/** Takes answers out of the page: as CSV, and as the command that asks the same. */
import { type Request, send, urlOf } from './api.js'

/** Saves the answer as a file, as the collector writes it. Rejects with Unanswered. */
export async function saveCsv(request: Request<unknown>, title: string): Promise<void> {
  const response = await send(whole(request), 'text/csv')
  const isCsv = response.headers.get('content-type')?.startsWith('text/csv')
  const text = isCsv ? await response.text() : namesAndValues(await response.json())
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** What is no table, as two columns: names such as `signals.traces.received`, and values. */
export function namesAndValues(answer: object): string {
  const lines = (value: unknown, name: string): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => lines(inner, name === '' ? key : `${name}.${key}`))
      : [`${cell(name)},${cell(value)}`]
  return `${['name,value', ...lines(answer, '')].join('\r\n')}\r\n`
}

// As the collector writes its own: to a spreadsheet a text that begins so is a formula.
const FORMULA = /^[=+\-@\t\r]/

function cell(value: unknown): string {
  if (typeof value !== 'string') return String(value ?? '')
  const safe = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** All rows of a table of which a panel shows the first few. */
function whole(request: Request<unknown>): Request<unknown> {
  return request.body === undefined ? request : { ...request, body: { ...request.body, limit: 10_000 } }
}

/** A command for a shell that asks the same, `withToken` where one is needed. */
export function commandOf(request: Request<unknown>, withToken: boolean): string {
  const url = new URL(urlOf(request), location.href).href
  const token = withToken ? ' \\\n  -H "authorization: Bearer $TOKMETER_TOKEN"' : ''
  if (request.body === undefined) return `curl -s ${quoted(url)}${token}`
  const body = JSON.stringify(request.body, null, 1).replace(/\n\s*/g, ' ')
  return `curl -s ${quoted(url)}${token} \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(body)}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
