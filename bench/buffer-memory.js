/** Heap taken by operations that wait for a MeterProvider: a full buffer of them. Prints JSON lines. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { emit, progress } from './line.js'

const OPERATIONS = 10_000
const script = fileURLToPath(new URL('./buffer-memory-child.js', import.meta.url))

/** Bytes of a full buffer. @param {'streamed' | 'recorded'} how */
async function bytesOf(how) {
  progress(`buffer.memory: ${OPERATIONS} operations, ${how}`)
  const child = fork(script, [how, String(OPERATIONS)], { execArgv: ['--expose-gc'], stdio: ['ignore', 2, 2, 'ipc'] })
  const exit = once(child, 'exit')
  const [{ bytes }] = await Promise.race([
    once(child, 'message'),
    exit.then(([code]) => Promise.reject(new Error(`the process ended with ${code}`))),
  ])
  await exit
  return bytes
}

const streamed = await bytesOf('streamed')
const recorded = await bytesOf('recorded')
const isStreamedLarger = streamed >= recorded
emit({
  name: 'buffer.memory',
  value: Math.max(streamed, recorded) / 1e6,
  unit: 'MB',
  limits: { atMost: 5 },
  note: `the larger of 10,000 begun and ended as streams (${(streamed / 1e6).toFixed(2)} MB) and 10,000 recorded (${(recorded / 1e6).toFixed(2)} MB)`,
  bytesPerOperation: Math.max(streamed, recorded) / OPERATIONS,
  how: isStreamedLarger ? 'streamed' : 'recorded',
})
