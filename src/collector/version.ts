/** The version of this package, from its own description: beside `dist/` when built, beside the sources in tests. */
import { readFileSync } from 'node:fs'

type Description = { readonly name?: string; readonly version: string }

function read(): string {
  for (const place of ['../package.json', './package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as Description
      if (name === '@tokmeter/collector') return version
    } catch {
      // Then it is in the other place.
    }
  }
  throw new Error('BUG: the package.json of @tokmeter/collector is not where it should be')
}

export const VERSION: string = read()
