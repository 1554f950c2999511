/** TLS of the server, and of its clients where they have to show certificates. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type Server, type TlsOptions } from 'node:tls'

export type TlsFiles = {
  /** Path of the certificate chain, PEM. */
  readonly cert: string
  /** Path of the private key, PEM. */
  readonly key: string
  /** Path of the authorities, PEM, by which clients must be certified. Absent: clients need no certificate. */
  readonly clientCa?: string
}

// TLS 1.2 with its secure cipher suites alone: those with forward secrecy and authenticated encryption.
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** Options of an HTTPS server. Throws, naming the file, when they cannot be read or do not fit together. */
export function tlsOptions(files: TlsFiles): TlsOptions {
  const context = secureContextOptions(files)
  return {
    ...context,
    handshakeTimeout: 10_000,
    ...(files.clientCa !== undefined && { requestCert: true, rejectUnauthorized: true }),
  }
}

/** Reads the files anew, and returns what puts them in force for connections from then on. Throws when they are not as they must be. */
export function readTlsAnew(server: Server, files: TlsFiles): () => void {
  const options = secureContextOptions(files)
  return () => server.setSecureContext(options)
}

/** Throws when a connection could not be made with these, as PEM. */
export function checkTls(options: SecureContextOptions): void {
  // A file without any certificate is no error to it: then nobody at all is trusted.
  if (options.ca !== undefined) new X509Certificate(options.ca as Buffer)
  createSecureContext(options)
}

function secureContextOptions(files: TlsFiles): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: read(files.cert, 'certificate'),
    key: read(files.key, 'key'),
    ...(files.clientCa !== undefined && { ca: read(files.clientCa, 'client authorities') }),
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
  }
  try {
    checkTls(options)
  } catch (error) {
    const authorities = files.clientCa === undefined ? '' : ` and ${files.clientCa}`
    throw new Error(`cannot use ${files.cert} with ${files.key}${authorities}: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return options
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot read the ${what} of TLS from ${path}: ${(error as Error).message}`, { cause: error })
  }
}
