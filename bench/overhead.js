/**
 * What measuring adds to a call of the openai client, beside what other instrumentations add: each in a process of its own, in which the
 * client bare is called as often. Prints JSON lines.
 */
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
/** Rounds of what is measured that do not count, after the warm-up. */
const DISCARDED = 1

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
 * @param {boolean} isInProcess
 * @returns {Promise<Child | string>}
 */
async function startVariant(variant, baseURL, isInProcess) {
  const child = forkScript('./overhead-child.js', [variant, baseURL, ...(isInProcess ? ['in-process'] : [])])
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
 * What is measured, by its name. `warmUp`: the calls made before. `settings`: tokmeter as it comes, and with `spans: false`, as those have
 * it who measure only.
 *
 * Over HTTP, as a service calls: there a call costs the client ten to thirty times what an instrumentation adds, and varies by as much as
 * that. And with the same answers given in the process itself, which tells one instrumentation from another.
 *
 * A round is so long that it has several collections of garbage in it: what an instrumentation makes the collector do belongs to what it
 * adds, and of short rounds the middle half would be those without one. The warm-up is as many calls as Node takes to be done compiling
 * them: what a service runs is warm. Profiles say that it is not done after 3,000: what tokmeter itself takes is 32 µs a call from there to
 * 6,000, and 20 from 4,000 to 8,000. And rather more generations than more rounds of each, since it is generations that differ.
 *
 * Chunks come one by one, as from a model: sent all at once they are read several at a time, the more the slower the reader, and slow
 * would look like fast. So streams over HTTP are paced, many are open at the same time, and only CPU time tells. They are warmed up by
 * short ones: what is done once for each stream is to be as warm as the rest, and long ones would take hours.
 */
const MEASURES = {
  'overhead.chat': {
    order: { kind: 'chat', count: 125, turns: 8 },
    warmUp: { rounds: 16, order: { kind: 'chat', count: 125, turns: 8 } },
    rounds: 12,
    generations: 5,
    short: { rounds: 3, warmUpRounds: 1 },
    settings: ['tokmeter', 'tokmeter-metrics'],
  },
  'overhead.stream': {
    order: { kind: 'stream', count: 20, turns: 4, chunks: CHUNKS, chunkDelayMs: 2 },
    warmUp: { rounds: 200, order: { kind: 'stream', count: 20, turns: 4, chunks: 5 } },
    rounds: 15,
    generations: 4,
    short: { rounds: 3, warmUpRounds: 8 },
    settings: ['tokmeter'],
  },
  'overhead.chat.inprocess': {
    order: { kind: 'chat', count: 20, turns: 200 },
    warmUp: { rounds: 4, order: { kind: 'chat', count: 20, turns: 200 } },
    rounds: 20,
    generations: 5,
    short: { rounds: 3, warmUpRounds: 1 },
    settings: ['tokmeter', 'tokmeter-metrics'],
  },
  'overhead.stream.inprocess': {
    order: { kind: 'stream', count: 2, turns: 80, chunks: CHUNKS },
    warmUp: { rounds: 100, order: { kind: 'stream', count: 2, turns: 80, chunks: 5 } },
    rounds: 20,
    generations: 5,
    short: { rounds: 3, warmUpRounds: 5 },
    settings: ['tokmeter', 'tokmeter-metrics'],
  },
}

/**
 * Starts the variants. Who cannot be started does not take part, if he is a rival.
 * @param {readonly string[]} variants
 * @param {string} baseURL
 * @param {boolean} isInProcess
 * @param {Record<string, string>} failures By rival, why he does not: added to.
 */
async function startAll(variants, baseURL, isInProcess, failures) {
  /** @type {Record<string, Child>} */
  const children = {}
  for (const variant of variants) {
    const missing = variant in RIVALS ? (failures[variant] ?? (await install(variant))) : undefined
    const child = missing ?? (await startVariant(variant, baseURL, isInProcess))
    if (typeof child !== 'string') children[variant] = child
    else if (variant in RIVALS) failures[variant] = child
    else throw new Error(`${variant} cannot be started: ${child}`)
  }
  return children
}

/** The name of a result: of tokmeter as it comes, that of the measure. @param {string} measure @param {string} setting */
const nameOf = (measure, setting) => measure + setting.slice('tokmeter'.length).replace('-', '.')

/**
 * @typedef {import('./overhead-child.js').Round} Round
 * @typedef {{ calls: number, spans: number, measurements: number }} Counts
 */

/**
 * @param {keyof typeof MEASURES} measure
 * @param {string} baseURL
 */
async function compare(measure, baseURL) {
  const { order, settings, warmUp, short, ...long } = MEASURES[measure]
  const isInProcess = measure.endsWith('.inprocess')
  const isStream = order.kind === 'stream'
  const unit = isStream ? 'µs/chunk' : 'µs/call'
  const calls = (order.count * order.turns) / 2
  const units = isStream ? calls * CHUNKS : calls
  const names = [...settings, ...Object.keys(RIVALS)]
  const { rounds, generations, warmUpRounds } = isShort
    ? { ...short, generations: 1 }
    : { ...long, warmUpRounds: warmUp.rounds }
  progress(
    `${measure}: ${generations} times ${rounds} rounds of ${calls} calls by each of ${names.join(', ')}, and by the bare client beside each`,
  )
  /** @type {Record<string, Round[]>[]} */
  const results = []
  /** @type {Record<string, string>} */
  const failures = {}
  /** @type {Record<string, Counts>} */
  const counts = {}
  for (let generation = 0; generation < generations; generation++) {
    const children = await startAll(names, baseURL, isInProcess, failures)
    /** @param {object} message */
    const asking = (message) =>
      Object.fromEntries(Object.entries(children).map(([name, child]) => [name, () => child.ask(message)]))
    await alternate(asking(warmUp.order), { rounds: warmUpRounds, warmUp: 0 })
    results.push(await alternate(asking(order), { rounds, warmUp: DISCARDED }))
    for (const [name, child] of Object.entries(children)) {
      counts[name] = await child.ask({ kind: 'count' })
      child.end()
    }
  }
  for (const [name, { calls, spans, measurements }] of Object.entries(counts)) {
    if (spans > calls || measurements > calls)
      throw new Error(
        `BUG: ${name} made ${spans} spans and ${measurements} measurements of ${calls} calls: of bare ones too`,
      )
    if (!settings.includes(name)) continue
    if (spans !== (name === 'tokmeter' ? calls : 0) || measurements !== calls)
      throw new Error(`BUG: ${name} made ${spans} spans and ${measurements} measurements of ${calls} calls`)
  }

  /** @typedef {'wall' | 'cpu'} Clock */
  /**
   * Microseconds a variant adds in one round.
   * @param {Round} round
   * @param {Clock} clock
   */
  const addedIn = ({ instrumented, bare }, clock) => (instrumented[clock] - bare[clock]) / units
  /** @param {string} name @param {Clock} clock */
  const added = (name, clock) => estimate(results.map((rounds) => rounds[name].map((round) => addedIn(round, clock))))
  /**
   * By how much more one adds than another, round by round: both of one round saw the same machine.
   * @param {string} name
   * @param {string} than
   * @param {Clock} clock
   */
  const addedMore = (name, than, clock) =>
    estimate(
      results.map((rounds) =>
        rounds[name].map((round, index) => addedIn(round, clock) - addedIn(rounds[than][index], clock)),
      ),
    )
  // Wall time is what a user feels, and the noisier clock: it is used where it tells what each variant adds from noise.
  const isWallClear = Object.keys(results[0]).every((name) => {
    const { mean, error } = added(name, 'wall')
    return Math.abs(mean) > 3 * error
  })
  const clock = !isStream && isWallClear ? 'wall' : 'cpu'
  const bare =
    median(
      results.flatMap((rounds) =>
        Object.values(rounds)
          .flat()
          .map((round) => round.bare[clock]),
      ),
    ) / units

  for (const setting of settings) {
    const value = added(setting, clock).mean
    for (const [name, packageName] of Object.entries(RIVALS)) {
      const common = {
        name: nameOf(measure, setting),
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
      const rivalValue = added(name, clock).mean
      const difference = addedMore(setting, name, clock)
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
        wall: { ours: added(setting, 'wall'), theirs: added(name, 'wall') },
        cpu: { ours: added(setting, 'cpu'), theirs: added(name, 'cpu') },
      })
    }
  }
}

const clientFailure = await install('bare')
if (clientFailure !== undefined) throw new Error(`the openai client cannot be installed: ${clientFailure}`)
const emulator = forkScript('./emulator-child.js')
const { url, failure: emulatorFailure } = await answerOf(emulator)
if (url === undefined) throw new Error(`the emulator cannot be started: ${emulatorFailure}`)

for (const measure of /** @type {(keyof typeof MEASURES)[]} */ (Object.keys(MEASURES))) {
  const names = MEASURES[measure].settings.map((setting) => nameOf(measure, setting))
  if (wanted.length === 0 || names.some((name) => wanted.includes(name))) await compare(measure, `${url}/v1`)
}
emulator.disconnect()
