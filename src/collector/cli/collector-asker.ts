/** Asks a running collector for rows and budgets, as rules ask the store. */
import type { Budget } from '../budget/budget.js'
import type { Answer } from '../query/ask.js'
import type { AskSeries } from '../query/kept-series.js'
import { askCollector } from './asking.js'
import type { Given } from './command.js'

export type CollectorAsker = {
  readonly rows: AskSeries
  /** Those it knows: of its configuration, and made by its API. */
  readonly budgets: () => Promise<readonly Budget[]>
}

export function createCollectorAsker(given: Given): CollectorAsker {
  const asked = async (question: string, body?: object) => {
    const json = { accept: 'application/json', ...(body && { body: JSON.stringify(body) }) }
    return JSON.parse(await askCollector(given, { question, parameters: [], ...json, isPatient: true })) as unknown
  }
  return {
    async rows({ range, interval, movingMs, measures, groupBy, filters, limit }) {
      const body = {
        start_time: range.start,
        end_time: range.end,
        interval,
        window: movingMs === undefined ? undefined : `${movingMs / 60_000}m`,
        metrics: measures,
        group_by: groupBy,
        filters,
        limit,
      }
      return (await asked('query', body)) as Answer
    },
    async budgets() {
      const { budgetOf, DEFINITION } = await import('../budget/definition.js')
      const { definitions } = (await asked('budgets')) as { definitions: readonly { readonly name: string }[] }
      return definitions.map((definition) => budgetOf(definition.name, DEFINITION.parse(own(definition))))
    },
  }
}

/** What a definition is told with besides. */
function own(definition: object): object {
  const { name: _, source: __, has_more_values: ___, ...rest } = definition as { [field: string]: unknown }
  return rest
}
