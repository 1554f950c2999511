/** Every file that follows from the catalogue, by its path below collector-config/. */
import { stringify } from 'yaml'
import { alertRules } from './alert-rules.js'
import { buildDashboard } from './dashboard.js'
import { agentsAndTools } from './dashboards/agents-and-tools.js'
import { collectorHealth } from './dashboards/collector-health.js'
import { cost } from './dashboards/cost.js'
import { overview } from './dashboards/overview.js'
import { performance } from './dashboards/performance.js'
import { metric } from './expressions.js'
import { NAMINGS } from './metric-names.js'
import { recordingRules } from './recording-rules.js'
import { ruleTests } from './rule-tests.js'

export const DASHBOARDS = [overview, cost, performance, agentsAndTools, collectorHealth]

/** The metric whose jobs a dashboard offers, where it is not that of inferences. @type {Record<string, string>} */
const JOBS_OF = {
  'tokmeter-agents-and-tools': metric.executeToolDuration,
  'tokmeter-collector': 'tokmeter.process.memory_rss',
}

/** @returns {{ path: string, text: string }[]} */
export function generatedFiles() {
  return NAMINGS.flatMap((naming) => {
    const yaml = (/** @type {string} */ name, /** @type {object} */ content, /** @type {string} */ about) => ({
      path: `prometheus/${naming}/${name}`,
      text: `# ${about}\n# Made from the catalogue of metrics by \`npm run config\`: change collector-config/generate/ instead.\n${stringify(content, { lineWidth: 0 })}`,
    })
    const how =
      naming === 'page' ? 'metrics scraped from /metrics' : 'metrics received by OTLP, whose names have units in them'
    return [
      ...DASHBOARDS.map((make) => {
        const dashboard = make(naming)
        const built = buildDashboard(dashboard, naming, JOBS_OF[dashboard.uid])
        return {
          path: `grafana/dashboards/${naming}/${dashboard.uid}.json`,
          text: `${JSON.stringify(built, null, 2)}\n`,
        }
      }),
      yaml('recording.yml', recordingRules(naming), `Recording rules for ${how}.`),
      yaml('alerts.yml', alertRules(naming), `Alerting rules for ${how}.`),
      yaml(
        'rules.test.yml',
        ruleTests(naming),
        `Unit tests of the rules for ${how}: promtool test rules rules.test.yml`,
      ),
    ]
  })
}
