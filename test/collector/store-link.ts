/** A link to a ClickHouse server that tests can break: between collectors and the front. */
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * `works`: all passes. `refuses`: the server answers 500 to everything. `forgets`: inserts are carried out, and the connection breaks before
 * the answer, so that the sender cannot know.
 */
export type LinkState = 'works' | 'refuses' | 'forgets'

export type StoreLink = {
  readonly url: string
  state: LinkState
  /** Requests met in each state; of `forgets` those whose answer was lost. */
  readonly met: { readonly [state in LinkState]: number }
  close(): Promise<void>
}

/** A link to the server at `target`. */
export async function createStoreLink(target: string): Promise<StoreLink> {
  const met = { works: 0, refuses: 0, forgets: 0 }
  const server: Server = createServer((incoming, response) => {
    const state = link.state
    if (state === 'refuses') {
      met.refuses++
      incoming.resume()
      response.writeHead(500).end('Code: 999. DB::Exception: broken for a test. (TEST)')
      return
    }
    const isForgotten = state === 'forgets' && /INSERT/i.test(decodeURIComponent(incoming.url ?? ''))
    met[isForgotten ? 'forgets' : 'works']++
    const passed = request(`${target}${incoming.url}`, { method: incoming.method, headers: incoming.headers })
    passed.on('response', (answer) => {
      if (isForgotten) answer.resume().on('end', () => response.destroy())
      else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers))
    })
    passed.on('error', () => response.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const link: StoreLink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state: 'works',
    met,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return link
}
