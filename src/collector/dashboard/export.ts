/** Takes answers out of the page: as CSV, and as the command that asks the same. */
import { type Request, send, urlOf } from './api.js'

/** Saves the answer as a file, as the collector writes it. Rejects with Unanswered. */
export async function saveCsv(request: Request<unknown>, title: string): Promise<void> {
  const response = await send(request, 'text/csv')
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
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
