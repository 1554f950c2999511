import { X509Certificate } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { type ConnectionOptions, connect } from 'node:tls'
import { expect, test } from 'vitest'
import { readCertificates } from '../../../src/collector/receive/http-server.js'
import { tlsOptions } from '../../../src/collector/security/tls.js'
import { runSuite } from '../../conformance/suite.js'
import { receiving } from '../receive/receiving.js'
import { hasOpenssl, makeCertificates, textOf } from './certificates.js'

const only = ['post-traces', 'tls']
const failed = (results: Awaited<ReturnType<typeof runSuite>>) => results.filter(({ result }) => result === 'fail')

test.runIf(hasOpenssl)('speaks TLS 1.2 and 1.3 with those who trust it, nothing older', async () => {
  const { ca, cert, key } = makeCertificates()
  const { url } = await receiving({ tls: { cert, key } })
  const results = await runSuite({ url, only, tls: { ca: textOf(ca) } })
  expect(results.map(({ name, result }) => [name, result])).toEqual([
    ['post-traces', 'ok'],
    ['tls-version', 'ok'],
    ['tls-client-certificate', 'skip'],
  ])
  expect(failed(await runSuite({ url, only: ['post-traces'] }))).toHaveLength(1)
})

test.runIf(hasOpenssl)('speaks only with clients that the authority knows, where it is told one', async () => {
  const { ca, cert, key, clientCert, clientKey } = makeCertificates()
  const { url } = await receiving({ tls: { cert, key, clientCa: ca } })
  const own = { ca: textOf(ca), cert: textOf(clientCert), key: textOf(clientKey) }
  expect((await runSuite({ url, only, tls: own })).map(({ result }) => result)).toEqual(['ok', 'ok', 'ok'])
  const stranger = makeCertificates()
  const others = { ca: textOf(ca), cert: textOf(stranger.clientCert), key: textOf(stranger.clientKey) }
  for (const tls of [others, { ca: textOf(ca) }]) {
    expect(failed(await runSuite({ url, only: ['post-traces'], tls }))).toHaveLength(1)
  }
})

test.runIf(hasOpenssl)('certificates are read anew while it runs; what cannot be used changes nothing', async () => {
  const { ca, cert, key } = makeCertificates()
  const { app, port } = await receiving({ tls: { cert, key } })
  const shown = (options: ConnectionOptions = {}) =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
        resolve(new X509Certificate(socket.getPeerCertificate(true).raw).serialNumber)
        socket.destroy()
      })
      socket.on('error', reject)
    })
  const serial = (path: string) => new X509Certificate(textOf(path)).serialNumber
  const before = serial(cert)
  expect(await shown()).toBe(before)

  const other = makeCertificates()
  copyFileSync(other.cert, cert)
  expect(() => readCertificates(app, { cert, key })).toThrow(`cannot use ${cert} with ${key}`)
  expect(await shown()).toBe(before)
  copyFileSync(other.key, key)
  readCertificates(app, { cert, key })()
  expect(await shown({ ca: textOf(ca) })).toBe(serial(other.cert))
})

test.runIf(hasOpenssl)('files that are not there, or are something else, are named; what is in them is not', () => {
  const { folder, cert, key } = makeCertificates()
  expect(() => tlsOptions({ cert, key: `${folder}/none` })).toThrow(
    `cannot read the key of TLS from ${folder}/none: ENOENT`,
  )
  expect(() => tlsOptions({ cert, key, clientCa: folder })).toThrow('cannot read the client authorities of TLS from')
  writeFileSync(key, 'my secret')
  expect(() => tlsOptions({ cert, key })).toThrow(/^cannot use .*server.pem with .*server.key: (?!.*my secret)/)
})
