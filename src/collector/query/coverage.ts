/** How much is known of the calls of a model among some rows: of how many the usage, of how many the cost. */
import type { Parameters } from '../store/engine.js'
import type { Asker } from './asker.js'
import type { Coverage } from './head.js'
import { IS_CALL } from './measures.js'

export const COVERAGE_SQL = `sumIf(operations, ${IS_CALL}) AS calls, sumIf(input_tokens_known, ${IS_CALL}) AS with_usage,
  sumIf(cost_nano_dollars_known, ${IS_CALL}) AS with_cost`
/** What `COVERAGE_SQL` tells; it adds up. */
export const COVERAGE_NAMES = ['calls', 'with_usage', 'with_cost']
export const COVERAGE_COLUMNS = ['operation', 'operations', 'input_tokens_known', 'cost_nano_dollars_known']

/** Of rows with the columns of `COVERAGE_SQL`, each of operations of its own. */
export function coverageOf(rows: readonly { readonly [column: string]: unknown }[]): Coverage {
  const sum = (column: string) => rows.reduce((total, row) => total + Number(row[column]), 0)
  const calls = sum('calls')
  const share = (known: string) => (calls === 0 ? null : sum(known) / calls)
  return { calls, usage: share('with_usage'), cost: share('with_cost') }
}

/** @param rowsOf the SQL of the rows, with the columns that are wanted of them; `bound` is what it binds */
export async function coverageIn(
  { query }: Pick<Asker, 'query'>,
  rowsOf: (columns: readonly string[]) => string,
  bound: Parameters,
): Promise<Coverage> {
  const rows = await query<{ [column: string]: number }>(
    `SELECT ${COVERAGE_SQL}\nFROM (\n${rowsOf(COVERAGE_COLUMNS)}\n)`,
    bound,
  )
  return coverageOf(rows)
}
