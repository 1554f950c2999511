/**
 * The SDK that runs in this process, for those who are not handed it: instrumentations, and code far from the start.
 * Kept under a global symbol, so that two copies of this package in one process are one.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Operation } from '../operation.js'
import { measureWith, NO_HANDLE, type OperationHandle, type OperationStart, type ReadResult } from './capture.js'
import { reportOnce } from './report.js'
import type { UntestedClient } from './stats.js'

/** What the global holds. Its shape is a contract between copies of this package: change it, change the symbol. */
type Shared<Running> = {
  running: Running | undefined
  suppression: AsyncLocalStorage<boolean> | undefined
  readonly untestedClients: UntestedClient[]
}

/** The part of a running SDK that is used through here. */
type Running = {
  record(operation: Operation): void
  begin(start: OperationStart): OperationHandle
}

const KEY = Symbol.for('tokmeter.active.1')
const holder = globalThis as { [KEY]?: Shared<Running> }
holder[KEY] ??= { running: undefined, suppression: undefined, untestedClients: [] }
const shared: Shared<Running> = holder[KEY]

/** The SDK that runs, if one does. */
export function running<T extends Running>(): T | undefined {
  return shared.running as T | undefined
}

/** Makes `sdk` the one that runs, or none. */
export function setRunning(sdk: Running | undefined): void {
  shared.running = sdk
}

/** Records a finished operation with the SDK that runs. Without one nothing happens. Never throws. The operation must not be changed afterwards. */
export function record(operation: Operation): void {
  shared.running?.record(operation)
}

/** Begins a unit of work with the SDK that runs. Without one the handle does nothing. Never throws. */
export function begin(start: OperationStart): OperationHandle {
  return shared.running?.begin(start) ?? NO_HANDLE
}

/**
 * Runs `fn` as one operation: times it, records its failure, and throws what it throws.
 * @example const answer = await measure({ operation: 'execute_tool', toolName: 'search' }, () => search(query))
 */
export function measure<T>(
  start: OperationStart,
  fn: (handle: OperationHandle) => T,
  read?: ReadResult<Awaited<T>>,
): T {
  return measureWith(begin, start, fn, read)
}

/** Runs `fn` so that operations begun inside it, also later on by what it started, are not counted by the clients below: they are counted above. */
export function suppress<T>(fn: () => T): T {
  shared.suppression ??= new AsyncLocalStorage()
  return shared.suppression.run(true, fn)
}

/** Whether the caller runs inside `suppress`. Nothing is tracked until somebody suppresses for the first time. */
export function isSuppressed(): boolean {
  return shared.suppression?.getStore() === true
}

/** Makes a client library visible that cannot be relied on to be measured: its version is not a tested one, or its shape is not known. */
export function reportClient(client: { client: string; version: string | undefined; supported: boolean }): void {
  if (client.supported) return
  const { client: name, version } = client
  const known = shared.untestedClients.some((one) => one.client === name && one.version === version)
  if (known || shared.untestedClients.length >= 100) return
  shared.untestedClients.push({ client: name, version })
  const what = version === undefined ? name : `${name} ${version}`
  reportOnce(
    `TOKMETER_UNTESTED_${name}_${version}`,
    `${what} is not a version tokmeter was tested with; its calls may not be measured`,
  )
}

export function untestedClients(): readonly UntestedClient[] {
  return shared.untestedClients
}
