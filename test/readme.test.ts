import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { clientsTable, metricsTable, replaceBetween, selfMetricsTable } from '../docs/tables.js'
import { SUPPORTED } from '../instrumentation/supported.js'
import { attributesOf, CATALOGUE, instrumentKind } from '../src/catalogue.js'
import { SELF_METRICS } from '../src/sdk/telemetry.js'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const readme = read('README.md')

describe('the README', () => {
  test('has the tables that follow from the code (npm run docs writes them)', () => {
    const metrics = metricsTable(CATALOGUE, { instrumentKind, attributesOf })
    expect(replaceBetween(readme, 'metrics', metrics)).toBe(readme)
    expect(replaceBetween(readme, 'self-metrics', selfMetricsTable(SELF_METRICS))).toBe(readme)
    expect(replaceBetween(readme, 'clients', clientsTable(SUPPORTED))).toBe(readme)
  })

  test('names no npm script that does not exist', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    const named = [...readme.matchAll(/npm run ([a-z:]+(?:-[0-9])?)/g)].map((match) => match[1])
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !scripts.includes(name ?? ''))).toEqual([])
  })

  test('names no example and no page that does not exist', () => {
    const linked = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1] ?? '')
    expect(linked.length).toBeGreaterThan(5)
    for (const path of linked) expect(read(path).length).toBeGreaterThan(0)
  })
})
