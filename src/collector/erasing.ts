/** Erases an identity from what is stored and from what waits to be stored. */
import { Refused } from './receive/intake.js'
import type { Store } from './store/store.js'
import { NotStoredYet, type StoreWriter } from './store-writer.js'

/** How long who wants an identity erased waits for the queue, in milliseconds. */
const ERASE_WITHIN_MS = 30_000

/** Resolves with the number of operations erased, of all that were acknowledged by now. */
export async function erase(writer: StoreWriter<Store>, hash: string): Promise<number> {
  try {
    return await writer.afterAllStored((store) => store.eraseIdentity(hash), ERASE_WITHIN_MS)
  } catch (error) {
    if (!(error instanceof NotStoredYet)) throw error
    const message = `nothing was erased: what waits in the queue has to be stored first, and was not within ${ERASE_WITHIN_MS / 1000} s`
    throw new Refused(`${message} (${error.message})`, { reason: 'store', retryAfterSeconds: 5 })
  }
}
