/** Lines 14 and 15: pages of other origins, tokens, and TLS. */
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import {
  ENCODINGS,
  expect,
  expectFullSuccess,
  expectRpcStatus,
  expectStatus,
  exportOf,
  Failed,
  SIGNALS,
  Skipped,
} from '../check.js'

const STRANGER = 'https://stranger.example'

/** @param {string} origin */
const preflight = (origin) => ({
  method: 'OPTIONS',
  path: '/v1/traces',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,content-encoding',
  },
  // A browser asks without credentials.
  isAnonymous: true,
})

/** @param {import('../check.js').Context} context */
function authorization({ client }) {
  const name = Object.keys(client.target.headers).find((header) => header.toLowerCase() === 'authorization')
  if (name === undefined) throw new Skipped('needs --header "authorization: …"')
  return name
}

/** @param {import('../check.js').Context} context */
function secure({ client }) {
  const { url, tls, timeoutMs } = client.target
  if (url.protocol !== 'https:') throw new Skipped('needs an https URL')
  // Addresses have no place in the name a client asks for.
  const named = isIP(url.hostname) === 0 ? { servername: url.hostname } : {}
  return { host: url.hostname, port: Number(url.port || 443), ...named, timeout: timeoutMs, ...tls }
}

/** The version of TLS that was agreed on, or why there was none. @param {import('node:tls').ConnectionOptions} options @returns {Promise<string>} */
function handshake(options) {
  return new Promise((resolve) => {
    const socket = connect(options)
    socket.on('secureConnect', () => {
      const version = socket.getProtocol() ?? 'none'
      // TLS 1.3 tells a client only afterwards that its certificate is missed.
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      socket.once('data', () => {
        socket.destroy()
        resolve(version)
      })
    })
    socket.on('error', (error) => resolve(error.message))
    socket.on('timeout', () => socket.destroy(new Error('no answer')))
    socket.on('close', () => resolve('closed'))
  })
}

/** @type {import('../check.js').Check[]} */
export const ACCESS = [
  {
    name: 'cors-stranger',
    line: 14,
    level: 'should',
    says: 'lets no page of an origin that is not listed read its answers',
    run: async ({ client }) => {
      const request = exportOf('traces', 'json')
      const headers = { ...request.headers, origin: STRANGER }
      for (const answer of [await client.send(preflight(STRANGER)), await client.send({ ...request, headers })]) {
        const allowed = answer.headers['access-control-allow-origin']
        expect(allowed === undefined, `Access-Control-Allow-Origin is ${allowed} for an origin nobody listed`)
      }
    },
  },
  {
    name: 'cors-listed',
    line: 14,
    level: 'should',
    says: 'lets pages of a listed origin send',
    run: async ({ client, corsOrigin }) => {
      if (corsOrigin === undefined) throw new Skipped('needs --cors-origin')
      const asked = await client.send(preflight(corsOrigin))
      expectStatus(asked, [200, 204], 'the question of a browser')
      const { 'access-control-allow-origin': origin, 'access-control-allow-headers': headers = '' } = asked.headers
      expect(origin === corsOrigin, `Access-Control-Allow-Origin is ${origin}, not ${corsOrigin}`)
      expect(
        /content-type/i.test(headers) || headers === '*',
        `Access-Control-Allow-Headers (${headers}) lacks content-type`,
      )
      const request = exportOf('traces', 'json')
      const answer = await client.send({ ...request, headers: { ...request.headers, origin: corsOrigin } })
      expectFullSuccess(answer, 'json', 'traces')
      expect(answer.headers['access-control-allow-origin'] === corsOrigin, 'the page may not read the answer')
    },
  },
  {
    name: 'token-missing',
    line: 15,
    level: 'must',
    says: 'answers 401 or 403 to who does not say who it is, on every path',
    run: async (context) => {
      authorization(context)
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          const answer = await context.client.send({ ...exportOf(signal, encoding), isAnonymous: true })
          expectStatus(answer, [401, 403], signal)
          expectRpcStatus(answer, encoding)
        }
      }
    },
  },
  {
    name: 'token-wrong',
    line: 15,
    level: 'must',
    says: 'answers 401 or 403 to a token it does not know',
    run: async (context) => {
      const name = authorization(context)
      for (const value of ['Bearer no-such-token', 'Bearer', 'Basic bm86c3VjaA==', `Bearer ${'x'.repeat(4000)}`]) {
        const request = exportOf('traces', 'protobuf')
        const headers = { ...request.headers, [name]: value }
        const answer = await context.client.send({ ...request, headers })
        expectStatus(answer, [401, 403], `${value.slice(0, 20)}`)
        expect(!answer.body.includes(value.slice(7) || '\n'), 'the answer repeats the token')
      }
    },
  },
  {
    name: 'token-challenge',
    line: 15,
    level: 'should',
    says: 'says with 401 how to say who one is',
    run: async (context) => {
      authorization(context)
      const answer = await context.client.send({ ...exportOf('traces', 'protobuf'), isAnonymous: true })
      if (answer.status !== 401) throw new Skipped(`answers ${answer.status}`)
      expect(answer.headers['www-authenticate'] !== undefined, 'WWW-Authenticate is missing')
    },
  },
  {
    name: 'tls-version',
    line: 15,
    level: 'must',
    says: 'speaks TLS 1.2 and 1.3, and nothing older',
    run: async (context) => {
      const options = secure(context)
      for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
        const agreed = await handshake({ ...options, minVersion: version, maxVersion: version })
        if (agreed !== version) throw new Failed(`${version}: ${agreed}`)
      }
      const old = { minVersion: /** @type {const} */ ('TLSv1'), maxVersion: /** @type {const} */ ('TLSv1.1') }
      const agreed = await handshake({ ...options, ...old, ciphers: 'DEFAULT@SECLEVEL=0' })
      expect(!agreed.startsWith('TLSv1'), `${agreed} was agreed on`)
    },
  },
  {
    name: 'tls-client-certificate',
    line: 15,
    level: 'must',
    says: 'speaks to no client without a certificate, where clients need one',
    run: async (context) => {
      const { cert, key: _key, ...options } = secure(context)
      if (cert === undefined) throw new Skipped('needs --cert and --key')
      const agreed = await handshake(options)
      expect(!agreed.startsWith('TLSv1'), 'a client without a certificate was served')
    },
  },
]
