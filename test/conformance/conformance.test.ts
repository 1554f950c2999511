/** The conformance suite is passed by what receives here, and not by a server that does otherwise. */
import { expect, test } from 'vitest'
import { hashToken, Tokens } from '../../src/collector/security/tokens.js'
import { receiving } from '../collector/receive/receiving.js'
import { runSuite } from './suite.js'

test('every check is passed', async () => {
  const token = 'a-token-of-the-tests'
  const tokens = new Tokens([{ name: 'tests', hash: await hashToken(token), scopes: ['ingest'] }])
  const corsOrigin = 'https://app.example.com'
  const { url } = await receiving({ tokens, cors: () => ({ origins: [corsOrigin] }) })
  const results = await runSuite({ url, headers: { authorization: `Bearer ${token}` }, limit: 1024 * 1024, corsOrigin })
  expect(results.filter(({ result }) => result === 'fail')).toEqual([])
})
