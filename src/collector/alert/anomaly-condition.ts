/** What rules say of anomalies: what is found in the hour that is over and the one that is going on. */
import type { AnomalySettings } from '../query/anomaly/anomaly.js'
import { SEVERITIES } from '../query/anomaly/anomaly.js'
import { type Findings, type FindOptions, findAnomalies, SETTLED_AFTER_MS } from '../query/anomaly/finding.js'
import { labelOf } from './budget-conditions.js'
import type { Observed } from './rule.js'
import { filtersOf } from './rule-kinds.js'
import type { RuleSources } from './rules.js'

const HOUR = 3_600_000
/** Weeks of hours are looked at for one answer: it is asked once a minute, and for all rules of one shape together. */
const KEPT_MS = 60_000

export function createAnomalySource(
  settings: () => AnomalySettings,
  { hours, onlyOver = false }: Pick<FindOptions, 'hours' | 'onlyOver'> = {},
): RuleSources['anomalies'] {
  let found = new Map<string, Promise<Findings>>()
  let at = ''
  return async (options, asker) => {
    const { now } = asker
    // Of hours that are over another one is found with each, and again when it is settled.
    const moment = onlyOver
      ? `${Math.floor(now / HOUR)} ${Math.floor((now - SETTLED_AFTER_MS) / HOUR)}`
      : `${Math.floor(now / KEPT_MS)}`
    if (moment !== at) found = new Map()
    at = moment
    const [by] = options.groupBy
    const filters = filtersOf(options, 'operations')
    const key = JSON.stringify([by, filters])
    let finding = found.get(key)
    if (finding === undefined) {
      const range = { start: asker.now - HOUR, end: asker.now }
      finding = findAnomalies(asker, { settings: settings(), range, by, filters, hours, onlyOver })
      found.set(key, finding)
      // What failed is asked again at the next look.
      finding.catch(() => found.delete(key))
    }
    const { anomalies } = await finding
    const { types, least = 'warning' } = options
    const severities = SEVERITIES.slice(SEVERITIES.indexOf(least))
    const observed = new Map<string, Observed>()
    for (const { type, severity, entity, value, threshold } of anomalies) {
      if (!severities.includes(severity) || types?.includes(type) === false) continue
      const key = JSON.stringify([type, entity])
      const labels = { type, ...(by !== undefined && { [labelOf(by)]: entity ?? '' }) }
      // The latest comes first.
      if (!observed.has(key)) observed.set(key, { labels, verdict: 'breached', value, threshold })
    }
    return [...observed.values()]
  }
}
