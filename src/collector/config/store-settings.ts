/** The configuration in the words of the store. */
import type { StoreLocation, StoreOptions } from '../store/store.js'
import type { Config } from './schema.js'

const DAY_MS = 86_400_000

export type StoreSettings = { readonly location: StoreLocation; readonly options: StoreOptions }

export function storeSettings({ store, data }: Config): StoreSettings {
  const { path = data, url, cluster, username, password, requestTimeout, retention } = store
  const location = url === undefined ? { path } : { url, cluster, username, password, requestTimeoutMs: requestTimeout }
  const days = Object.entries(retention).map(([tier, ms]) => [tier, ms / DAY_MS])
  return {
    location,
    options: {
      database: store.database,
      retentionDays: Object.fromEntries(days),
      maxBytes: store.maxBytes,
      memoryBytes: store.memoryLimit,
      concurrentQueries: store.concurrentQueries,
    },
  }
}
