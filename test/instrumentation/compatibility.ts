/**
 * Runs a scenario over a real client and real HTTP twice, without and with instrumentation, and compares all that the program can
 * see. Then checks what was counted.
 */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'vitest'
import { type Emulator, startEmulator } from '../../demo/emulator.js'
import type { Control } from '../../demo/faults.js'
import { type IdentifiedOperation, start, type Tokmeter } from '../../src/index.js'
import type { Any } from './client-under-test.js'

/** What a scenario works with. */
export type Scene = {
  readonly client: Any
  readonly Client: Any
  /** Request options that make the emulator behave so. */
  readonly emulate: (control: Control, options?: object) => object
  readonly emulator: Emulator
}

export type Row = {
  readonly name: string
  /** Whether this version of the client can do it. */
  readonly needs?: (scene: Scene) => boolean
  /** Does it, and returns what the program saw. */
  readonly run: (scene: Scene) => unknown
  /** What must be counted: exactly these operations, in this order, with at least these fields. `undefined` means absent. */
  readonly operations: readonly { readonly [field: string]: unknown }[]
  /** Looks at them more closely. */
  readonly check?: (operations: readonly IdentifiedOperation[]) => void
}

/** All that a program can see of a scenario. */
type Seen = {
  readonly returned: unknown
  readonly error: unknown
  readonly requests: readonly unknown[]
  readonly unhandledRejections: readonly unknown[]
}

export class Bench {
  readonly #emulator: Emulator
  readonly #tokmeter: Tokmeter
  readonly #operations: IdentifiedOperation[] = []
  readonly #makeClient: (url: string) => Any

  private constructor(emulator: Emulator, tokmeter: Tokmeter, makeClient: (url: string) => Any) {
    this.#emulator = emulator
    this.#tokmeter = tokmeter
    this.#makeClient = makeClient
    tokmeter.subscribe((operation) => {
      this.#operations.push(operation)
    })
  }

  static async open(makeClient: (url: string) => Any): Promise<Bench> {
    const tokmeter = start({ otlp: false, prometheus: false, registerGlobally: false })
    return new Bench(await startEmulator(), tokmeter, makeClient)
  }

  /** `undefined` where this version cannot do it. */
  async run(row: Row): Promise<Seen | undefined> {
    const emulator = this.#emulator
    const client = this.#makeClient(emulator.url)
    const emulate = (control: Control, options: object = {}) => ({
      ...options,
      headers: { 'x-emulate': JSON.stringify(control) },
    })
    const scene: Scene = { client, Client: client.constructor, emulate, emulator }
    if (row.needs?.(scene) === false) return undefined
    emulator.requests.length = 0
    const rejections = watchRejections()
    let returned: unknown
    let error: unknown
    try {
      returned = await Promise.race([row.run(scene), delay(3000, 'never settles', { ref: false })])
    } catch (thrown) {
      error = describeError(thrown)
    }
    const unhandledRejections = await rejections.stop()
    await until(() => emulator.requests.every((request) => request.outcome !== 'pending'))
    const requests = emulator.requests.map(
      ({ method, path, model, stream, includeUsage, retryCount, status, outcome }) =>
        JSON.stringify({ method, path, model, stream, includeUsage, retryCount, status, outcome }),
    )
    // Calls made at once come in any order.
    requests.sort()
    return { returned: seen(returned), error, requests, unhandledRejections }
  }

  /** The operations counted since the last time. */
  async counted(): Promise<IdentifiedOperation[]> {
    await nextTurn()
    await this.#tokmeter.forceFlush()
    await nextTurn()
    return this.#operations.splice(0)
  }

  async close(): Promise<void> {
    await this.#tokmeter.shutdown()
    await this.#emulator.close()
  }
}

/** Checks that `operations` are those the row expects. */
export function expectOperations(operations: readonly IdentifiedOperation[], row: Row): void {
  expect(operations.length, `operations: ${JSON.stringify(operations)}`).toBe(row.operations.length)
  for (const [index, expected] of row.operations.entries()) {
    const operation = operations[index] as { readonly [field: string]: unknown } | undefined
    for (const [field, value] of Object.entries(expected)) {
      expect(operation?.[field], `${field} of operation ${index}: ${JSON.stringify(operation)}`).toEqual(value)
    }
  }
  row.check?.(operations)
}

/** What tells one error from another. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { thrown: error }
  const { name, message, status, code, type, param, error: body } = error as Error & { [field: string]: unknown }
  const cause = error.cause instanceof Error ? { name: error.cause.name, message: error.cause.message } : undefined
  const classes: string[] = []
  for (let next = Object.getPrototypeOf(error); next !== null; next = Object.getPrototypeOf(next)) {
    classes.push(next.constructor.name)
  }
  return { classes, name, message, status, code, type, param, body, cause }
}

// Ports differ from run to run, and the rest of a value has to be a plain one to be compared.
function seen(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

// The test runner listens as well, and takes any rejection for a failure.
function watchRejections() {
  const before = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const rejections: unknown[] = []
  const listener = (error: unknown) => {
    rejections.push(describeError(error))
  }
  process.on('unhandledRejection', listener)
  return {
    async stop() {
      await nextTurn()
      await nextTurn()
      process.removeListener('unhandledRejection', listener)
      for (const one of before) process.on('unhandledRejection', one)
      return rejections
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 1000 && !condition(); waited += 5) await delay(5)
}
