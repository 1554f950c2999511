/** The configuration in the words of the store. */
import type { Retention, StoreLocation, StoreOptions } from '../store/store.js'
import type { Config } from './schema.js'

const DAY_MS = 86_400_000

export type StoreSettings = { readonly location: StoreLocation; readonly options: StoreOptions }

export function storeSettings(config: Config): StoreSettings {
  const { store, data } = config
  const { path = data, url, cluster, username, password, requestTimeout } = store
  const location = url === undefined ? { path } : { url, cluster, username, password, requestTimeoutMs: requestTimeout }
  return {
    location,
    options: {
      ...retentionOf(config),
      database: store.database,
      memoryBytes: store.memoryLimit,
      concurrentQueries: store.concurrentQueries,
    },
  }
}

/** How much of the history is to be kept. */
export function retentionOf(config: Config): Retention {
  return { retentionDays: keptDaysOf(config), maxBytes: config.store.maxBytes }
}

/** Days each tier is kept. */
export function keptDaysOf({ store: { retention } }: Config): { readonly [tier in keyof typeof retention]: number } {
  const days = Object.entries(retention).map(([tier, milliseconds]) => [tier, milliseconds / DAY_MS])
  return Object.fromEntries(days)
}
