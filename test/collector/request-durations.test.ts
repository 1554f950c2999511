/** The requests of a real server, over real HTTP, as they are measured. */
import type { AddressInfo } from 'node:net'
import type { Attributes } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpServer } from '../../src/collector/receive/http-server.js'
import { Tokens } from '../../src/collector/security/tokens.js'
import { createTelemetry } from '../../src/collector/telemetry.js'

const measured: { seconds: number; attributes: Attributes }[] = []
const telemetry = createTelemetry({ version: '1', views: [], scopeLabels: false, sources: {}, onTrouble: () => {} })
const app = createHttpServer({
  tokens: () => new Tokens([]),
  onRequest(seconds, attributes) {
    measured.push({ seconds, attributes })
    telemetry.request(seconds, attributes)
  },
})
let url: string

beforeAll(async () => {
  app.get('/things/:name', async ({ params }) => params)
  app.put('/things/:name', async () => 'put')
  app.get('/fails', async () => {
    throw new Error('it fails')
  })
  app.get('/counted', async () => 'counted')
  app.get('/busy', async (_, reply) => reply.code(503).send())
  await app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await app.close()
  await telemetry.shutdown()
})

async function attributesOf(method: string, path: string): Promise<Attributes> {
  measured.length = 0
  const begin = performance.now()
  await (await fetch(`${url}${path}`, { method })).arrayBuffer()
  // It is measured when the last of the answer was sent, which whoever asked may have before.
  await expect.poll(() => measured.length).toBe(1)
  const [{ seconds, attributes } = { seconds: Number.NaN, attributes: {} }] = measured
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan((performance.now() - begin) / 1000)
  return attributes
}

test('a request is told by its method, the route it met and the status of its answer, and nothing that a stranger makes up', async () => {
  const of = (method: string, status: number, others: Attributes) => ({
    'http.request.method': method,
    'url.scheme': 'http',
    'http.response.status_code': status,
    ...others,
  })
  const route = { 'http.route': '/things/:name' }
  expect(await attributesOf('GET', '/things/one?secret=1')).toEqual(of('GET', 200, route))
  expect(await attributesOf('HEAD', '/things/two')).toEqual(of('HEAD', 200, route))
  expect(await attributesOf('PUT', '/things/one')).toEqual(of('PUT', 200, route))
  expect(await attributesOf('GET', '/nothing/of/this/name')).toEqual(of('GET', 404, {}))
  expect(await attributesOf('DELETE', '/fails')).toEqual(of('DELETE', 405, {}))
  expect(await attributesOf('PROPFIND', '/things/one')).toEqual(of('_OTHER', 404, {}))
  expect(await attributesOf('GET', '/fails')).toEqual(of('GET', 500, { 'http.route': '/fails', 'error.type': '500' }))
  expect(await attributesOf('GET', '/busy')).toEqual(of('GET', 503, { 'http.route': '/busy', 'error.type': '503' }))
})

test('on the page they are a histogram in seconds with the buckets of the conventions', async () => {
  for (const path of ['/counted', '/counted?again']) await attributesOf('GET', path)
  const page = await telemetry.page()
  expect(page).toContain('# HELP http_server_request_duration Duration of HTTP server requests.\n')
  expect(page).toContain('# TYPE http_server_request_duration histogram\n')
  const labels = 'http_request_method="GET",url_scheme="http",http_response_status_code="200",http_route="/counted"'
  const line = (suffix: string, le: string) => `http_server_request_duration${suffix}{${labels}${le}}`
  expect(page).toContain(`${line('_count', '')} 2\n`)
  const told = page.split('\n').filter((text) => text.startsWith(line('_bucket', ',le="').slice(0, -1)))
  expect(told.map((text) => /le="([^"]+)"/.exec(text)![1])).toEqual(
    '0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 +Inf'.split(' '),
  )
})
