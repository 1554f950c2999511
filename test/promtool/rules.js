/** Has Prometheus' and Alertmanager's own tools judge the rules and configurations of collector-config/. Needs Debian's packages `prometheus` and `prometheus-alertmanager`. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NAMINGS } from '../../collector-config/generate/metric-names.js'

const folder = fileURLToPath(new URL('../../collector-config/prometheus', import.meta.url))
let failed = 0

/** @param {string} what @param {string} command @param {readonly string[]} parameters @param {string} [cwd] */
function judge(what, command, parameters, cwd = folder) {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd, encoding: 'utf8' })
  console.log(`${status === 0 ? 'ok' : 'FAILED'} ${what}`)
  if (status === 0) return
  failed++
  console.log(error?.message ?? `${stdout}${stderr}`)
}

for (const naming of NAMINGS) {
  const here = join(folder, naming)
  judge(`the rules are right (${naming})`, 'promtool', ['check', 'rules', 'recording.yml', 'alerts.yml'], here)
  judge(`the rules pass their unit tests (${naming})`, 'promtool', ['test', 'rules', 'rules.test.yml'], here)
}
judge('prometheus.yml is right', 'promtool', ['check', 'config', 'prometheus.yml'])
judge('alertmanager.yml is right', 'amtool', ['check-config', 'alertmanager.yml'])

process.exitCode = failed === 0 ? 0 : 1
