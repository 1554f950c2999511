/** How much later a program starts for having imported and started tokmeter: for information. Prints JSON lines. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { emit, progress } from './line.js'
import { median } from './rounds.js'

const isShort = process.argv.includes('--short')
const script = fileURLToPath(new URL('./import-child.js', import.meta.url))

async function milliseconds() {
  const child = fork(script, { stdio: ['ignore', 2, 2, 'ipc'] })
  const exit = once(child, 'exit')
  const [times] = await Promise.race([
    once(child, 'message'),
    exit.then(([code]) => Promise.reject(new Error(`the process ended with ${code}`))),
  ])
  await exit
  return times
}

const rounds = isShort ? 5 : 15
progress(`import: ${rounds} fresh processes`)
await milliseconds()
const times = []
for (let round = 0; round < rounds; round++) times.push(await milliseconds())
const imported = median(times.map((time) => time.imported))
const started = median(times.map((time) => time.started))
emit({
  name: 'import',
  value: imported + started,
  unit: 'ms',
  note: `import ${imported.toFixed(0)} ms, start() with Prometheus and OTLP ${started.toFixed(0)} ms`,
})
