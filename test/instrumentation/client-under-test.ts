/** The client libraries the compatibility suite runs with: those installed here, or those `test/matrix/run.js` names in the environment. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

// biome-ignore lint/suspicious/noExplicitAny: one suite for many versions, whose types contradict each other
export type Any = any

export type Library = { readonly version: string; readonly folder: string; readonly exports: Any }

/** Loads the ES module copy of a package. `entry` is its main file. */
async function load(name: string, folderFromOutside: string | undefined, entry: string): Promise<Library> {
  const folder = folderFromOutside ?? folderOf(name)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  return { version, folder, exports: await import(/* @vite-ignore */ pathToFileURL(join(folder, entry)).href) }
}

function folderOf(name: string): string {
  const require = createRequire(import.meta.url)
  for (const folder of require.resolve.paths(name) ?? []) {
    const candidate = join(folder, name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return dirname(require.resolve(name))
}

export const loadOpenAI = (): Promise<Library> => load('openai', process.env['TOKMETER_TEST_OPENAI'], 'index.mjs')

export const loadAnthropic = (): Promise<Library> =>
  load('@anthropic-ai/sdk', process.env['TOKMETER_TEST_ANTHROPIC'], 'index.mjs')

export const loadAi = (): Promise<Library> => load('ai', process.env['TOKMETER_TEST_AI'], 'dist/index.js')
