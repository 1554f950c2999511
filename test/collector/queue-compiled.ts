/** The queue compiled as it stands, for programs of plain Node that tests start and kill. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Compiles into a new directory, and returns it. */
export function compileQueue(): string {
  const out = mkdtempSync(join(tmpdir(), 'tokmeter-compiled-'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const settings = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--skipLibCheck', '--noCheck']
  const places = ['--rootDir', join(root, 'src'), '--outDir', out]
  execFileSync(
    process.execPath,
    [compiler, '--ignoreConfig', ...settings, ...places, join(root, 'src/collector/queue/open-queue.ts')],
    {
      cwd: root,
      stdio: 'pipe',
    },
  )
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'), 'dir')
  return out
}
