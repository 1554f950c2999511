/** Whoever is answered while it still writes reads the answer, on a connection that is then closed. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { type LingerTimes, lingerBeforeClose } from '../../../src/collector/receive/lingering.js'
import { hashToken, Tokens } from '../../../src/collector/security/tokens.js'
import { hasOpenssl, makeCertificates } from '../security/certificates.js'
import { type ReceivingOptions, receiving } from './receiving.js'

const MEBIBYTE = 1024 * 1024
const large = { bodyLimit: 8 * MEBIBYTE }

/**
 * What a sender reads that asks for the connection to be closed, and does not read before it has written all: the status, or the
 * code of the error that it found in its place.
 */
async function sendAndClose(url: string, bytes: number, header: string): Promise<string> {
  const { hostname, port, protocol } = new URL(url)
  const to = { host: hostname, port: Number(port), rejectUnauthorized: false }
  const isTls = protocol === 'https:'
  const socket = isTls ? connectTls(to) : connect(to)
  onTestFinished(() => void socket.destroy())
  const failed = once(socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code ?? 'an error')
  socket.pause()
  await once(socket, isTls ? 'secureConnect' : 'connect')
  const isChunked = header === CHUNKED
  socket.write(
    `POST /v1/traces HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n${header}\r\n\r\n`,
  )
  const data = Buffer.alloc(64 * 1024, 'a')
  const piece = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), data, Buffer.from('\r\n')]) : data
  const writing = (async () => {
    for (let left = bytes; left > 0; left -= data.length) if (!socket.write(piece)) await once(socket, 'drain')
    if (isChunked) socket.write('0\r\n\r\n')
    let answer = ''
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
    })
    socket.resume()
    await once(socket, 'end')
    return answer.split(' ')[1] ?? 'nothing'
  })()
  return Promise.race([failed, writing])
}

const CHUNKED = 'Transfer-Encoding: chunked'
const announced = (bytes: number) => `Content-Length: ${bytes}`

test('a body larger than its limit is answered with 413 when the sender has the connection closed, too', async () => {
  const f = async (options: ReceivingOptions, header: string) => {
    const { url, memory } = await receiving({ ...large, ...options })
    expect(await sendAndClose(url, 12 * MEBIBYTE, header)).toBe('413')
    expect(memory.size).toBe(0)
  }
  await f({}, announced(12 * MEBIBYTE))
  await f({}, CHUNKED)
  if (!hasOpenssl) return
  const { cert, key } = makeCertificates()
  await f({ tls: { cert, key } }, announced(12 * MEBIBYTE))
  await f({ tls: { cert, key } }, CHUNKED)
})

test('whoever has no token reads so, after a large body too', async () => {
  const tokens = new Tokens([{ name: 'a', hash: await hashToken('secret'), scopes: ['ingest'] }])
  const { url } = await receiving({ ...large, tokens })
  expect(await sendAndClose(url, 12 * MEBIBYTE, announced(12 * MEBIBYTE))).toBe('401')
})

test('a sender that goes on and on is cut off', async () => {
  const { url } = await receiving({ bodyLimit: MEBIBYTE })
  expect(await sendAndClose(url, 256 * MEBIBYTE, CHUNKED)).toMatch(/^(EPIPE|ECONNRESET)$/)
})

/** A server that answers `no` to whatever comes, reading on; resolves with its socket when a client has read the answer. */
async function answered(times: LingerTimes): Promise<{ server: Socket; client: Socket }> {
  const listening = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const client = connect((listening.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => {
    client.destroy()
    listening.close()
  })
  client.on('error', () => {})
  const [server] = (await once(listening, 'connection')) as [Socket]
  server.on('error', () => {})
  server.resume()
  lingerBeforeClose(server, times)
  client.write('half of ')
  server.write('no')
  server.destroySoon()
  const [answer] = (await once(client, 'data')) as [Buffer]
  expect(answer.toString()).toBe('no')
  return { server, client }
}

test('the connection is closed as soon as the sender ends, however much time there is', async () => {
  const { server, client } = await answered({ totalMs: 60_000, idleMs: 60_000 })
  expect(server.destroyed).toBe(false)
  client.end('a request')
  await once(server, 'close')
})

test('a sender that neither ends nor writes is not waited for, nor is one that writes a little now and then', async () => {
  const silent = await answered({ totalMs: 60_000, idleMs: 10 })
  await once(silent.server, 'close')
  const slow = await answered({ totalMs: 30, idleMs: 60_000 })
  const writing = setInterval(() => slow.client.write('a'), 5)
  onTestFinished(() => clearInterval(writing))
  await once(slow.server, 'close')
})

test('asked a second time, the connection closes at once', async () => {
  const { server } = await answered({ totalMs: 60_000, idleMs: 60_000 })
  server.destroySoon()
  await once(server, 'close')
})
