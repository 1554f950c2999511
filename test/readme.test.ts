import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { clientsTable, metricsTable, replaceBetween, selfMetricsTable } from '../docs/tables.js'
import { SUPPORTED } from '../instrumentation/supported.js'
import { attributesOf, CATALOGUE, instrumentKind } from '../src/catalogue.js'
import { SELF_METRICS } from '../src/sdk/telemetry.js'
import { blocksOf, commandsOf } from './readme/commands.js'
import { ELSEWHERE, isRunBy } from './readme/elsewhere.js'
import { forCommand, RUNS } from './readme/runs.js'

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

describe('what README.md and docs/collector.md tell to run', () => {
  const pages = ['README.md', 'docs/collector.md']
  const commands = pages.flatMap((name) => commandsOf(read(name), name))
  const all = [...RUNS, ...ELSEWHERE]

  test('is run, command by command: by test/readme/run.js as test/readme/runs.js says, or where test/readme/elsewhere.js says', () => {
    expect(commands.length).toBeGreaterThan(40)
    const unknown = commands.filter(({ command }) => forCommand(all, command) === undefined)
    expect(unknown.map(({ command, place }) => `${place}: ${command}`)).toEqual([])
  })

  test('and nothing is said there of commands that the pages have no more', () => {
    const used = new Set(commands.map(({ command }) => forCommand(all, command)))
    expect(all.filter((entry) => !used.has(entry)).map(({ command }) => command)).toEqual([])
  })

  test('where it is run elsewhere, that place does run it', () => {
    const { scripts } = JSON.parse(read('package.json'))
    const missing = ELSEWHERE.filter((entry) => !isRunBy(entry, read(entry.by), scripts))
    expect(missing.map(({ command, by }) => `${by}: ${command}`)).toEqual([])
    expect(read('.ci/run')).toContain('node test/readme/run.js')
  })

  test('and its blocks are of languages that test/readme/run.js runs', () => {
    const languages = new Set(pages.flatMap((name) => blocksOf(read(name), name).map(({ language }) => language)))
    expect([...languages].sort()).toEqual(['js', 'sh', 'yaml'])
  })

  test('commands are found in blocks, over several lines, and in sentences, without their comments', () => {
    const page = [
      'Say `npm run a -- --b`, or `a.b`, or `npm`.',
      '```sh',
      "A=1 node a.js && npm ci   # two, 'really'",
      "curl -d 'one",
      "  #2'   # and a comment",
      '```',
    ].join('\n')
    expect(commandsOf(page, 'P').map(({ command }) => command)).toEqual([
      'npm run a -- --b',
      'A=1 node a.js',
      'npm ci',
      "curl -d 'one\n  #2'",
    ])
  })
})
