/** What needs somebody: alerts as they stand, budgets, and what happened. */
import { AlertsPanel, HistoryPanel, RulesPanel } from '../alert-panels.js'
import { BudgetPanel } from '../budget-panel.js'

export function Alerts() {
  return (
    <div class="grid">
      <AlertsPanel />
      <BudgetPanel />
      <RulesPanel />
      <HistoryPanel />
    </div>
  )
}
