/** The configuration in the words of the stages it is for. */
import { createIdentityHash, createPricer, type Pricer } from 'tokmeter/core'
import { storeSettings } from './config/store-settings.js'
import type { Config } from './config.js'
import { identityKeyOf } from './identity-key.js'
import type { ServerLimits } from './security/server-limits.js'
import type { TlsFiles } from './security/tls.js'
import { openStore, type Store } from './store/store.js'

/** Prices by the catalogue, and the file of the configuration as it is now. Throws when that cannot be read or is wrong. */
export function pricerOf({ prices: { file } }: Config): Pricer {
  return createPricer({ ...(file !== undefined && { file }) })
}

/** What hashes identities, or leaves them as they are. */
export function identityHashOf({ identities, data }: Config): (identity: string) => string {
  if (!identities.hash) return (identity) => identity
  return createIdentityHash(identities.key ?? identityKeyOf(data))
}

/** @param pressure How much ingest lacks what questions take. */
export function openConfiguredStore(config: Config, pressure?: () => number): Promise<Store> {
  const { location, options } = storeSettings(config)
  return openStore(location, { ...options, pressure })
}

export function queueOptions({ queue, forward }: Config) {
  return {
    directory: queue.path,
    maxBytes: queue.maxBytes,
    minFreeBytes: queue.minFreeBytes,
    commitDelayMs: queue.commit.maxDelay,
    commitBatches: queue.commit.maxBatches,
    seenWindowMs: queue.deduplicationWindow,
    seenIds: queue.deduplicationIds,
    targets: forward,
  }
}

/** The files of the server's certificate; undefined where it speaks plain HTTP. */
export function tlsFilesOf({ listen: { tls } }: Config): TlsFiles | undefined {
  const { cert, key, clientCa } = tls
  if (cert === undefined || key === undefined) return undefined
  return { cert, key, ...(clientCa !== undefined && { clientCa }) }
}

export function serverLimitsOf({ listen: { limits } }: Config): ServerLimits {
  return {
    maxConnections: limits.connections,
    maxHeaderBytes: limits.headers,
    headersTimeoutMs: limits.headersTimeout,
    requestTimeoutMs: limits.requestTimeout,
    keepAliveTimeoutMs: limits.keepAliveTimeout,
    idleTimeoutMs: limits.idleTimeout,
  }
}
