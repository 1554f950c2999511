/** What the collector tells of itself, and what it is told, beside what it receives: `/api/v1`. */
import type { FastifyPluginCallback, RouteShorthandOptions } from 'fastify'
import { imbalances, type WholeLedger } from './ledger.js'

export type ApiOptions = {
  readonly ledger: () => WholeLedger
  /** Without secrets. */
  readonly config: () => object
  /** Deletes what belongs to one hashed identity; resolves with how many operations that were. */
  readonly eraseIdentity: (hash: string) => Promise<number>
}

const scoped = (scope: string, others: RouteShorthandOptions = {}) =>
  ({ ...others, config: { scope } }) as RouteShorthandOptions
const UNCACHED = { 'cache-control': 'no-store' }
/** What the core makes of an identity. */
const HASH = /^[0-9a-f]{32}$/

/** A fastify plugin. */
export function createApi({ ledger, config, eraseIdentity }: ApiOptions): FastifyPluginCallback {
  return (app, _, done) => {
    app.get('/api/v1/ledger', scoped('read'), async (_request, reply) => {
      const snapshot = ledger()
      return reply.headers(UNCACHED).send({ ...snapshot, imbalances: imbalances(snapshot) })
    })
    app.get('/api/v1/config', scoped('admin'), async (_request, reply) => reply.headers(UNCACHED).send(config()))
    app.delete('/api/v1/identities/:hash', scoped('admin'), async (request, reply) => {
      const { hash } = request.params as { hash: string }
      if (!HASH.test(hash)) {
        const message = 'an identity is named by its hash of 32 hexadecimal digits, as it stands in the operations'
        return reply.code(400).send({ error: { code: 'BAD_REQUEST', message } })
      }
      return reply.headers(UNCACHED).send({ erased: await eraseIdentity(hash) })
    })
    done()
  }
}
