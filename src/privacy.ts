/** What must not leave the process as it is: forbidden keys, redaction patterns, hashing of identities. Content has no field to begin with. */
import { createHmac } from 'node:crypto'

/** Keys that name a person or a secret. Compared in lower case, without separators. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  'accesstoken',
  'address',
  'apikey',
  'authorization',
  'cookie',
  'credential',
  'credentials',
  'creditcard',
  'email',
  'firstname',
  'fullname',
  'ip',
  'ipaddress',
  'key',
  'lastname',
  'name',
  'passphrase',
  'password',
  'passwd',
  'phone',
  'phonenumber',
  'privatekey',
  'prompt',
  'completion',
  'refreshtoken',
  'secret',
  'secretkey',
  'ssn',
  'token',
  'username',
])

/** Whether a tag of this key is removed: `email`, `apiKey`, `api_key`, `X-Api-Key` without its `X-`, `user.email` by its last part. */
export function isForbiddenKey(key: string): boolean {
  const lower = key.toLowerCase()
  const lastPart = lower.slice(Math.max(lower.lastIndexOf('.'), lower.lastIndexOf('/')) + 1)
  return FORBIDDEN_KEYS.has(lower.replace(/[^a-z0-9]/g, '')) || FORBIDDEN_KEYS.has(lastPart.replace(/[^a-z0-9]/g, ''))
}

// Ordered: what is more specific comes first. Each is linear in its input: no nested quantifiers.
const REDACTIONS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,512}/gi, '[CREDENTIAL]'],
  [/\b(?:sk|pk|rk|xox[abprs]|gh[pousr]|AKIA|AIza|hf|gsk)[-_]?[A-Za-z0-9_-]{16,256}/g, '[KEY]'],
  [/\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{0,1024}/g, '[CREDENTIAL]'],
  [/[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g, '[EMAIL]'],
  [/\b\d{3}-\d{2}-\d{4}\b/g, '[SSN]'],
  [/\b(?:\d[ -]?){12,18}\d\b/g, '[CC]'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}\b/g, '[IP]'],
  [/(?<![\w.])\+?\d{1,3}[ .-]?\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]?\d{3,4}(?![\w.])/g, '[PHONE]'],
]

/** The longest error message kept, in characters. */
export const MESSAGE_LIMIT = 1000

/** `text`, at most 1000 characters of it, with e-mail addresses, keys, credentials, card, phone and social-security numbers and IP addresses replaced by their kind in brackets. */
export function redact(text: string): string {
  // Cut before matching, so that the cost is bounded, and generously, so that what the cut leaves half is not missed.
  let redacted = text.length > 2 * MESSAGE_LIMIT ? text.slice(0, 2 * MESSAGE_LIMIT) : text
  for (const [pattern, replacement] of REDACTIONS) redacted = redacted.replace(pattern, replacement)
  // Not through the middle of a character of two code units: its half is no character, and no valid text for an exporter.
  return redacted.length > MESSAGE_LIMIT ? redacted.slice(0, MESSAGE_LIMIT).replace(/[\ud800-\udbff]$/, '') : redacted
}

/**
 * A keyed hash of an identity: the first 128 bits of HMAC-SHA256, in hex. The same key gives the same hash in every process,
 * so that distinct users can be counted; without the key the identity cannot be guessed back from a list of candidates.
 * Remembers the latest 1,000 identities, since one user makes many calls.
 */
export function createIdentityHash(key: string | Uint8Array): (identity: string) => string {
  const known = new Map<string, string>()
  return (identity) => {
    const remembered = known.get(identity)
    if (remembered !== undefined) return remembered
    const hash = createHmac('sha256', key).update(identity).digest('hex').slice(0, 32)
    if (known.size >= 1000) known.clear()
    known.set(identity, hash)
    return hash
  }
}
