/** A program of somebody else's that has this package among its `node_modules`, run as a process of its own. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Consumer = {
  readonly folder: string
  /** Runs `node` with these arguments; resolves with what it printed, fails when it fails. */
  run(args: readonly string[], environment?: { readonly [name: string]: string }): Promise<string>
  remove(): void
}

/** Builds the package into a consumer's folder. It stands below our own `node_modules`, where the consumer finds the clients. */
export function createConsumer(files: { readonly [name: string]: string }): Consumer {
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, 'node_modules', '.cache', 'tokmeter-consumer-'))
  const installed = join(folder, 'node_modules', 'tokmeter')
  mkdirSync(installed, { recursive: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  // Emits in spite of errors in types, which are for `npm run types` to tell.
  spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')])
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return {
    folder,
    run(args, environment = {}) {
      const env = { ...process.env, OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none', ...environment }
      const child = spawn(process.execPath, args, { cwd: folder, env })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
      return new Promise((resolve, reject) => {
        child.on('error', reject)
        child.on('close', (code, signal) => {
          if (code === 0 || signal !== null) resolve(output)
          else reject(new Error(`node ${args.join(' ')} ended with ${code}: ${output}`))
        })
      })
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
