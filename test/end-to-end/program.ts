/** Runs a small program with the built package as an application would, and tells how it ended. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const built = join(root, 'dist/src/index.js')

export type Ending = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Builds when a source is newer than what was built: tests of the surface must not run on yesterday's. */
export function build(): void {
  const newest = Math.max(...['src', 'instrumentation'].flatMap((folder) => times(join(root, folder))))
  if (existsSync(built) && statSync(built).mtimeMs > newest) return
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
  })
}

function times(folder: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)).mtimeMs)
}

export type Program = {
  readonly ended: Promise<Ending>
  /** Resolves when the program has written this. */
  written(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
}

/** Runs ESM `code`, in which `tokmeter` is the package's API. */
export function run(
  code: string,
  environment: { [name: string]: string } = {},
  flags: readonly string[] = [],
): Program {
  const source = `import * as tokmeter from ${JSON.stringify(built)}\n${code}`
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', source], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    for (const check of waiting) check()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ending>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return {
    ended,
    kill: (signal) => child.kill(signal),
    written: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!stdout.includes(text)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
        ended.then(() => reject(new Error(`ended without writing ${text}: ${stderr}`)))
      }),
  }
}
