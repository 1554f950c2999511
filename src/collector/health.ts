/** `/health`: the process is up. `/ready`: it can take and answer requests; when not, 503 with the reasons. */
import type { FastifyPluginCallback, RouteShorthandOptions } from 'fastify'

/** One thing that has to be well. Returns why it is not, or nothing. */
export type Check = {
  readonly name: string
  readonly look: () => string | undefined | Promise<string | undefined>
}

export type HealthOptions = {
  readonly checks: readonly Check[]
  readonly version: string
  /** Longest one look, in milliseconds; a check without an answer by then is not well. @default 2000 */
  readonly timeoutMs?: number
}

/** What somebody who watches the collector is told, and no more: with tokens, one that may read is needed. */
const route = { config: { scope: 'read' } } as RouteShorthandOptions
const UNCACHED = { 'cache-control': 'no-store' }

/** A fastify plugin. */
export function createHealth({ checks, version, timeoutMs = 2000 }: HealthOptions): FastifyPluginCallback {
  return (app, _, done) => {
    app.get('/health', route, async (_request, reply) => {
      return reply.headers(UNCACHED).send({ status: 'up', version, uptimeSeconds: Math.floor(process.uptime()) })
    })
    app.get('/ready', route, async (_request, reply) => {
      const looks = await Promise.all(checks.map((check) => reasonOf(check, timeoutMs)))
      const reasons = looks.filter((look) => look !== undefined)
      const isReady = reasons.length === 0
      return reply
        .code(isReady ? 200 : 503)
        .headers(UNCACHED)
        .send(isReady ? { status: 'ready' } : { status: 'not ready', reasons })
    })
    done()
  }
}

async function reasonOf({ name, look }: Check, timeoutMs: number) {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('it does not answer'), timeoutMs)
  })
  try {
    const reason = await Promise.race([(async () => look())(), late])
    return reason === undefined ? undefined : { check: name, reason }
  } catch (error) {
    return { check: name, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}
