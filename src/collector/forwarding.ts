/** The forwarders of the configured targets: one each, begun and ended as the configuration has it. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { TargetConfig } from './config.js'
import { type ForwardCounts, Forwarder, type ForwarderOptions } from './forward/forwarder.js'
import type { DeliverySource, ForwardTarget } from './forward/target.js'

export type ForwardingOptions = Pick<ForwarderOptions, 'onFailure' | 'onRejected'> & {
  /** What waits for a target; undefined for one nobody knows. */
  readonly sourceOf: (name: string) => DeliverySource | undefined
}

export class Forwarding {
  readonly #options: ForwardingOptions
  readonly #forwarders = new Map<string, { readonly config: TargetConfig; readonly forwarder: Forwarder }>()

  constructor(options: ForwardingOptions, targets: readonly TargetConfig[]) {
    this.#options = options
    for (const target of targets) this.#begin(target)
  }

  /** By name of the target. */
  counts(): ReadonlyMap<string, ForwardCounts> {
    return new Map([...this.#forwarders].map(([name, { forwarder }]) => [name, forwarder.counts]))
  }

  /** Ends the forwarders of targets that are gone or changed. To be called before the queue is told of the new ones. */
  async end(targets: readonly TargetConfig[]): Promise<void> {
    const stays = ({ name, config }: { name: string; config: TargetConfig }) =>
      targets.some((target) => target.name === name && isDeepStrictEqual(target, config))
    const ending = [...this.#forwarders].filter(([name, { config }]) => !stays({ name, config }))
    for (const [name] of ending) this.#forwarders.delete(name)
    await Promise.all(ending.map(([, { forwarder }]) => forwarder.close()))
  }

  /** Begins those that are missing. To be called when the queue knows them. */
  begin(targets: readonly TargetConfig[]): void {
    for (const target of targets) if (!this.#forwarders.has(target.name)) this.#begin(target)
  }

  /** Gives requests that are on their way so many milliseconds; what is not sent stays in the queue. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([...this.#forwarders.values()].map(({ forwarder }) => forwarder.close(withinMs)))
  }

  #begin(config: TargetConfig): void {
    const { sourceOf, onFailure, onRejected } = this.#options
    const source = sourceOf(config.name)
    if (source === undefined) throw new Error(`BUG: the queue has no target ${config.name}`)
    const forwarder = new Forwarder({
      target: targetOf(config),
      source,
      ...(onFailure && { onFailure }),
      ...(onRejected && { onRejected }),
    })
    this.#forwarders.set(config.name, { config, forwarder })
  }
}

/** The target of a configuration, its files read. Throws, naming the file, when one cannot be. */
export function targetOf({ name, url, headers, timeout, requestsInFlight, retry, tls }: TargetConfig): ForwardTarget {
  const { ca, cert, key } = tls
  return {
    name,
    url,
    headers,
    timeoutMs: timeout,
    requestsInFlight,
    retry: { initialMs: retry.initial, maxMs: retry.max, multiplier: retry.multiplier },
    tls: {
      ...(ca !== undefined && { ca: readFileSync(ca) }),
      ...(cert !== undefined && { cert: readFileSync(cert) }),
      ...(key !== undefined && { key: readFileSync(key) }),
    },
  }
}
