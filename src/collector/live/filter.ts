/** Which operations a subscriber wants, by the same parameters as those of the questions. */
import type { Operation } from 'tokmeter/core'
import type { FILTER_PARAMETERS } from '../query/parameters.js'

/** A value, or several of which one has to match; the empty text stands for what is unknown. */
export type GivenFilter = { readonly [name in keyof typeof FILTER_PARAMETERS]?: string | string[] | undefined } & {
  readonly failed?: 'true' | 'false' | undefined
}

const VALUES: { readonly [name in keyof typeof FILTER_PARAMETERS]: (operation: Operation) => string | undefined } = {
  provider: ({ provider }) => provider,
  model: ({ requestModel, responseModel }) => requestModel ?? responseModel,
  environment: ({ environment }) => environment,
  service: ({ service }) => service,
  operation: ({ operation }) => operation,
  agent: ({ agentName }) => agentName,
  user_id: ({ userId }) => userId,
}

export function filterOf(given: GivenFilter): (operation: Operation) => boolean {
  const conditions = Object.entries(VALUES).flatMap(([name, read]) => {
    const wanted = given[name as keyof typeof VALUES]
    return wanted === undefined ? [] : [{ read, wanted: new Set([wanted].flat()) }]
  })
  const { failed } = given
  return (operation) =>
    conditions.every(({ read, wanted }) => wanted.has(read(operation) ?? '')) &&
    (failed === undefined || (operation.error !== undefined) === (failed === 'true'))
}
