/** Writes the dashboards and rules that follow from the catalogue of metrics: `npm run config`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './generated-files.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
for (const { path, text } of generatedFiles()) {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
