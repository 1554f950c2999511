/** The files of the dashboard as they were built, held in memory with what is to be said of each. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How a file is sent, by the name of the encoding. */
export type Encoding = 'br' | 'gzip' | 'identity'

export type BuiltFile = {
  /** From the root of the dashboard: `assets/index-Dx4kXJAl.js`. */
  readonly name: string
  readonly type: string
  readonly etag: string
  /** Its name changes with its content. */
  readonly isImmutable: boolean
  readonly bodies: { readonly [encoding in Encoding]?: Buffer }
}

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}
const COMPRESSED: { readonly [extension: string]: Encoding } = { '.br': 'br', '.gz': 'gzip' }
/** As the build names what it hashes. */
const HASHED = /-[A-Za-z0-9_-]{8}\.\w+$/

/** Where the build puts them: beside this folder, and where this runs uncompiled in what was compiled. */
const PLACES = ['../pages/', '../dist/pages/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** None where the dashboard was not built. */
export function readBuiltFiles(directory = PLACES.find((place) => existsSync(place))): BuiltFile[] {
  if (directory === undefined) return []
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  return names
    .filter((name) => TYPES[extname(name)] !== undefined)
    .map((name) => {
      const identity = readFileSync(join(directory, name))
      const compressed = Object.entries(COMPRESSED)
        .filter(([extension]) => names.includes(name + extension))
        .map(([extension, encoding]) => [encoding, readFileSync(join(directory, name + extension))])
      return {
        name,
        type: TYPES[extname(name)]!,
        etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
        isImmutable: HASHED.test(name),
        bodies: { identity, ...Object.fromEntries(compressed) },
      }
    })
}
