/** `tokmeter hash-token`: what the configuration holds of a token. */
import { randomBytes } from 'node:crypto'
import { hashToken as hashOf, TOKEN_LENGTH_LIMIT } from '../security/tokens.js'
import { type Command, isGiven, type Terminal, WrongUse } from './command.js'

export const hashToken: Command = {
  name: 'hash-token',
  summary: 'read a token from the standard input, print the hash that the configuration holds of it',
  options: {
    generate: { type: 'boolean', short: 'g', description: 'make a random token, and print it before its hash' },
    scrypt: {
      type: 'boolean',
      description: 'hash with scrypt: for what a person thought of; a random token needs no more than SHA-256',
    },
  },
  details: [
    'Example: tokmeter hash-token --generate',
    '         printf %s "$TOKEN" | tokmeter hash-token',
    '',
    'The hash goes into the configuration:  tokens: [{ name: checkout, hash: "sha256:…", scopes: [ingest] }]',
    'The token goes into programs:          OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<token>"',
    'Scopes: ingest to send, read to ask and to scrape /metrics, admin for everything.',
    'A token is never an argument: others could see it in the list of processes.',
  ].join('\n'),

  async run(given, terminal) {
    const algorithm = isGiven(given, 'scrypt') ? 'scrypt' : 'sha256'
    if (isGiven(given, 'generate')) {
      const token = randomBytes(32).toString('base64url')
      terminal.output.write(`token: ${token}\nhash: ${await hashOf(token, algorithm)}\n`)
      return 0
    }
    const token = await readToken(terminal)
    // RFC 6750: others cannot be sent as a bearer token.
    if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
      throw new WrongUse(
        `a token has 1 to ${TOKEN_LENGTH_LIMIT} letters, digits and - . _ ~ + / with = at its end; got ${token === '' ? 'nothing' : 'something else'}`,
      )
    }
    terminal.output.write(`${await hashOf(token, algorithm)}\n`)
    return 0
  },
}

/** The first line of the input, without the space around it. */
async function readToken({ input, errors }: Terminal): Promise<string> {
  if (input.isTTY) errors.write('Token (it will be seen here): ')
  let text = ''
  for await (const chunk of input) {
    text += String(chunk)
    if (text.includes('\n')) break
    if (text.length > 2 * TOKEN_LENGTH_LIMIT) throw new WrongUse(`a token has at most ${TOKEN_LENGTH_LIMIT} characters`)
  }
  const token = text.split('\n', 1)[0]!.trim()
  if (token.length > TOKEN_LENGTH_LIMIT) throw new WrongUse(`a token has at most ${TOKEN_LENGTH_LIMIT} characters`)
  return token
}
