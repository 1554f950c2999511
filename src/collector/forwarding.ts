/** The forwarders of the configured targets: one each, begun and ended as the configuration has it. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { TargetConfig } from './config.js'
import { type ForwardCounts, Forwarder, type ForwarderOptions } from './forward/forwarder.js'
import type { DeliverySource, ForwardTarget } from './forward/target.js'
import { checkTls } from './security/tls.js'

export type ForwardingOptions = Pick<ForwarderOptions, 'onFailure' | 'onRejected'> & {
  /** What waits for a target; undefined for one nobody knows. */
  readonly sourceOf: (name: string) => DeliverySource | undefined
}

type Forwarders = Map<string, { readonly target: ForwardTarget; readonly forwarder: Forwarder }>

export class Forwarding {
  readonly #options: ForwardingOptions
  readonly #forwarders: Forwarders = new Map()

  constructor(options: ForwardingOptions, targets: readonly ForwardTarget[]) {
    this.#options = options
    this.#begin(targets)
  }

  /** By name of the target. */
  counts(): ReadonlyMap<string, ForwardCounts> {
    return new Map([...this.#forwarders].map(([name, { forwarder }]) => [name, forwarder.counts]))
  }

  /**
   * Ends the forwarders of targets that are gone or changed, their certificates included, and begins those that are missing. Between
   * the two `tellSource` tells where bodies come from of the new targets; when it rejects, all is as it was before, and so does this.
   */
  async change(targets: readonly ForwardTarget[], tellSource: () => Promise<void>): Promise<void> {
    const before = [...this.#forwarders.values()].map(({ target }) => target)
    const ending = [...this.#forwarders.values()].filter(
      ({ target }) => !targets.some((one) => isDeepStrictEqual(one, target)),
    )
    for (const { target } of ending) this.#forwarders.delete(target.name)
    await Promise.all(ending.map(({ forwarder }) => forwarder.close()))
    try {
      await tellSource()
    } catch (error) {
      this.#begin(before)
      throw error
    }
    this.#begin(targets)
  }

  /** Gives requests that are on their way so many milliseconds; what is not sent stays in the queue. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([...this.#forwarders.values()].map(({ forwarder }) => forwarder.close(withinMs)))
  }

  /** Begins those that are missing. */
  #begin(targets: readonly ForwardTarget[]): void {
    const { sourceOf, onFailure, onRejected } = this.#options
    for (const target of targets) {
      if (this.#forwarders.has(target.name)) continue
      const source = sourceOf(target.name)
      if (source === undefined) throw new Error(`BUG: the queue has no target ${target.name}`)
      const forwarder = new Forwarder({
        target,
        source,
        ...(onFailure && { onFailure }),
        ...(onRejected && { onRejected }),
      })
      this.#forwarders.set(target.name, { target, forwarder })
    }
  }
}

/** The target of a configuration, its files read. Throws, naming target and file, when one cannot be read or used. */
export function targetOf({ name, url, headers, timeout, requestsInFlight, retry, tls }: TargetConfig): ForwardTarget {
  const files = Object.entries(tls).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const read = Object.fromEntries(files.map(([what, path]) => [what, readPem(name, what, path)]))
  try {
    checkTls(read)
  } catch (error) {
    const paths = files.map(([, path]) => path).join(', ')
    throw new Error(`cannot use ${paths} for the target ${name}: ${(error as Error).message}`, { cause: error })
  }
  return {
    name,
    url,
    headers,
    timeoutMs: timeout,
    requestsInFlight,
    retry: { initialMs: retry.initial, maxMs: retry.max, multiplier: retry.multiplier },
    tls: read,
  }
}

function readPem(name: string, what: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { message } = error as Error
    throw new Error(`cannot read tls.${what} of the target ${name} from ${path}: ${message}`, { cause: error })
  }
}
