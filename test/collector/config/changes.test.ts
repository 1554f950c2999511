import { expect, test } from 'vitest'
import { changesBetween } from '../../../src/collector/config/changes.js'
import { type Config, loadConfig } from '../../../src/collector/config.js'

const given = (options: { [path: string]: string }): Config => {
  const flags = Object.entries(options).map(([path, text]) => ({ name: '--set', path: path.split('.'), text }))
  return loadConfig({ directory: '/no/where', environment: {}, flags }).config
}
const token = (name: string) =>
  `[{ name: ${name}, hash: "sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}", scopes: [read] }]`

test('what can change while it runs is told from what waits for a restart', () => {
  const f = (
    before: { [path: string]: string },
    after: { [path: string]: string },
    live: string[],
    restart: string[],
  ) => expect(changesBetween(given(before), given(after))).toMatchObject({ live, restart })
  f({}, {}, [], [])
  f({ 'listen.port': '4318' }, {}, [], []) // the default, said or not
  f({}, { 'log.level': 'debug' }, ['log.level'], [])
  f({}, { 'log.format': 'json' }, [], ['log.format'])
  f({ tokens: token('a') }, { tokens: token('b') }, ['tokens'], [])
  f({}, { forward: '[{ url: "http://tempo:4318" }]' }, ['forward'], [])
  f({ forward: '[{ url: "http://a" }]' }, { forward: '[{ url: "http://a", timeout: 1s }]' }, ['forward'], [])
  f({}, { 'listen.cors.origins': 'https://a.example' }, ['listen.cors.origins'], [])
  f({}, { 'store.retention.raw': '7d', 'store.maxBytes': '1GiB' }, ['store.retention.raw', 'store.maxBytes'], [])
  f({}, { 'listen.port': '1', 'queue.maxBytes': '2GiB' }, [], ['listen.port', 'queue.maxBytes'])
  f({}, { data: '/var/lib/tokmeter' }, [], ['data', 'store.path', 'queue.path'])
  f({}, { 'log.level': 'warn', 'listen.host': '::1' }, ['log.level'], ['listen.host'])
})

test('what is in force afterwards has the live changes alone, and what waits is told again', () => {
  const running = given({ 'listen.cors.maxAge': '1h' })
  const next = given({ 'log.level': 'debug', 'listen.port': '1' })
  const { config } = changesBetween(running, next)
  expect(config).toEqual(given({ 'log.level': 'debug' }))
  expect(changesBetween(config, next)).toMatchObject({ live: [], restart: ['listen.port'] })
  expect(running.listen.cors.maxAge).toBe(3_600_000)
  expect(running.log.level).toBe('info')
})
