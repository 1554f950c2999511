/** Who may know whom, and where things may stand: the rules of the design, kept from the first day. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { CATALOGUE } from '../src/catalogue.js'
import { SELF_METRICS } from '../src/sdk/telemetry.js'
import * as semconv from '../src/semconv.js'
import { VERSION } from '../src/version.js'

type Import = { readonly specifier: string; readonly isTypeOnly: boolean }
type Source = { readonly path: string; readonly code: string; readonly imports: readonly Import[] }

const COLLECTOR = 'src/collector/'
const DASHBOARD = `${COLLECTOR}dashboard/`
const STAGES = ['buffer', 'processor', 'capture', 'events', 'otlp', 'prometheus', 'meters']

function read(folder: string): Source[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/(^|\/)(node_modules|dist)\//.test(name))
    .map((name) => join(folder, name))
    .map((path) => {
      const code = withoutComments(readFileSync(path, 'utf8'))
      return { path, code, imports: importsOf(code) }
    })
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;{(])\/\/.*$/gm, '$1')
}

function importsOf(code: string): Import[] {
  const statements = code.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"`;=]*?from\s*['"]([^'"]+)['"]/gm)
  const calls = code.matchAll(/(?:\bimport|\brequire)\s*\(\s*['"]([^'"]+)['"]/g)
  const bare = code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)
  return [
    ...[...statements].map(([, type, specifier]) => ({ specifier: specifier!, isTypeOnly: type !== undefined })),
    ...[...calls, ...bare].map(([, specifier]) => ({ specifier: specifier!, isTypeOnly: false })),
  ]
}

/** The file of ours an import means, from the root; `undefined` for a package. */
function target({ path }: Source, { specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const file = normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts')
  return existsSync(file) ? file : `${file}x`
}

const sources = read('src')
const instrumentation = read('instrumentation')
const core = sources.filter(({ path }) => dirname(path) === 'src' && path !== 'src/index.ts')
const sdk = sources.filter(({ path }) => path.startsWith('src/sdk/'))
const collector = sources.filter(({ path }) => path.startsWith(COLLECTOR))

/** The places where `isForbidden` holds, as `file: what`. */
function places(from: readonly Source[], isForbidden: (source: Source, imported: Import) => boolean): string[] {
  return from.flatMap((source) =>
    source.imports.filter((one) => isForbidden(source, one)).map(({ specifier }) => `${source.path}: ${specifier}`),
  )
}

function matching(from: readonly Source[], pattern: RegExp): string[] {
  return from.filter(({ code }) => pattern.test(code)).map(({ path }) => path)
}

test('the rules are applied to the files there are', () => {
  expect(core.length).toBeGreaterThan(10)
  expect(sdk.length).toBeGreaterThan(20)
  expect(instrumentation.length).toBeGreaterThan(0)
  expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(80)
})

test('the core imports only itself, the OpenTelemetry API and metrics SDK, Node, and for prices the price table', () => {
  const allowed = /^(node:.*|@opentelemetry\/(api|sdk-metrics))$/
  const wrong = places(core, (source, imported) => {
    const file = target(source, imported)
    if (file !== undefined) return dirname(file) !== 'src'
    const isPriceTable = imported.specifier === '@pydantic/genai-prices'
    return isPriceTable ? !basename(source.path).startsWith('price') : !allowed.test(imported.specifier)
  })
  expect(wrong).toEqual([])
})

test('the data type imports nothing, and nothing of the core imports the SDK', () => {
  expect(core.find(({ path }) => path === 'src/operation.ts')?.imports).toEqual([])
  expect(core.find(({ path }) => path === 'src/semconv.ts')?.imports).toEqual([])
})

test('the SDK and the collector know nothing of each other', () => {
  expect(places(sdk, (source, imported) => target(source, imported)?.startsWith(COLLECTOR) === true)).toEqual([])
  expect(places(collector, (source, imported) => target(source, imported)?.startsWith('src/sdk/') === true)).toEqual([])
  expect(
    places(sources, (source, imported) => target(source, imported)?.startsWith('instrumentation/') === true),
  ).toEqual([])
})

test('inside the SDK only start.ts knows several stages: a stage is handed its next', () => {
  const isStage = (source: Source, imported: Import) =>
    !imported.isTypeOnly && STAGES.some((stage) => target(source, imported) === `src/sdk/${stage}.ts`)
  const stagesOf = (source: Source) => source.imports.filter((imported) => isStage(source, imported)).length
  expect(sdk.filter((source) => stagesOf(source) > 1).map(({ path }) => path)).toEqual(['src/sdk/start.ts'])
  for (const stage of STAGES) expect(existsSync(`src/sdk/${stage}.ts`)).toBe(true)
})

test('the dashboard knows of the collector only what it asks: types', () => {
  const dashboard = collector.filter(({ path }) => path.startsWith(DASHBOARD))
  expect(dashboard.length).toBeGreaterThan(20)
  const wrong = places(dashboard, (source, imported) => {
    const file = target(source, imported)
    if (file === undefined) return !imported.isTypeOnly && imported.specifier.startsWith('tokmeter')
    return !file.startsWith(DASHBOARD) && !imported.isTypeOnly
  })
  expect(wrong).toEqual([])
  const others = collector.filter(({ path }) => !path.startsWith(DASHBOARD))
  expect(places(others, (source, imported) => target(source, imported)?.startsWith(DASHBOARD) === true)).toEqual([])
})

test('instrumentation imports only the public API, its own files and third parties', () => {
  const wrong = places(instrumentation, (source, imported) => {
    const file = target(source, imported)
    return file !== undefined && file !== 'src/index.ts' && !file.startsWith('instrumentation/')
  })
  expect(wrong).toEqual([])
})

test('the public API is re-exports only', () => {
  for (const path of ['src/index.ts', 'src/core.ts']) {
    const { code } = sources.find((source) => source.path === path)!
    const rest = code.replace(/export (type )?(\*|\{[^}]*\}) from '[^']+'/g, '').trim()
    expect(rest).toBe('')
  }
})

test('names of the conventions stand in semconv.ts, and where the collector reads dialects', () => {
  const isHome = (path: string) => path === 'src/semconv.ts' || path.startsWith(`${COLLECTOR}normalise/`)
  const all = [...sources, ...instrumentation]
  expect(matching(all, /['"`]gen_ai\./).filter((path) => !isHome(path))).toEqual([])
})

test('the environment is read in config.ts and nowhere else', () => {
  const homes = ['src/sdk/config.ts', `${COLLECTOR}config.ts`]
  const readers = matching([...sources, ...instrumentation], /process\s*(\?\.|\.)\s*env\b|\benv\b[^=]*=\s*process\b/)
  expect(readers.filter((path) => !homes.includes(path))).toEqual([])
  expect(readers).toContain('src/sdk/config.ts')
})

test('a guest never ends the process', () => {
  const enders = matching([...sources, ...instrumentation], /process\s*\.\s*(exit|abort|reallyExit)\b/)
  expect(enders.filter((path) => path !== `${COLLECTOR}main.ts`)).toEqual([])
})

test('every file has a subject: no utils, helpers, common, types or misc, and none past 350 lines but the tables', () => {
  const all = [...sources, ...instrumentation]
  const nameless = /^(utils?|helpers?|common|types|misc|tools|shared)\.tsx?$/
  expect(all.filter(({ path }) => nameless.test(basename(path))).map(({ path }) => path)).toEqual([])
  const tables = ['src/semconv.ts', 'src/catalogue.ts']
  const long = all.filter(({ path }) => readFileSync(path, 'utf8').trimEnd().split('\n').length > 350)
  expect(long.map(({ path }) => path).filter((path) => !tables.includes(path))).toEqual([])
})

test('every file opens by saying what it owns', () => {
  const silent = [...sources, ...instrumentation].filter(
    ({ path }) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(path, 'utf8')),
  )
  expect(silent.map(({ path }) => path)).toEqual([])
})

test('VERSION is that of package.json', () => {
  expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version)
})

test('every metric name belongs to a row of a table, and every row has a name of semconv.ts', () => {
  const inTables = new Set([...CATALOGUE, ...SELF_METRICS].map(({ name }) => name))
  expect([...inTables].sort()).toEqual(Object.values(semconv.metric).sort())
})

test('no name, attribute or event stands twice', () => {
  for (const names of [semconv.metric, semconv.attribute, semconv.event]) {
    expect(new Set(Object.values(names)).size).toBe(Object.values(names).length)
  }
})

test("tokmeter's own names carry its prefix, all others are the conventions'", () => {
  const names = [...Object.values(semconv.metric), ...Object.values(semconv.attribute), ...Object.values(semconv.event)]
  const foreign = names.filter((name) => !/^(gen_ai|tokmeter|openai|error|server|user)\./.test(name))
  expect(foreign).toEqual([])
})
