import { Writable } from 'node:stream'
import fc from 'fast-check'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { createLog, type LogOptions, maskSecrets } from '../../src/collector/log.js'

/** A log and the lines it wrote. */
function logging(options: Partial<LogOptions> & { isTTY?: boolean } = {}) {
  const lines: string[] = []
  const output = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const { isTTY = false, ...others } = options
  Object.assign(output, { isTTY })
  const log = createLog({ level: 'info', format: 'auto', isColored: false, output, ...others })
  /** The last line, read back, without its time. */
  const last = () => {
    const { time, ...fields } = JSON.parse(lines.at(-1)!)
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    return fields
  }
  return { log, lines, last }
}

test('a line is JSON with level, time, message and fields', () => {
  const { log, last } = logging()
  log.info({ port: 4318, targets: ['a', 'b'] }, 'listening')
  expect(last()).toEqual({ level: 'info', port: 4318, targets: ['a', 'b'], msg: 'listening' })
  log.warn('just text')
  expect(last()).toEqual({ level: 'warn', msg: 'just text' })
})

test('the level is kept to, and can be changed while it runs', () => {
  const { log, lines } = logging({ level: 'warn' })
  log.info('not now')
  expect(lines).toEqual([])
  log.level = 'debug'
  log.debug('now')
  expect(lines).toHaveLength(1)
  log.level = 'silent'
  log.fatal('never')
  expect(lines).toHaveLength(1)
})

test('on a terminal a line is readable, and elsewhere when it is asked for', () => {
  const pretty = /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: listening\n {4}port: 4318\n$/
  for (const options of [{ isTTY: true }, { format: 'pretty' as const }]) {
    const { log, lines } = logging(options)
    log.info({ port: 4318 }, 'listening')
    expect(lines.join('')).toMatch(pretty)
  }
  const { log, last } = logging({ isTTY: true, format: 'json' })
  log.info('listening')
  expect(last()).toEqual({ level: 'info', msg: 'listening' })
})

test('colours are for those who want them', () => {
  for (const isColored of [true, false]) {
    const { log, lines } = logging({ format: 'pretty', isColored })
    log.info('listening')
    expect(lines.join('').includes('\x1b[')).toBe(isColored)
  }
})

test('an error is told with its code, stack and causes', () => {
  const { log, last } = logging()
  const cause = new RangeError('too far')
  const error = Object.assign(new TypeError('cannot', { cause }), { code: 'E_CANNOT' })
  log.error({ err: error }, 'failed')
  expect(last()).toMatchObject({
    msg: 'failed',
    err: { type: 'TypeError', message: 'cannot', code: 'E_CANNOT', cause: { type: 'RangeError', message: 'too far' } },
  })
  log.error(error)
  expect(last()).toMatchObject({
    msg: 'cannot',
    err: { type: 'TypeError', stack: expect.stringContaining('log.test') },
  })
})

test('fields that are secret by their name are masked, however deep', () => {
  const { log, last } = logging()
  const secret = 'hunter2'
  log.info(
    {
      authorization: secret,
      headers: { Authorization: secret, 'X-Api-Key': secret, cookie: [secret], host: 'h' },
      store: [{ password: secret, url: 'http://c' }],
      tokens: 5,
    },
    'x',
  )
  expect(last()).toEqual({
    level: 'info',
    authorization: '***',
    headers: { Authorization: '***', 'X-Api-Key': '***', cookie: '***', host: 'h' },
    store: [{ password: '***', url: 'http://c' }],
    tokens: 5,
    msg: 'x',
  })
  log.child({ password: secret }).info('y')
  expect(last()).toEqual({ level: 'info', password: '***', msg: 'y' })
})

test('secrets in texts are masked, in messages and errors too', () => {
  const { log, lines } = logging()
  const texts = [
    'sent Authorization: Bearer hunter2hunter2',
    'cannot reach http://user:hunter2@clickhouse:8123/x',
    'GET /x?token=hunter2&a=1',
    `sk-hunter2${'a'.repeat(20)}`,
    `sha256:${'a'.repeat(64)}`,
  ]
  for (const text of texts) {
    log.info(text)
    log.info({ deep: { text } }, 'x')
    log.error(new Error(text))
    log.error({ err: new Error('outer', { cause: new Error(text) }) }, 'y')
  }
  expect(lines.length).toBe(4 * texts.length)
  expect(lines.join('')).not.toMatch(/hunter2|a{64}/)
  const f = (text: string, masked: string) => expect(maskSecrets(text)).toBe(masked)
  f(texts[0]!, 'sent Authorization: Bearer ***')
  f(texts[1]!, 'cannot reach http://***@clickhouse:8123/x')
  f(texts[2]!, 'GET /x?token=***&a=1')
  f('a bearer token is needed', 'a bearer token is needed')
  f('http://127.0.0.1:4318/v1/traces?a=b', 'http://127.0.0.1:4318/v1/traces?a=b')
})

test('what fastify tells of a request has no query and no headers', async () => {
  const { log, last } = logging()
  const app = fastify({ loggerInstance: log, disableRequestLogging: true })
  app.get('/x', async (request) => {
    request.log.error({ req: request, err: new Error('failed') }, 'a request failed')
    return 'x'
  })
  await app.inject({ url: '/x?token=hunter2', headers: { authorization: 'Bearer hunter2hunter2' } })
  expect(last()).toMatchObject({
    req: { method: 'GET', url: '/x', remoteAddress: '127.0.0.1' },
    msg: 'a request failed',
  })
  expect(JSON.stringify(last())).not.toContain('hunter2')
  await app.close()
})

test('fields stay bounded, and what is no plain value is named', () => {
  const { log, last, lines } = logging()
  const loop: { self?: unknown } = {}
  loop.self = loop
  log.info({ loop, big: 5n, url: new URL('http://h/'), bytes: Buffer.alloc(5), map: new Map(), none: undefined }, 'x')
  expect(last()).toMatchObject({ big: '5', url: 'http://h/', bytes: '[Buffer]', map: '[Map]' })
  const wide = (depth: number): object =>
    Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, depth === 0 ? index : wide(depth - 1)]))
  log.info(wide(2), 'wide')
  expect(lines.at(-1)!.length).toBeLessThan(200_000)
  log.info({ date: new Date(0) }, 'x')
  expect(last()).toMatchObject({ date: '1970-01-01T00:00:00.000Z' })
})

test('whatever is logged, a line is JSON', () => {
  const { log, last } = logging()
  const piece = fc.constantFrom(
    '"',
    '\\',
    '\n',
    'Bearer ',
    '://',
    '@',
    '?token=',
    'sk-',
    'sha256:',
    'a'.repeat(40),
    '=',
    ' ',
    'é',
  )
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, text, (message, value) => {
      log.info({ value }, message)
      expect(last().level).toBe('info')
    }),
  )
})

test('what comes from outside cannot write lines of its own, nor tell a terminal what to do', () => {
  const evil = 'a\u001b[2J\u001b]0;owned\u0007\u009b31m\r\n[12:00:00.000] ERROR: forged\u0000'
  for (const format of ['pretty', 'json'] as const) {
    const { log, lines } = logging({ format })
    log.warn({ text: evil, list: [evil], [`b`]: { c: evil }, err: new Error(evil, { cause: new Error(evil) }) }, 'said')
    const text = lines.join('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
    expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
    expect(text.split('\n').filter((line) => line.startsWith('[12:00'))).toEqual([])
    expect(text).toContain('x1b[2J')
  }
})
