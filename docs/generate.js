/** Writes the tables of the README and of docs/scaling.md from the built code: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { SUPPORTED } from '../dist/instrumentation/supported.js'
import { attributesOf, CATALOGUE, instrumentKind } from '../dist/src/catalogue.js'
import { SELF_METRICS } from '../dist/src/sdk/telemetry.js'
import { withScalingTables } from './scaling-tables.js'
import { clientsTable, metricsTable, replaceBetween, selfMetricsTable } from './tables.js'

const file = new URL('../README.md', import.meta.url)
let text = readFileSync(file, 'utf8')
text = replaceBetween(text, 'metrics', metricsTable(CATALOGUE, { instrumentKind, attributesOf }))
text = replaceBetween(text, 'self-metrics', selfMetricsTable(SELF_METRICS))
text = replaceBetween(text, 'clients', clientsTable(SUPPORTED))
writeFileSync(file, text)

const scaling = new URL('scaling.md', import.meta.url)
writeFileSync(scaling, withScalingTables(readFileSync(scaling, 'utf8'), replaceBetween))
