/** Requests of tests, sent byte by byte: what fetch would not send. */
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'

export type Exchange = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
export type Sent = {
  readonly method?: string
  readonly path?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Uint8Array | string
}

/** One request on a connection of its own. */
export function send(
  url: string,
  { method = 'POST', path = '/v1/traces', headers = {}, body = '' }: Sent,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const sending = request(new URL(path, url), { method, headers: { ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    let isAnswered = false
    sending.on('response', () => {
      isAnswered = true
    })
    sending.on('error', (error) => isAnswered || reject(error))
    sending.end(body)
  })
}

/** All that comes back on a connection on which these bytes are written, until the other side closes it. */
export function sendRaw(port: number, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
  })
}
