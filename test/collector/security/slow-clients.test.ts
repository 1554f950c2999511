import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { type ServerLimits, serverOptions } from '../../../src/collector/security/server-limits.js'
import { sendRaw } from '../receive/http-exchange.js'
import { receiving } from '../receive/receiving.js'

const quick = { headersTimeoutMs: 40, requestTimeoutMs: 80, checkIntervalMs: 10 }
const head = 'POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
const statusOf = (answer: string) => /^HTTP.1.1 (\d+)/.exec(answer)?.[1] ?? 'closed'
const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))

test('headers and bodies that do not come to their end are cut off, and leave nothing behind', async () => {
  const { port, memory, outcomes, intake } = await receiving({ limits: quick })
  const f = async (sent: string, status: string) =>
    expect([sent, statusOf(await sendRaw(port, sent))]).toEqual([sent, status])
  await f('', '408')
  await f('POST /v1/tra', '408')
  await f(head, '408')
  await f(`${head}Content-Length: 100\r\n\r\n{`, '408')
  await f(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, '408')
  expect([memory.size, intake.requests]).toEqual([0, []])
  expect(outcomes.map(({ reason }) => reason)).toEqual(['sender_gone', 'sender_gone'])
})

test('headers have a time of their own, shorter than that of the whole request', async () => {
  const { port } = await receiving({ limits: { ...quick, requestTimeoutMs: 60_000 } })
  expect(statusOf(await sendRaw(port, head))).toBe('408')
})

test('a connection that waits between two requests is closed after a while', async () => {
  const { port } = await receiving({ limits: { ...quick, keepAliveTimeoutMs: 20 } })
  expect(statusOf(await sendRaw(port, `${head}Content-Length: 2\r\n\r\n{}`))).toBe('200')
})

test('headers too large, and what is not HTTP, are answered in JSON and closed', async () => {
  const { port } = await receiving({ limits: { maxHeaderBytes: 2048 } })
  const f = async (sent: string, status: string, message: string) => {
    const answer = await sendRaw(port, sent)
    expect([statusOf(answer), bodyOf(answer)]).toEqual([status, { code: 3, message }])
  }
  await f(`${head}X-Long: ${'x'.repeat(3000)}\r\n\r\n`, '431', 'the headers are larger than what is taken')
  await f('\x16\x03\x01\x02\x00\x01', '400', 'this is not HTTP/1.1')
  await f(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`, '400', 'this is not HTTP/1.1')
  await f(`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n`, '400', 'this is not HTTP/1.1')
})

test('more connections than the limit are closed as they come, and those there are served on', async () => {
  const { port, app } = await receiving({ limits: { maxConnections: 5 } })
  const open: Socket[] = []
  for (let i = 0; i < 5; i++) {
    await new Promise<void>((resolve) => open.push(connect(port, '127.0.0.1', resolve)))
  }
  while ((await connectionsOf(app.server)) < 5) await new Promise(setImmediate)
  expect(await sendRaw(port, `${head}Content-Length: 2\r\n\r\n{}`)).toBe('')
  const [first] = open
  const answer = new Promise<string>((resolve) => first!.once('data', (chunk) => resolve(chunk.toString())))
  first!.write(`${head}Content-Length: 2\r\n\r\n{}`)
  expect(statusOf(await answer)).toBe('200')
  for (const socket of open) socket.destroy()
})

test('limits that cannot work are refused', () => {
  const f = (limits: ServerLimits, message: string) => expect(() => serverOptions(limits)).toThrow(message)
  f({ maxConnections: 0 }, 'maxConnections must be a positive integer; got 0')
  f({ requestTimeoutMs: 1.5 }, 'requestTimeoutMs must be a positive integer; got 1.5')
  f(
    { headersTimeoutMs: 2000, requestTimeoutMs: 1000 },
    'headersTimeoutMs must not be more than requestTimeoutMs; got 2000 and 1000',
  )
})

function connectionsOf(server: { getConnections(callback: (error: Error | null, count: number) => void): void }) {
  return new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
