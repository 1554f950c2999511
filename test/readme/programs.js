/** The JavaScript of a page as programs: put in their place, type-checked against the built package, and run with the real clients. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../demo/free-port.js'
import { ROOT } from './stage.js'

/** @typedef {{ source: string, place: string }} Program */

const SAMPLE_MODEL = 'gpt-4.1-nano'
/** What an application does between the start and the end. @param {number} port */
const callsOf = (port) => `const completion = await openai.chat.completions.create({
  model: '${SAMPLE_MODEL}',
  messages: [{ role: 'user', content: 'Say hello.' }],
})
if (completion.choices.length === 0) throw new Error('there is no answer')
const page = await (await fetch('http://127.0.0.1:${port}/metrics')).text()
if (!/^gen_ai_client_inference_duration_count\\{.*gen_ai_request_model="${SAMPLE_MODEL}".*\\} 1$/m.test(page)) throw new Error(page)`

/** A line alone, in an application that has OpenTelemetry and registers its provider a moment later. @param {string} line */
const around = (line) => `import { metrics } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { start } from 'tokmeter'

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
const meterProvider = new MeterProvider({ readers: [reader] })
const tokmeter = ${line}
metrics.setGlobalMeterProvider(meterProvider)
tokmeter.record({ operation: 'chat', provider: 'openai', requestModel: '${SAMPLE_MODEL}', startTime: Date.now(), durationMs: 5 })
await tokmeter.forceFlush()
await reader.forceFlush()
const names = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name)))
if (!names.includes('${line.includes('v1.41') ? 'gen_ai.client.operation.duration' : 'gen_ai.client.inference.duration'}')) throw new Error(\`measured: \${names}\`)
await tokmeter.shutdown()
await meterProvider.shutdown()
`

/**
 * A block with imports is a program, whose calls stand for its \`// …\`; in any other each line is a way of its own.
 * @param {import('./commands.js').Block} block
 * @returns {Promise<Program[]>}
 */
export async function programsOf({ text, place }) {
  if (!/^import /m.test(text)) {
    const lines = text.split('\n').map((line) => line.replace(/\s*\/\/ .*$/, ''))
    return lines.filter((line) => line !== '').map((line) => ({ source: around(line), place: `${place}, ${line}` }))
  }
  if (!/^\/\/ …$/m.test(text)) throw new Error(`${place}: no line "// …" says where the program goes on`)
  const port = await freePort()
  const source = text.replace(/\bport: \d+/g, `port: ${port}`).replace(/^\/\/ …$/m, callsOf(port))
  return [{ source, place }]
}

/** Type-checks and compiles them; the path of each. @param {import('./stage.js').Stage} stage @param {Program[]} programs */
export async function compiled({ folder, output }, programs) {
  const directory = join(folder, 'programs')
  mkdirSync(directory)
  for (const [index, { source }] of programs.entries()) writeFileSync(join(directory, `program-${index}.ts`), source)
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    outDir: 'built',
    rootDir: '.',
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  await output(`'${join(ROOT, 'node_modules/.bin/tsc')}' -p programs`)
  const paths = programs.map((_, index) => join(directory, 'built', `program-${index}.js`))
  for (const path of paths) if (!existsSync(path)) throw new Error(`${path} was not built`)
  return paths
}
