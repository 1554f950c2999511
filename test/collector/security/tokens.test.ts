import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashToken, type Scope, Tokens, TooManyAttempts } from '../../../src/collector/security/tokens.js'

const scopes: readonly Scope[] = ['ingest']

test('the hash of a token is of the form that the configuration wants', async () => {
  expect(await hashToken('secret')).toBe('sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b')
  expect(await hashToken('secret', 'scrypt')).toMatch(/^scrypt:14:8:1:[0-9a-f]{32}:[0-9a-f]{64}$/)
  expect(await hashToken('secret', 'scrypt')).not.toBe(await hashToken('secret', 'scrypt'))
  await expect(hashToken('')).rejects.toThrow('a token has 1 to 1024 characters; got 0')
})

test('a token is recognised by its hash, of either kind, and nothing else is', async () => {
  const tokens = new Tokens([
    { name: 'first', hash: await hashToken('random'), scopes },
    { name: 'second', hash: await hashToken('remembered', 'scrypt'), scopes: ['read'] },
    { name: 'third', hash: (await hashToken('other')).toUpperCase().replace('SHA', 'sha'), scopes: ['admin'] },
  ])
  expect(await tokens.recognise('random')).toEqual({ name: 'first', scopes: ['ingest'] })
  expect(await tokens.recognise('remembered')).toEqual({ name: 'second', scopes: ['read'] })
  expect(await tokens.recognise('remembered')).toEqual({ name: 'second', scopes: ['read'] })
  expect(await tokens.recognise('other')).toEqual({ name: 'third', scopes: ['admin'] })
  for (const wrong of ['', 'Random', 'random ', 'x'.repeat(2000), await hashToken('random')]) {
    expect(await tokens.recognise(wrong)).toBeUndefined()
  }
})

test('no other text than the token is the token', async () => {
  const tokens = new Tokens([{ name: 'one', hash: await hashToken('the-token'), scopes }])
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      expect(await tokens.recognise(text)).toEqual(text === 'the-token' ? { name: 'one', scopes } : undefined)
    }),
  )
})

test('wrong tokens cannot have the costly hash computed many times at once', async () => {
  const tokens = new Tokens([{ name: 'one', hash: await hashToken('remembered', 'scrypt'), scopes }])
  const attempts = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => tokens.recognise(`wrong ${index}`)),
  )
  const refused = attempts.filter(({ status }) => status === 'rejected')
  expect(refused.map((attempt) => attempt.status === 'rejected' && attempt.reason)).toEqual(
    Array(16).fill(expect.any(TooManyAttempts)),
  )
  // A token that was right once is not computed again, however many come by it at once.
  expect(await tokens.recognise('remembered')).toEqual({ name: 'one', scopes })
  const rightOnes = await Promise.all(Array.from({ length: 20 }, () => tokens.recognise('remembered')))
  expect(rightOnes).toEqual(Array(20).fill({ name: 'one', scopes }))
})

test('what is no hash is refused, and not repeated: it may be the token itself', () => {
  const f = (hash: string) => {
    let message = ''
    try {
      new Tokens([{ name: 'ci', hash, scopes }])
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toBe(
      `the hash of the token "ci" must be sha256:<64 hex digits> or scrypt:<log2 N>:<r>:<p>:<salt>:<hash>; got ${hash.length} characters that are neither`,
    )
  }
  f('my-secret-token')
  f('sha256:abc')
  f(`sha256:${'g'.repeat(64)}`)
  f(`sha1:${'a'.repeat(64)}`)
  // Costs that would stop the collector, or be none at all.
  f(`scrypt:30:8:1:${'ab'.repeat(16)}:${'ab'.repeat(32)}`)
  f(`scrypt:5:8:1:${'ab'.repeat(16)}:${'ab'.repeat(32)}`)
  f(`scrypt:14:0:1:${'ab'.repeat(16)}:${'ab'.repeat(32)}`)
})
