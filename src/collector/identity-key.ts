/** The key by which identities are hashed: that of the configuration, or one made once and kept with the data. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'identity-key'
const LENGTH = 32

/** Reads the key of a data directory; makes it the first time. Another key would make strangers of all users known so far. */
export function identityKeyOf(directory: string): Buffer {
  const path = join(directory, FILE)
  mkdirSync(directory, { recursive: true })
  try {
    writeFileSync(path, randomBytes(LENGTH), { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const key = readFileSync(path)
  if (key.length !== LENGTH) {
    throw new Error(`${path} is damaged: a key of ${LENGTH} bytes is expected; it has ${key.length}`)
  }
  return key
}
