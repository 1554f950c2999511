/** Asks every request for its token, on every route and where there is none. */
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Sessions } from './sessions.js'
import { allows, type Principal, type Scope, type Tokens } from './tokens.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token must allow to come here; `open`: nothing, since what is here is for everybody. @default 'admin' */
    readonly scope?: Scope | 'open'
  }
  interface FastifyRequest {
    /** Whose token came with the request; absent where no tokens are configured. */
    principal?: Principal
  }
}

/** An error as fastify answers it. */
class Denied extends Error {
  override readonly name = 'Denied'

  constructor(
    message: string,
    readonly statusCode: 401 | 403,
    readonly headers: { readonly [name: string]: string } = {},
  ) {
    super(message)
  }
}

const REALM = 'Bearer realm="tokmeter"'

/**
 * A hook for `onRequest`. A route says by `config: { scope }` what it needs; one that does not, needs `admin`; a path that is no
 * route needs any token at all, so that nobody learns without one which routes there are. Without tokens everything is allowed to
 * who is on this machine (see `checkBinding`); a page in its browser is not, though a name of the page's own may lead here.
 * Where `read` is enough, a session stands for a token; nothing else is ever done by a cookie.
 */
export function createAccessHook(tokens: () => Tokens, sessions?: Sessions) {
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    const known = tokens()
    const scope = request.is404 ? undefined : (request.routeOptions.config.scope ?? 'admin')
    if (scope === 'open') return
    if (known.isEmpty) {
      if (scope === 'read' || scope === 'admin') checkHost(request)
      return
    }
    const token = bearerToken(request.headers.authorization)
    if (token === undefined && scope === 'read') {
      const reader = sessions?.principal(request)
      if (reader !== undefined) {
        request.principal = reader
        return
      }
    }
    if (token === undefined) {
      throw new Denied('a bearer token is needed: Authorization: Bearer <token>', 401, { 'www-authenticate': REALM })
    }
    const principal = await known.recognise(token)
    if (principal === undefined) {
      throw new Denied('the token is not known here', 401, { 'www-authenticate': `${REALM}, error="invalid_token"` })
    }
    if (scope !== undefined && !allows(principal.scopes, scope)) {
      throw new Denied(`the token does not allow this: it needs the scope ${scope}`, 403, {
        'www-authenticate': `${REALM}, error="insufficient_scope", scope="${scope}"`,
      })
    }
    request.principal = principal
  }
}

/** Makes `app` ask every request for its token. To be called on the root, before its routes. `tokens` is asked each time: they may change. */
export function requireTokens(app: FastifyInstance, tokens: () => Tokens, sessions?: Sessions): void {
  app.decorateRequest('principal')
  app.addHook('onRequest', createAccessHook(tokens, sessions))
}

// DNS rebinding: to the browser a page of evil.example whose name now leads to 127.0.0.1 is at home here, and may read all it finds.
// Only the name it asks by gives it away. What is sent to be kept is not read by anybody, and need not be looked at.
function checkHost(request: FastifyRequest): void {
  if (isPrivateName(request.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase())) return
  throw new Denied(
    'without tokens this is only for who asks by an address, or by a name that is private: configure tokens',
    403,
  )
}

/** Whether nobody on the internet can have `host` for a name of theirs: `localhost`, `host.docker.internal`, `collector`. */
function isPrivateName(host: string): boolean {
  return isIP(host) !== 0 || /^[^.]+$/.test(host) || /\.(localhost|internal)$/.test(host)
}

// RFC 6750, 2.1: the only way a token comes. In a query it would end up in logs.
function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1]
}
