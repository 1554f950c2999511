/** Logging in and out of the dashboard, where tokens are configured: a token is shown once, and a cookie stands for it from then on. */
import type { FastifyPluginCallback, RouteShorthandOptions } from 'fastify'
import * as z from 'zod'
import type { Sessions } from '../security/sessions.js'
import { allows, TOKEN_LENGTH_LIMIT, type Tokens } from '../security/tokens.js'

export type LoginOptions = {
  /** Asked each time: they may change. */
  readonly tokens: () => Tokens
  readonly sessions: Sessions
}

const OPEN = { config: { scope: 'open' }, bodyLimit: 4096 } as RouteShorthandOptions
const UNCACHED = { 'cache-control': 'no-store' }
const body = z.strictObject({ token: z.string().min(1).max(TOKEN_LENGTH_LIMIT) })

/** A fastify plugin. JSON alone is taken, which no form of another page can send. */
export function createLogin({ tokens, sessions }: LoginOptions): FastifyPluginCallback {
  return (app, _, done) => {
    app.post('/api/v1/session', OPEN, async (request, reply) => {
      reply.headers(UNCACHED)
      const given = body.safeParse(request.body)
      const refuse = (status: number, code: string, message: string) =>
        reply.code(status).send({ error: { code, message } })
      if (!given.success) return refuse(400, 'VALIDATION_ERROR', 'a body { "token": "…" } is needed')
      const principal = await tokens().recognise(given.data.token)
      if (principal === undefined) return refuse(401, 'UNAUTHORIZED', 'the token is not known here')
      if (!allows(principal.scopes, 'read'))
        return refuse(403, 'FORBIDDEN', 'the token does not allow this: it needs the scope read')
      sessions.begin(principal, request, reply)
      return reply.code(204).send()
    })
    app.delete('/api/v1/session', OPEN, async (request, reply) => {
      sessions.end(request, reply)
      // Answers are kept by the browser for some seconds: not for who comes next.
      return reply.headers(UNCACHED).header('clear-site-data', '"cache"').code(204).send()
    })
    done()
  }
}
