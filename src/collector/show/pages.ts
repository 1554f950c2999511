/** Serves the dashboard at `/`: its files, which hold nothing that is anybody's, to whoever comes. What it shows it asks the API for. */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { type BuiltFile, type Encoding, readBuiltFiles } from './built-files.js'
import type { DashboardSettings } from './settings.js'
import type { SystemState } from './system-state.js'

// Nothing inline, nothing from elsewhere, nothing framed; and no text becomes markup, whoever may have written the page's code.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}
const YEAR_SECONDS = 31_536_000

const UNCACHED = { 'cache-control': 'no-store' }
const READ = { config: { scope: 'read' } } as RouteShorthandOptions
const OPEN = { config: { scope: 'open' } } as RouteShorthandOptions

export type PagesOptions = {
  readonly settings: () => DashboardSettings
  readonly system: () => SystemState
  /** @default those of the build */
  readonly files?: readonly BuiltFile[]
}

/** A fastify plugin. */
export function createPages({ settings, system, files = readBuiltFiles() }: PagesOptions): FastifyPluginCallback {
  return (app, _, done) => {
    app.get('/api/v1/dashboard', READ, async (_request, reply) => reply.headers(UNCACHED).send(settings()))
    app.get('/api/v1/system', READ, async (_request, reply) => reply.headers(UNCACHED).send(system()))
    for (const file of files) {
      const url = file.name === 'index.html' ? '/' : `/${file.name}`
      app.get(url, OPEN, async (request, reply) => send(file, request, reply))
    }
    if (files.length === 0) {
      app.get('/', OPEN, async (_request, reply) => {
        const message = 'the dashboard was not built: npm run build does it'
        return reply.code(404).send({ error: { code: 'NOT_FOUND', message } })
      })
    }
    done()
  }
}

function send(file: BuiltFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers({
    ...HEADERS,
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': file.isImmutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
  })
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  const encoding = encodingOf(String(request.headers['accept-encoding'] ?? ''), file)
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.type(file.type).send(file.bodies[encoding])
}

/** The smallest that is accepted. */
function encodingOf(accepted: string, { bodies }: BuiltFile): Encoding {
  const weights = new Map(
    accepted.split(',').map((part) => {
      const [name = '', weight] = part.split(/;\s*q=/)
      return [name.trim().toLowerCase(), weight === undefined ? 1 : Number(weight)]
    }),
  )
  return (
    (['br', 'gzip'] as const).find((encoding) => bodies[encoding] && (weights.get(encoding) ?? 0) > 0) ?? 'identity'
  )
}
