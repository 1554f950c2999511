/** Puts what `tokmeter demo` runs beside the built collector, so that its package has it: the emulator, the recordings, the program that calls. */
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const from = fileURLToPath(new URL('.', import.meta.url))
const to = fileURLToPath(new URL('../src/collector/dist/demo/', import.meta.url))
const NEEDED = [
  'answer.js',
  'app.js',
  'emulator.js',
  'expected.js',
  'faults.js',
  'history.js',
  'into-collector.js',
  'plan.js',
  'recordings',
  'recordings.js',
  'send.js',
  'synthetic.js',
]

rmSync(to, { recursive: true, force: true })
for (const name of NEEDED) cpSync(from + name, to + name, { recursive: true })
