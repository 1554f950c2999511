/** Views in code, through the built collector as a user runs it: a file of the user's beside which tokmeter is installed. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startCollector } from '../live/collector.js'
import { parsePage, type Sample } from '../prometheus-page.js'

// A whole collector is started for each, and other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A file of views in a project that has tokmeter installed. */
function project(name: string, code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokmeter-live-views-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/tokmeter'), 'dir')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(folder, name), code)
  return join(folder, name)
}

async function running(views: string) {
  const collector = await startCollector(['--set', `views=${views}`])
  onTestFinished(async () => {
    await collector.stop()
    collector.remove()
  })
  return collector
}

const event = (id: string, more: object = {}) => ({
  event_id: id,
  event_type: 'llm_request_completed',
  timestamp_ms: Date.now(),
  provider: 'openai',
  model: 'gpt-4o',
  input_tokens: 1000,
  output_tokens: 100,
  duration_ms: 45_000,
  server_address: 'api.openai.com',
  tags: { tenant: 'acme' },
  ...more,
})

async function samplesAfter(url: string, page: () => Promise<string>): Promise<readonly Sample[]> {
  const answer = await fetch(`${url}/api/v1/analytics/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([event('a'), event('b', { tags: { tenant: 'other' } })]),
  })
  expect(answer.status).toBe(202)
  return parsePage(await page()).samples
}

const VIEWS = `[
  ...latencyBuckets([1, 60], ['gen_ai.client.inference.duration']),
  ...dropAttributes(['server.address']),
  ...dropMetrics(['gen_ai.client.inference.operation.input_tokens']),
  tagAttributes('tenant'),
]`
const IMPORT = `import { dropAttributes, dropMetrics, latencyBuckets, tagAttributes } from 'tokmeter/views'`

function checkApplied(samples: readonly Sample[]): void {
  const durations = samples.filter(({ name }) => name === 'gen_ai_client_inference_duration_bucket')
  expect(durations.map(({ labels, value }) => [labels['tokmeter_tag_tenant'], labels['le'], value])).toEqual([
    ['acme', '1', 0],
    ['acme', '60', 1],
    ['acme', '+Inf', 1],
    ['other', '1', 0],
    ['other', '60', 1],
    ['other', '+Inf', 1],
  ])
  expect(samples.filter(({ labels }) => labels['server_address'] !== undefined)).toEqual([])
  expect(samples.filter(({ name }) => name.startsWith('gen_ai_client_inference_operation_input_tokens'))).toEqual([])
  const input = samples.filter(({ name }) => name === 'gen_ai_client_inference_usage_input_tokens_total')
  expect(input.map(({ labels, value }) => [labels['tokmeter_tag_tenant'], value])).toEqual([
    ['acme', 1000],
    ['other', 1000],
  ])
}

test('a tokmeter.config.js: buckets, attributes and metrics are those of the views', async () => {
  const { url, page } = await running(project('tokmeter.config.js', `${IMPORT}\nexport const views = ${VIEWS}\n`))
  checkApplied(await samplesAfter(url, page))
})

test('a tokmeter.config.ts: the same, on a Node that runs TypeScript; elsewhere the collector says why it does not start', async () => {
  const types = `import type { View } from 'tokmeter/views'`
  const file = project(
    'tokmeter.config.ts',
    `${IMPORT}\n${types}\nconst views: readonly View[] = ${VIEWS}\nexport default { views }\n`,
  )
  if (typeof (process.features as { typescript?: unknown }).typescript === 'string') {
    const { url, page } = await running(file)
    checkApplied(await samplesAfter(url, page))
    return
  }
  const cause = `Node ${process.version} does not run TypeScript; use Node 22.18 or later, or a .js file`
  const failure = await startCollector(['--set', `views=${file}`]).then(
    () => 'it started',
    (error: Error) => error.message,
  )
  expect(failure).toContain('the collector ended with 1')
  expect(failure).toContain(`cannot take views from ${file}: ${cause}`)
})

test('without tokmeter beside it, a file can still give OpenTelemetry’s own views', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokmeter-live-views-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'tokmeter.config.mjs')
  writeFileSync(
    file,
    `export const views = [{ instrumentName: 'gen_ai.client.inference.duration', aggregation: { type: 1 } }]\n`,
  )
  const { url, page } = await running(file)
  const samples = await samplesAfter(url, page)
  expect(samples.filter(({ name }) => name.startsWith('gen_ai_client_inference_duration'))).toEqual([])
  expect(samples.some(({ name }) => name === 'gen_ai_client_inference_usage_input_tokens_total')).toBe(true)
})
