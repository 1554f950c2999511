/**
 * Finds clients that ES modules imported before the module hooks were there, which Node keeps no list of. This is so where the
 * program itself imports `tokmeter/register`: all that it imports is loaded before the first line of it runs.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ClientLoaded } from './module-hooks.js'

const CLIENTS: readonly (readonly [name: string, className: string])[] = [
  ['openai', 'OpenAI'],
  ['@anthropic-ai/sdk', 'Anthropic'],
]

/** Calls `clientLoaded` for the clients that the main module, where it is an ES module, would import. */
export function findImported(clientLoaded: ClientLoaded): void {
  const [, main] = process.argv
  if (main === undefined || isFirstPreload(process.execArgv) || !isEsModule(main)) return
  const requireHere = createRequire(import.meta.url)
  for (const [name, className] of CLIENTS) {
    const file = importedFile(main, name)
    if (file === undefined) continue
    const found = (exports: unknown) => {
      const ClientClass = (exports as { readonly [name: string]: unknown })[className]
      if (typeof ClientClass === 'function') clientLoaded(name, ClientClass, file)
    }
    try {
      found(requireHere(file))
    } catch {
      // Where `require` takes no ES module, or not in the middle of this one being loaded: somewhat later, then.
      import(file).then(found).catch(() => {})
    }
  }
}

// Then nothing can have been imported, and nothing need be.
function isFirstPreload(execArgv: readonly string[]): boolean {
  const preloads = execArgv.flatMap((argument, index) => {
    if (/^(--import|--require|-r)$/.test(argument)) return execArgv[index + 1] ?? []
    return /^--(?:import|require)=(.*)$/.exec(argument)?.[1] ?? []
  })
  return /(^tokmeter\/register|instrumentation\/register\.js)$/.test(preloads[0] ?? '')
}

// Versions that have no such file are left alone: before openai 5, which shims are to be used must be said before it is loaded.
function importedFile(main: string, name: string): string | undefined {
  try {
    const file = join(dirname(createRequire(main).resolve(name)), 'client.mjs')
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

function isEsModule(main: string): boolean {
  if (main.endsWith('.mjs') || main.endsWith('.mts')) return true
  if (main.endsWith('.cjs') || main.endsWith('.cts')) return false
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: unknown }).type === 'module'
    } catch {
      if (folder === dirname(folder)) return false
    }
  }
}
