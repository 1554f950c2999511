/** The names in a PromQL expression: which metrics it reads, with which labels, by the parser of Prometheus' own editor. */
import { parser } from '@prometheus-io/lezer-promql'

/**
 * Labels are those matched on the metric itself, and those that something around it is grouped by.
 * @param {string} expression as Grafana has it
 * @returns {{ metrics: { name: string, labels: string[] }[], isValid: boolean }}
 */
export function namesIn(expression) {
  // Grafana's variables stand for durations and texts.
  const text = expression.replace(/\$__\w+/g, '5m')
  const tree = parser.parse(text)
  let isValid = true
  /** @type {{ name: string, labels: string[] }[]} */
  const metrics = []
  tree.iterate({
    enter(node) {
      if (node.type.isError) isValid = false
      if (node.name !== 'VectorSelector') return
      const name = node.node.getChild('Identifier')
      metrics.push({
        name: name === null ? '' : text.slice(name.from, name.to),
        labels: [...labelsIn(node.node, text), ...groupingAround(node.node, text)],
      })
    },
  })
  return { metrics, isValid }
}

/** @param {import('@lezer/common').SyntaxNode} node @param {string} text */
function labelsIn(node, text) {
  /** @type {string[]} */
  const labels = []
  node.toTree().iterate({
    enter: (inner) => {
      if (inner.name === 'LabelName') labels.push(text.slice(node.from + inner.from, node.from + inner.to))
    },
  })
  return labels
}

/** @param {import('@lezer/common').SyntaxNode} node @param {string} text */
function groupingAround(node, text) {
  /** @type {string[]} */
  const labels = []
  for (let around = node.parent; around !== null; around = around.parent) {
    const grouping = around.name === 'AggregateExpr' ? around.getChild('AggregateModifier') : null
    if (grouping !== null) labels.push(...labelsIn(grouping, text))
  }
  return labels
}
