/** Operations as the API lists them, page by page. */
import type { Operation } from 'tokmeter/core'
import type { Filters } from './address.js'
import { parametersOf, type Request } from './api.js'
import type { Span } from './range.js'

export type OperationsAnswer = {
  readonly operations: readonly Operation[]
  /** Null on the last page. */
  readonly next_cursor: string | null
}

export function operationsRequest(
  span: Span,
  filters: Filters,
  others: { readonly [name: string]: string },
): Request<OperationsAnswer> {
  // The list is asked for one conversation and one type at a time.
  const { error_type, conversation_id, ...lists } = filters
  const single = {
    ...(error_type && { error_type: error_type[0]! }),
    ...(conversation_id && { conversation_id: conversation_id[0]! }),
  }
  return { path: '/operations', parameters: parametersOf(span, lists, { ...single, ...others }) }
}

/** US dollars; null where unknown. */
export function costOf({ cost }: Operation): number | null {
  return cost === undefined ? null : cost.nanoDollars / 1e9
}

/** As it was asked for, or as it answered. */
export function modelOf({ requestModel, responseModel }: Operation): string {
  return requestModel ?? responseModel ?? ''
}

/** One list after the other; what is in both stands in the first. */
export function merged(latest: readonly Operation[], older: readonly Operation[]): readonly Operation[] {
  const ids = new Set(latest.map(({ id }) => id))
  return [...latest, ...older.filter(({ id }) => !ids.has(id))]
}
