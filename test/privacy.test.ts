import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createIdentityHash, isForbiddenKey, MESSAGE_LIMIT, redact } from '../src/privacy.js'

test('keys that name a person or a secret are forbidden, however they are written', () => {
  const f = (isForbidden: boolean, ...keys: string[]) => {
    for (const key of keys) expect([key, isForbiddenKey(key)]).toEqual([key, isForbidden])
  }
  f(true, 'email', 'name', 'username', 'password', 'token', 'key', 'secret', 'api_key', 'apiKey', 'API-KEY', 'ApiKey')
  f(
    true,
    'user.email',
    'http/authorization',
    'customer.first_name',
    'access_token',
    'X.Api.Key',
    'prompt',
    'completion',
  )
  f(false, 'tenant', 'feature', 'keyboard', 'tokens', 'model', 'filename', 'team', '', '.', 'email_sent', 'ipv6')
})

test('what looks like a secret or a person is replaced by its kind', () => {
  const f = (text: string, redacted: string) => expect(redact(text)).toBe(redacted)
  f('mail bob.smith+x@example.co.uk now', 'mail [EMAIL] now')
  f('Incorrect API key provided: sk-proj-abcdefghijklmnopqrstuvwx', 'Incorrect API key provided: [KEY]')
  f('Authorization: Bearer abcdef0123456789', 'Authorization: [CREDENTIAL]')
  f('jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc_DEF-123', 'jwt [CREDENTIAL]')
  f('card 4111 1111 1111 1111 declined', 'card [CC] declined')
  f('ssn 078-05-1120', 'ssn [SSN]')
  f('connect ECONNREFUSED 10.1.2.3:443', 'connect ECONNREFUSED [IP]:443')
  f('call +1 415-555-0132 please', 'call [PHONE] please')
  f(
    'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29500',
    'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29500',
  )
  f('', '')
})

test('a message is cut at 1000 characters, and what the cut would leave half is redacted before', () => {
  expect(redact('x'.repeat(5000))).toBe('x'.repeat(MESSAGE_LIMIT))
  const secret = 'sk-abcdefghijklmnopqrstuvwxyz0123456789'
  expect(redact(`${'x'.repeat(990)} ${secret}`)).toBe(`${'x'.repeat(990)} [KEY]`)
  expect(redact(`${'é'.repeat(995)} ${secret}`)).not.toContain('sk-')
})

test('a cut never leaves half of a character that needs two code units', () => {
  const message = `${'x'.repeat(MESSAGE_LIMIT - 1)}😀😀`
  expect(redact(message)).toBe('x'.repeat(MESSAGE_LIMIT - 1))
})

test('redaction leaves its own replacements alone and never makes a text longer than the limit', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 1200, size: 'max', unit: fc.constantFrom(...'a1@.- (+', 'sk-', '😀') }),
      (text) => {
        expect(redact(text).length).toBeLessThanOrEqual(MESSAGE_LIMIT)
      },
    ),
    { numRuns: 100 },
  )
  for (const kind of ['[EMAIL]', '[KEY]', '[CREDENTIAL]', '[SSN]', '[CC]', '[IP]', '[PHONE]'])
    expect(redact(kind)).toBe(kind)
})

test('a text made to be slow to match is not', () => {
  // Each would take minutes with a pattern that backtracks without bound; the test's own timeout is the measure.
  for (const piece of ['a@', 'a.', '1 ', '1-', 'Bearer ', 'sk-', 'eyJaaaaaaaa.', '+1 (', '1.1.'])
    redact(piece.repeat(100_000))
})

test('an identity is hashed with the key: the same everywhere, and never the identity', () => {
  const hash = createIdentityHash('key')
  const expected = createHmac('sha256', 'key').update('user-1').digest('hex').slice(0, 32)
  expect(hash('user-1')).toBe(expected)
  expect(hash('user-1')).toBe(expected)
  expect(createIdentityHash('key')('user-1')).toBe(expected)
  expect(createIdentityHash('other')('user-1')).not.toBe(expected)
  expect(createIdentityHash(new Uint8Array([107, 101, 121]))('user-1')).toBe(expected)
  const hashes = new Set(Array.from({ length: 3000 }, (_, index) => hash(`user-${index}`)))
  expect(hashes.size).toBe(3000)
  expect(hash('user-1')).toBe(expected)
})
