/** What needs somebody: alerts as they stand, budgets, and what happened. */
import { AlertsPanel, HistoryPanel, RULES, RulesPanel } from '../alert-panels.js'
import { useAnswer } from '../asking.js'
import { BudgetPanel } from '../budget-panel.js'

export function Alerts() {
  const rules = useAnswer(RULES)
  return (
    <div class="grid">
      <AlertsPanel rules={rules.answer?.rules ?? []} />
      <BudgetPanel />
      <RulesPanel asked={rules} />
      <HistoryPanel />
    </div>
  )
}
