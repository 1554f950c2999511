/** A dashboard of panels as Grafana's JSON: how every dashboard looks, and what each has at its head. */

import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge'
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Heatmap } from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { attribute, metric } from './expressions.js'
import { labelOf, metricOf, prometheusName } from './metric-names.js'

/**
 * @typedef {{ expr: string, legend?: string }} Query `legend` as Grafana writes it: `{{gen_ai_request_model}}`
 * @typedef {{
 *   title: string, description: string, unit: string, queries: readonly Query[],
 *   kind?: 'timeseries' | 'stacked' | 'stat' | 'bars' | 'heatmap',
 *   width?: number, max?: number, thresholds?: readonly [color: string, from: number | null][],
 *   none?: string,
 *   mayBeEmpty?: true
 * }} Panel `none`: what is shown where there is no data. `mayBeEmpty`: it tells of something that need not have happened
 * @typedef {{ title: string, panels: readonly Panel[] }} Row
 * @typedef {{ uid: string, title: string, description: string, variables: readonly Variable[], rows: readonly Row[] }} Dashboard
 * @typedef {'job' | 'provider' | 'model' | 'operation' | 'agent' | 'tool'} Variable
 */

const DATASOURCE = { type: 'prometheus', uid: '$datasource' }
const FULL_WIDTH = 24

/** What a variable chooses: an attribute, and the metric whose values it offers. @type {Record<Variable, { attribute: string, of: string, label: string }>} */
const VARIABLES = {
  job: { attribute: 'job', of: metric.inferenceDuration, label: 'Source' },
  provider: { attribute: attribute.providerName, of: metric.inferenceDuration, label: 'Provider' },
  model: { attribute: attribute.requestModel, of: metric.inferenceDuration, label: 'Model' },
  operation: { attribute: attribute.operationName, of: metric.inferenceDuration, label: 'Operation' },
  agent: { attribute: attribute.agentName, of: metric.invokeAgentDuration, label: 'Agent' },
  tool: { attribute: attribute.toolName, of: metric.executeToolDuration, label: 'Tool' },
}

/** The matchers that the variables of a dashboard put on its series. @param {readonly Variable[]} variables */
export function filtersOf(variables) {
  return Object.fromEntries(variables.map((name) => [VARIABLES[name].attribute, `=~"$${name}"`]))
}

/** @param {Dashboard} dashboard @param {import('./metric-names.js').Naming} naming @param {string} [jobsOf] the metric whose jobs are offered */
export function buildDashboard({ uid, title, description, variables, rows }, naming, jobsOf) {
  const suffix = naming === 'page' ? '' : '-otlp'
  const builder = new DashboardBuilder(naming === 'page' ? title : `${title} (OTLP)`)
    .uid(`${uid}${suffix}`)
    .description(description)
    .tags(['tokmeter', `tokmeter-${naming}`])
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .link(
      new DashboardLinkBuilder('tokmeter')
        .type(/** @type {never} */ ('dashboards'))
        .tags(['tokmeter', `tokmeter-${naming}`])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
  for (const name of variables) builder.withVariable(variableOf(name, naming, jobsOf))
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title))
    for (const panel of row.panels) builder.withPanel(panelOf(panel))
  }
  return builder.build()
}

/** @param {Variable} name @param {import('./metric-names.js').Naming} naming @param {string} [jobsOf] */
function variableOf(name, naming, jobsOf) {
  const { attribute: of, of: given, label } = VARIABLES[name]
  const row = metricOf(name === 'job' ? (jobsOf ?? given) : given)
  const series = `${prometheusName(row, naming)}${row.kind === 'histogram' ? '_count' : ''}`
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(`label_values(${series}, ${labelOf(of)})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' })
    .hide(VariableHide.DontHide)
}

const BUILDERS = {
  timeseries: () => lines(),
  stacked: () => lines().fillOpacity(40).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A')),
  stat: () =>
    new Stat()
      .graphMode(BigValueGraphMode.Area)
      .colorMode(BigValueColorMode.Value)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields('')),
  bars: () =>
    new BarGauge()
      .orientation(VizOrientation.Horizontal)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields('')),
  heatmap: () => new Heatmap().calculate(false),
}

function lines() {
  return new TimeSeries()
    .lineWidth(1)
    .fillOpacity(8)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['mean', 'max', 'lastNotNull']),
    )
}

/** @param {Panel} panel */
function panelOf({ title, description, unit, queries, kind = 'timeseries', width, max, thresholds, none = 'no data' }) {
  const isNow = kind === 'stat' || kind === 'bars'
  const panel = BUILDERS[kind]()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .noValue(none)
    .height(isNow && kind === 'stat' ? 4 : 8)
    .span(width ?? (kind === 'stat' ? 4 : FULL_WIDTH / 2))
  if (kind !== 'heatmap') panel.min(0)
  if (max !== undefined) panel.max(max)
  const steps = thresholds ?? [['blue', null]]
  panel.thresholds(
    new ThresholdsConfigBuilder()
      .mode(ThresholdsMode.Absolute)
      .steps(steps.map(([color, value]) => ({ color, value }))),
  )
  queries.forEach(({ expr, legend = '' }, index) => {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .datasource(DATASOURCE)
      .expr(expr)
      .legendFormat(legend)
    if (kind === 'heatmap') query.format(PromQueryFormat.Heatmap).range()
    else if (isNow) query.instant()
    else query.range()
    panel.withTarget(query)
  })
  return panel
}
