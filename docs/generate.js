/** Writes the tables of the README from the built code: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { SUPPORTED } from '../dist/instrumentation/supported.js'
import { attributesOf, CATALOGUE, instrumentKind } from '../dist/src/catalogue.js'
import { SELF_METRICS } from '../dist/src/sdk/telemetry.js'
import { clientsTable, metricsTable, replaceBetween, selfMetricsTable } from './tables.js'

const file = new URL('../README.md', import.meta.url)
let text = readFileSync(file, 'utf8')
text = replaceBetween(text, 'metrics', metricsTable(CATALOGUE, { instrumentKind, attributesOf }))
text = replaceBetween(text, 'self-metrics', selfMetricsTable(SELF_METRICS))
text = replaceBetween(text, 'clients', clientsTable(SUPPORTED))
writeFileSync(file, text)
