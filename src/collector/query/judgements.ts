/** The endpoints that judge, by what the configuration says is good: health scores and anomalies. */
import type { AnomalySettings } from './anomaly/anomaly.js'
import { createAnomalies } from './anomaly/endpoint.js'
import type { Endpoint } from './endpoint.js'
import type { HealthSettings } from './health-score.js'
import { createHealthScores } from './health-scores.js'

/** @param settings in force now: they may change while the collector runs */
export function createJudgements(
  settings: () => { readonly health: HealthSettings; readonly anomalies: AnomalySettings },
): readonly Endpoint[] {
  return [createHealthScores(() => settings().health), createAnomalies(() => settings().anomalies)]
}
