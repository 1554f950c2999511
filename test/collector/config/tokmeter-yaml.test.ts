import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { RULE_KINDS } from '../../../src/collector/alert/options.js'
import { everyOption, type Place, pathText, TOP } from '../../../src/collector/config/places.js'
import { loadConfig } from '../../../src/collector/config.js'

const file = new URL('../../../collector-config/tokmeter.yaml', import.meta.url).pathname
const text = readFileSync(file, 'utf8')
/** The file with its examples of entries in the place of the empty lists. */
const withExamples = text
  .replaceAll(/^( *\w+): \[\]$/gm, '$1:')
  .replaceAll(/^( *)# (- | {2}|# )/gm, (_, indent, rest) => `${indent}${rest}`)
/** What the examples take from the environment. */
const environment = {
  ALERT_WEBHOOK_URL: 'https://hooks.example.com/alerts',
  ALERT_WEBHOOK_SECRET: 'a secret',
  TEMPO_TOKEN: 't',
  CHECKOUT_TOKEN_HASH: `sha256:${'a'.repeat(64)}`,
}

type Values = { readonly [name: string]: unknown }

/** The options `values` has, as text; `null` counts. */
function namesIn(values: Values, { options }: Place = TOP): string[] {
  return [...options].flatMap(([name, place]) => {
    if (!Object.hasOwn(values, name)) return []
    const value = values[name]
    if (place.about === undefined) return namesIn((value ?? {}) as Values, place)
    const entries = place.about.kind === 'entries' && Array.isArray(value) ? (value as Values[]) : []
    return [pathText(place.path), ...entries.flatMap((entry) => namesIn(entry, place))]
  })
}

test('the file gives exactly the defaults', () => {
  const defaults = loadConfig({ directory: '/no/where', environment: {} }).config
  expect(loadConfig({ file, environment: {}, directory: '/no/where' }).config).toEqual(defaults)
})

test('the file has every option there is, and no other', () => {
  const names = everyOption(true).map(({ path }) => pathText(path))
  expect(names.length).toBeGreaterThan(50)
  expect([...new Set(namesIn(parse(withExamples) as Values))].sort()).toEqual([...names].sort())
})

test('the examples are valid, and but for what they have to name they are the defaults', () => {
  const directory = '/no/where'
  const [target] = loadConfig({ directory, environment: { TOKMETER_FORWARD: '[{ url: "http://x" }]' } }).config.forward
  const { forward, tokens, budgets, alerts } = parse(withExamples) as {
    forward: unknown
    tokens: unknown
    budgets: unknown
    alerts: { rules: Values[]; channels: unknown }
  }
  const replaced = (value: unknown) =>
    JSON.stringify(value).replace(/\$\{env:(\w+)\}/g, (_, name: keyof typeof environment) => environment[name])
  const { config } = loadConfig({
    directory,
    environment: {
      TOKMETER_FORWARD: replaced(forward),
      TOKMETER_TOKENS: replaced(tokens),
      TOKMETER_BUDGETS: replaced(budgets),
      TOKMETER_ALERTS_RULES: replaced(alerts.rules),
      TOKMETER_ALERTS_CHANNELS: replaced(alerts.channels),
    },
  })
  expect(config.forward).toEqual([
    { ...target, name: 'tempo', url: 'http://tempo.example.com:4318', headers: { authorization: 'Bearer t' } },
  ])
  expect(config.tokens).toEqual([
    { name: 'checkout-service', hash: environment.CHECKOUT_TOKEN_HASH, scopes: ['ingest'] },
  ])
  const least = '[{ name: chat-api, limitUsd: 100, period: month }]'
  const [budget] = loadConfig({ directory, environment: { TOKMETER_BUDGETS: least } }).config.budgets
  expect(config.budgets).toEqual([
    { ...budget, filters: { service: ['chat-api'], model: ['gpt-4o', 'gpt-4o-mini'] }, per: 'environment' },
  ])
})

test('the examples of alerts are of every kind, and a channel is as it is by default', () => {
  const directory = '/no/where'
  const { alerts } = parse(withExamples) as { alerts: { rules: Values[]; channels: Values[] } }
  expect(alerts.rules.map(({ kind }) => kind).sort()).toEqual([...RULE_KINDS].sort())
  const [given] = alerts.channels
  const least = JSON.stringify([{ name: 'on-call', kind: 'webhook', url: 'https://x.example' }])
  const full = JSON.stringify([{ ...given, url: 'https://x.example' }])
  const channelOf = (channels: string) =>
    loadConfig({ directory, environment: { TOKMETER_ALERTS_CHANNELS: channels, ...environment } }).config.alerts
      .channels[0]
  expect(channelOf(full)).toEqual({ ...channelOf(least), secret: given!['secret'] })
})

test('every option has a comment of its own or stands under one', () => {
  const lines = text.split('\n')
  const silent = lines.filter((line, index) => {
    const isSection = /^\w+:/.test(line)
    return isSection && !lines[index - 1]?.startsWith('#') && lines[index - 1] !== 'listen:'
  })
  // `log` explains its options one by one.
  expect(silent).toEqual(['log:'])
})

test('what reloads is marked so, and nothing else', () => {
  const isMarked = (name: string) => {
    const [section, inner] = name.split('.')
    const at = text.search(new RegExp(`^${section}:`, 'm'))
    const from = inner === undefined ? at : text.indexOf(`\n  ${inner}:`, at)
    const comment = text.slice(0, from).split('\n').reverse()
    const block = comment.slice(
      0,
      comment.findIndex((line) => line !== '' && !line.trim().startsWith('#')),
    )
    return block.join(' ').includes('Reloads')
  }
  const top = everyOption().map((place) => ({ name: pathText(place.path.slice(0, 2)), isLive: place.about!.isLive }))
  expect(top.filter(({ name, isLive }) => isMarked(name) !== isLive).map(({ name }) => name)).toEqual([])
})
