/** Serves the Prometheus page. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyPluginCallback, RouteShorthandOptions } from 'fastify'
import { PAGE_TYPE } from './telemetry.js'

const compress = promisify(gzip)

/** `gzip`, unless its weight is 0: then it is refused. */
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/

/** A fastify plugin that serves `page` at `path`. */
export function createMetricsPage({
  path,
  page,
}: {
  path: string
  page: () => Promise<string>
}): FastifyPluginCallback {
  return (app, _, done) => {
    app.get(path, { config: { scope: 'read' } } as RouteShorthandOptions, async (request, reply) => {
      const text = await page()
      reply.header('content-type', PAGE_TYPE).header('vary', 'accept-encoding')
      if (!TAKES_GZIP.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(text)
      return reply.header('content-encoding', 'gzip').send(await compress(text))
    })
    done()
  }
}
