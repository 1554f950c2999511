/** How much is known of the calls of a model among some rows: of how many the usage, of how many the cost. */
import type { Parameters } from '../store/engine.js'
import type { Asker } from './asker.js'
import type { Coverage } from './head.js'
import { IS_CALL, summed } from './measures.js'

/** What is told of calls, and the column it is the sum of. It adds up. */
const COLUMNS = { calls: 'operations', with_usage: 'input_tokens_known', with_cost: 'cost_nano_dollars_known' }
export const COVERAGE_NAMES = Object.keys(COLUMNS)
export const COVERAGE_COLUMNS = ['operation', ...Object.values(COLUMNS)]

/** @param ofCalls of rows that are nothing but calls of a model */
export function coverageSql(ofCalls: boolean): string {
  return Object.entries(COLUMNS)
    .map(([name, column]) => `${summed(column, ofCalls ? undefined : IS_CALL)} AS ${name}`)
    .join(', ')
}

/** Of rows with the columns of `coverageSql`, each of operations of its own. */
export function coverageOf(rows: readonly { readonly [column: string]: unknown }[]): Coverage {
  const sum = (column: keyof typeof COLUMNS) => rows.reduce((total, row) => total + Number(row[column]), 0)
  const calls = sum('calls')
  const share = (known: keyof typeof COLUMNS) => (calls === 0 ? null : sum(known) / calls)
  return { calls, usage: share('with_usage'), cost: share('with_cost') }
}

/** @param rowsOf the SQL of the rows, with the columns that are wanted of them; `bound` is what it binds */
export async function coverageIn(
  { query }: Pick<Asker, 'query'>,
  rowsOf: (columns: readonly string[]) => string,
  bound: Parameters,
): Promise<Coverage> {
  const rows = await query<{ [column: string]: number }>(
    `SELECT ${coverageSql(false)}\nFROM (\n${rowsOf(COVERAGE_COLUMNS)}\n)`,
    bound,
  )
  return coverageOf(rows)
}
