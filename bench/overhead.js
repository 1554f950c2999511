/** What measuring adds to a call of the openai client, beside what other instrumentations add. Prints JSON lines. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { emit, progress } from './line.js'
import { install, installedVersion, RIVALS } from './rivals.js'
import { alternate, estimate, median } from './rounds.js'

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
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
 * What is measured. `settings`: tokmeter as it comes, and with `spans: false`, as those have it who measure only.
 * Chunks come one by one, as from a model: sent all at once they are read several at a time, the more the slower the reader, and slow
 * would look like fast. So streams are paced, many are open at the same time, and only CPU time tells.
 */
const KINDS = {
  // Rounds are so long that each has several collections of garbage in it: what an instrumentation makes the collector do belongs to what
  // it adds, and of short rounds the middle half would be those without one. The warm-up is as many calls as Node takes to be done compiling
  // them: what a service runs is warm. Profiles say that it is not done after 3,000: what tokmeter itself takes is 32 µs a call from there to
  // 6,000, and 20 from 4,000 to 8,000. And rather more generations than more rounds of each, since it is generations that differ.
  chat: {
    order: { kind: 'chat', count: 500 },
    unit: 'µs/call',
    units: 500,
    rounds: 12,
    warmUp: 16,
    generations: 8,
    short: { rounds: 4, warmUp: 1 },
    settings: ['tokmeter', 'tokmeter-metrics'],
  },
  stream: {
    order: { kind: 'stream', count: 20, chunks: CHUNKS, chunkDelayMs: 3 },
    unit: 'µs/chunk',
    units: 20 * CHUNKS,
    rounds: 60,
    warmUp: 16,
    generations: 1,
    short: { rounds: 12, warmUp: 6 },
    settings: ['tokmeter'],
  },
}

/**
 * Starts the variants. Who cannot be started does not take part, if he is a rival.
 * @param {readonly string[]} variants
 * @param {string} baseURL
 * @param {Record<string, string>} failures By rival, why he does not: added to.
 */
async function startAll(variants, baseURL, failures) {
  /** @type {Record<string, Child>} */
  const children = {}
  for (const variant of variants) {
    const missing = variant in RIVALS ? (failures[variant] ?? (await install(variant))) : undefined
    const child = missing ?? (await startVariant(variant, baseURL))
    if (typeof child !== 'string') children[variant] = child
    else if (variant in RIVALS) failures[variant] = child
    else throw new Error(`${variant} cannot be started: ${child}`)
  }
  return children
}

/**
 * @typedef {import('./overhead-child.js').Round} Round
 * @typedef {{ calls: number, spans: number, measurements: number }} Counts
 */

/**
 * @param {keyof typeof KINDS} kind
 * @param {string} baseURL
 */
async function compare(kind, baseURL) {
  const { order, unit, units, settings, short, ...long } = KINDS[kind]
  const names = ['bare', ...settings, ...Object.keys(RIVALS)]
  const { rounds, warmUp, generations } = isShort ? { ...short, generations: 1 } : long
  progress(
    `overhead.${kind}: ${generations} times ${rounds} rounds of ${order.count} calls by each of ${names.join(', ')}`,
  )
  /** @type {Record<string, Round[]>[]} */
  const results = []
  /** @type {Record<string, string>} */
  const failures = {}
  /** @type {Record<string, Counts>} */
  const counts = {}
  for (let generation = 0; generation < generations; generation++) {
    const children = await startAll(names, baseURL, failures)
    const variants = Object.fromEntries(Object.entries(children).map(([name, child]) => [name, () => child.ask(order)]))
    results.push(await alternate(variants, { rounds, warmUp }))
    for (const [name, child] of Object.entries(children)) {
      counts[name] = await child.ask({ kind: 'count' })
      child.end()
    }
  }
  for (const [name, { calls, spans, measurements }] of Object.entries(counts)) {
    if (!settings.includes(name)) continue
    if (spans !== (name === 'tokmeter' ? calls : 0) || measurements !== calls)
      throw new Error(`BUG: ${name} made ${spans} spans and ${measurements} measurements of ${calls} calls`)
  }

  /**
   * Microseconds by which one variant takes longer than another, round by round: both of one round saw the same machine.
   * @param {string} name
   * @param {string} than
   * @param {'wall' | 'cpu'} clock
   */
  const longer = (name, than, clock) =>
    estimate(
      results.map((rounds) => rounds[name].map((round, index) => (round[clock] - rounds[than][index][clock]) / units)),
    )
  // Wall time is what a user feels, and the noisier clock: it is used where it tells what each variant adds from noise.
  const isWallClear = Object.keys(results[0]).every((name) => {
    const { mean: added, error } = longer(name, 'bare', 'wall')
    return name === 'bare' || Math.abs(added) > 3 * error
  })
  const clock = kind === 'chat' && isWallClear ? 'wall' : 'cpu'
  const bare = median(results.flatMap((rounds) => rounds.bare.map((round) => round[clock]))) / units

  for (const setting of settings) {
    const value = longer(setting, 'bare', clock).mean
    for (const [name, packageName] of Object.entries(RIVALS)) {
      const common = {
        name: `overhead.${kind}${setting.slice('tokmeter'.length).replace('-', '.')}`,
        value,
        unit,
        rival: packageName,
      }
      const failure =
        failures[name] ??
        (counts[name].spans + counts[name].measurements === 0
          ? 'did not measure: neither spans nor metrics'
          : undefined)
      if (failure !== undefined) {
        emit({ ...common, ratio: null, note: failure })
        continue
      }
      const rivalValue = longer(name, 'bare', clock).mean
      const difference = longer(setting, name, clock)
      const isTold = Math.abs(difference.mean) > 2 * difference.error
      emit({
        ...common,
        // What adds nothing that can be seen is no number to divide by.
        ratio: rivalValue > 0 ? value / rivalValue : null,
        rivalValue,
        difference,
        // Without spans it does less than those who make them: for information.
        ...(setting === 'tokmeter' && { limits: { belowRival: true } }),
        clock,
        bare,
        note: `${clock} time${setting === 'tokmeter' ? '' : ', without spans'}${isTold ? '' : '; the difference is within its error'}`,
        rivalVersion: installedVersion(name, packageName),
        rivalCounts: counts[name],
        wall: { ours: longer(setting, 'bare', 'wall'), theirs: longer(name, 'bare', 'wall') },
        cpu: { ours: longer(setting, 'bare', 'cpu'), theirs: longer(name, 'bare', 'cpu') },
      })
    }
  }
}

const clientFailure = await install('bare')
if (clientFailure !== undefined) throw new Error(`the openai client cannot be installed: ${clientFailure}`)
const emulator = forkScript('./emulator-child.js')
const { url, failure: emulatorFailure } = await answerOf(emulator)
if (url === undefined) throw new Error(`the emulator cannot be started: ${emulatorFailure}`)

for (const kind of /** @type {const} */ (['chat', 'stream'])) {
  if (wanted.length > 0 && !wanted.some((name) => name.startsWith(`overhead.${kind}`))) continue
  await compare(kind, `${url}/v1`)
}
emulator.disconnect()
