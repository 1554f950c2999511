/** `tokmeter rules`: writes the rules of a configuration out for Prometheus. */
import { type Command, textOf, WrongUse } from './command.js'
import { DATA_OPTIONS, loadGiven } from './config-options.js'

export const rules: Command = {
  name: 'rules',
  summary: 'write the rules of alerts out as alerting rules of Prometheus',
  options: {
    ...DATA_OPTIONS,
    format: { type: 'string', short: 'f', value: 'format', description: 'prometheus, which is the only one' },
    naming: {
      type: 'string',
      value: 'naming',
      description:
        'page: names as the pages of the collector and the SDK have them; otlp: as Prometheus names what it receives by OTLP (default: page)',
    },
  },
  details: [
    'Example: tokmeter rules --format prometheus --naming otlp --config tokmeter.yaml > tokmeter-rules.yml',
    '',
    'What PromQL cannot say is named in a comment of the file: rules in code, anomalies, dimensions the metrics do not have.',
    'Percentiles are told from the buckets of the histograms, and so less exactly than the collector does.',
  ].join('\n'),

  async run(given, { output }) {
    const format = textOf(given, 'format') ?? 'prometheus'
    if (format !== 'prometheus') throw new WrongUse(`--format must be prometheus; got ${format}`)
    const [{ createRule }, { prometheusRules }, { NAMINGS }, { budgetsOf }, { loadUserModule }] = await Promise.all([
      import('../alert/rules.js'),
      import('../alert/prometheus-rules.js'),
      import('../alert/promql.js'),
      import('../config/budget-settings.js'),
      import('../user-module.js'),
    ])
    const naming = NAMINGS.find((one) => one === (textOf(given, 'naming') ?? 'page'))
    if (naming === undefined)
      throw new WrongUse(`--naming must be ${NAMINGS.join(' or ')}; got ${textOf(given, 'naming')}`)
    const { config } = loadGiven(given)
    const budgets = budgetsOf(config)
    const { rulesInCode } = await loadUserModule(config.views)
    const sources = {
      budgets: { find: (name: string) => budgets.find((one) => one.name === name), statuses: () => [] },
      anomalies: async () => [],
    }
    const all = [...config.alerts.rules, ...rulesInCode].map((rule) => createRule(rule, sources))
    output.write(prometheusRules(all, naming))
    return 0
  },
}
