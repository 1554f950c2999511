/** What measuring adds to a call of the openai client, beside what other instrumentations add. Prints JSON lines. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { emit, progress } from './line.js'
import { install, installedVersion, RIVALS } from './rivals.js'
import { alternate, errorOfMedian, median } from './rounds.js'

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isShort = process.argv.includes('--short')
/** Content-bearing chunks of a stream. */
const CHUNKS = 200

/** @typedef {{ ask: (message: object) => Promise<any>, end: () => void }} Child */

/**
 * @param {string} file
 * @param {string[]} [args]
 * @returns {import('node:child_process').ChildProcess}
 */
function forkScript(file, args = []) {
  // What a child prints is not a result.
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 2, 2, 'ipc'] })
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<any>} */
async function answerOf(child) {
  const waiting = new AbortController()
  const { signal } = waiting
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([code]) => ({ failure: `the process ended with ${code}` })),
    ])
  } finally {
    waiting.abort()
  }
}

/**
 * Starts a variant; what it says instead when it cannot be started.
 * @param {string} variant
 * @param {string} baseURL
 * @returns {Promise<Child | string>}
 */
async function startVariant(variant, baseURL) {
  const child = forkScript('./overhead-child.js', [variant, baseURL])
  const first = await answerOf(child)
  if (first.failure !== undefined) return first.failure
  return {
    async ask(message) {
      const answered = answerOf(child)
      child.send(message)
      const { answer, failure } = await answered
      if (failure !== undefined) throw new Error(`${variant}: ${failure}`)
      return answer
    },
    end: () => {
      if (child.connected) child.disconnect()
    },
  }
}

/**
 * What is measured. Chunks come one by one, as from a model: sent all at once they are read several at a time, the more the slower
 * the reader, and slow would look like fast. So streams are paced, many are open at the same time, and only CPU time tells.
 */
const KINDS = {
  // The warm-up is as many calls as Node takes to be done compiling them: what a service runs is warm.
  chat: { order: { kind: 'chat', count: 50 }, unit: 'µs/call', units: 50, rounds: 150, warmUp: 60 },
  stream: {
    order: { kind: 'stream', count: 20, chunks: CHUNKS, chunkDelayMs: 3 },
    unit: 'µs/chunk',
    units: 20 * CHUNKS,
    rounds: 60,
    warmUp: 16,
  },
}

/**
 * @param {keyof typeof KINDS} kind
 * @param {Record<string, Child>} children
 * @param {Record<string, string>} failures By rival, why it does not take part.
 */
async function compare(kind, children, failures) {
  const { order, unit, units, ...long } = KINDS[kind]
  const { rounds, warmUp } = isShort ? { rounds: 12, warmUp: 6 } : long
  progress(`overhead.${kind}: ${rounds} rounds of ${order.count} calls by each of ${Object.keys(children).join(', ')}`)
  const variants = Object.fromEntries(Object.entries(children).map(([name, child]) => [name, () => child.ask(order)]))
  const results = await alternate(variants, { rounds, warmUp })

  /**
   * Microseconds by which one variant takes longer than another, round by round: both of one round saw the same machine.
   * @param {string} name
   * @param {string} than
   * @param {'wall' | 'cpu'} clock
   */
  const longer = (name, than, clock) => {
    const differences = results[name].map((round, index) => (round[clock] - results[than][index][clock]) / units)
    return { median: median(differences), error: errorOfMedian(differences) }
  }
  // Wall time is what a user feels, and the noisier clock: it is used where it tells what each variant adds from noise.
  const isWallClear = Object.keys(children).every((name) => {
    const { median: added, error } = longer(name, 'bare', 'wall')
    return name === 'bare' || Math.abs(added) > 3 * error
  })
  const clock = kind === 'chat' && isWallClear ? 'wall' : 'cpu'
  const value = longer('tokmeter', 'bare', clock).median
  const bare = median(results.bare.map((round) => round[clock])) / units

  for (const [name, packageName] of Object.entries(RIVALS)) {
    const common = { name: `overhead.${kind}`, value, unit, rival: packageName }
    const counts = children[name] && (await children[name].ask({ kind: 'count' }))
    const failure =
      failures[name] ??
      (counts.spans + counts.measurements === 0 ? 'did not measure: neither spans nor metrics' : undefined)
    if (failure !== undefined) {
      emit({ ...common, ratio: null, note: failure })
      continue
    }
    const rivalValue = longer(name, 'bare', clock).median
    const difference = longer('tokmeter', name, clock)
    const isTold = Math.abs(difference.median) > 2 * difference.error
    emit({
      ...common,
      // What adds nothing that can be seen is no number to divide by.
      ratio: rivalValue > 0 ? value / rivalValue : null,
      rivalValue,
      difference,
      limits: { belowRival: true },
      clock,
      bare,
      note: `${clock} time${isTold ? '' : '; the difference is within its error'}`,
      rivalVersion: installedVersion(name, packageName),
      rivalCounts: counts,
      wall: { ours: longer('tokmeter', 'bare', 'wall'), theirs: longer(name, 'bare', 'wall') },
      cpu: { ours: longer('tokmeter', 'bare', 'cpu'), theirs: longer(name, 'bare', 'cpu') },
    })
  }
}

const clientFailure = await install('bare')
if (clientFailure !== undefined) throw new Error(`the openai client cannot be installed: ${clientFailure}`)
const emulator = forkScript('./emulator-child.js')
const { url, failure: emulatorFailure } = await answerOf(emulator)
if (url === undefined) throw new Error(`the emulator cannot be started: ${emulatorFailure}`)

/** @type {Record<string, Child>} */
const children = {}
/** @type {Record<string, string>} */
const failures = {}
for (const variant of ['bare', 'tokmeter', ...Object.keys(RIVALS)]) {
  const missing = variant in RIVALS ? await install(variant) : undefined
  const child = missing ?? (await startVariant(variant, `${url}/v1`))
  if (typeof child !== 'string') children[variant] = child
  else if (variant in RIVALS) failures[variant] = child
  else throw new Error(`${variant} cannot be started: ${child}`)
}

for (const kind of /** @type {const} */ (['chat', 'stream'])) {
  if (names.length > 0 && !names.includes(`overhead.${kind}`)) continue
  await compare(kind, children, failures)
}
const { calls, spans, measurements } = await children.tokmeter.ask({ kind: 'count' })
if (spans !== calls || measurements !== calls) {
  throw new Error(`BUG: tokmeter made ${spans} spans and ${measurements} measurements of ${calls} calls`)
}
for (const child of Object.values(children)) child.end()
emulator.disconnect()
