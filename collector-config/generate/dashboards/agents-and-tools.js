/** What agents, workflows and tools do, and how well. */
import { filtersOf } from '../dashboard.js'
import { AGENT, ERROR, expressions, metric, TOOL, WORKFLOW } from '../expressions.js'
import { labelOf } from '../metric-names.js'

const VARIABLES = /** @type {const} */ (['job', 'agent', 'tool'])
const agent = `{{${labelOf(AGENT)}}}`
const tool = `{{${labelOf(TOOL)}}}`
const FAILED = { [ERROR]: '!=""' }

/** @param {import('../metric-names.js').Naming} naming @returns {import('../dashboard.js').Dashboard} */
export function agentsAndTools(naming) {
  const q = expressions(naming, { filters: filtersOf(VARIABLES), window: '$__rate_interval' })
  const failedShare = (/** @type {string} */ name, /** @type {string} */ by) => {
    const all = q.countRateOf(name, [by])
    return `(${q.countRateOf(name, [by], FAILED)} or ${all} * 0) / (${all} > 0)`
  }
  return {
    uid: 'tokmeter-agents-and-tools',
    title: 'tokmeter / Agents and tools',
    description:
      'Agent runs, workflow runs and tool executions. The tokens and the money are those of the calls inside.',
    variables: VARIABLES,
    rows: [
      {
        title: 'Agents',
        panels: [
          {
            title: 'Agent runs a minute',
            description: 'By agent.',
            unit: 'short',
            kind: 'stacked',
            none: 'no agent ran',
            queries: [{ expr: `${q.countRateOf(metric.invokeAgentDuration, [AGENT])} * 60`, legend: agent }],
          },
          {
            title: 'Duration of agent runs p95',
            description: 'By agent, told from buckets.',
            unit: 's',
            none: 'no agent ran',
            queries: [{ expr: q.quantile(0.95, metric.invokeAgentDuration, [AGENT]), legend: agent }],
          },
          {
            title: 'Model calls of a run',
            description: 'Mean, by agent; those of sub-agents are their own.',
            unit: 'short',
            none: 'not told',
            queries: [{ expr: q.meanOf(metric.invokeAgentInferenceCalls, [AGENT]), legend: agent }],
          },
          {
            title: 'Tool calls of a run',
            description: 'Mean, by agent.',
            unit: 'short',
            none: 'not told',
            queries: [{ expr: q.meanOf(metric.invokeAgentToolCalls, [AGENT]), legend: agent }],
          },
          {
            title: 'Failed agent runs',
            description: 'Share of the runs, by agent.',
            unit: 'percentunit',
            none: 'no agent ran',
            queries: [{ expr: failedShare(metric.invokeAgentDuration, AGENT), legend: agent }],
          },
          {
            title: 'Duration of workflow runs p95',
            description: 'By workflow, told from buckets.',
            unit: 's',
            none: 'no workflow ran',
            queries: [
              {
                expr: q.quantile(0.95, metric.invokeWorkflowDuration, [WORKFLOW]),
                legend: `{{${labelOf(WORKFLOW)}}}`,
              },
            ],
          },
        ],
      },
      {
        title: 'Tools',
        panels: [
          {
            title: 'Tool executions a minute',
            description: 'By tool.',
            unit: 'short',
            kind: 'stacked',
            none: 'no tool ran',
            queries: [{ expr: `${q.countRateOf(metric.executeToolDuration, [TOOL])} * 60`, legend: tool }],
          },
          {
            title: 'Duration of tool executions p95',
            description: 'By tool, told from buckets.',
            unit: 's',
            none: 'no tool ran',
            queries: [{ expr: q.quantile(0.95, metric.executeToolDuration, [TOOL]), legend: tool }],
          },
          {
            title: 'Failed tool executions',
            description: 'Share of the executions, by tool.',
            unit: 'percentunit',
            none: 'no tool ran',
            queries: [{ expr: failedShare(metric.executeToolDuration, TOOL), legend: tool }],
          },
          {
            title: 'Tool errors a minute, by type',
            description: 'By tool and error.type.',
            unit: 'short',
            kind: 'stacked',
            none: 'no tool failed',
            mayBeEmpty: true,
            queries: [
              {
                expr: `${q.countRateOf(metric.executeToolDuration, [TOOL, ERROR], FAILED)} * 60`,
                legend: `${tool} {{${labelOf(ERROR)}}}`,
              },
            ],
          },
        ],
      },
    ],
  }
}
