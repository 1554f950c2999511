/** Which operations a subscriber wants, by the same parameters as those of the questions. */
import type { Operation } from 'tokmeter/core'
import { TAG_PREFIX } from '../query/dimensions.js'
import { type FILTER_PARAMETERS, filtersOf, type GivenFilters } from '../query/parameters.js'

type Filtered = Exclude<keyof typeof FILTER_PARAMETERS, 'tag'>

const VALUES: { readonly [name in Filtered]: (operation: Operation) => string | undefined } = {
  provider: ({ provider }) => provider,
  model: ({ requestModel, responseModel }) => requestModel ?? responseModel,
  environment: ({ environment }) => environment,
  service: ({ service }) => service,
  operation: ({ operation }) => operation,
  agent: ({ agentName }) => agentName,
  user_id: ({ userId }) => userId,
}

/** The empty text stands for what is unknown. Throws InvalidQuestion. */
export function filterOf({ failed, ...given }: GivenFilters & { readonly failed?: 'true' | 'false' | undefined }) {
  const conditions = filtersOf(given).map(({ dimension, value }) => ({
    read: VALUES[dimension as Filtered] ?? tagOf(dimension.slice(TAG_PREFIX.length)),
    wanted: new Set(value),
  }))
  return (operation: Operation): boolean =>
    conditions.every(({ read, wanted }) => wanted.has(read(operation) ?? '')) &&
    (failed === undefined || (operation.error !== undefined) === (failed === 'true'))
}

function tagOf(key: string) {
  return ({ tags }: Operation) => (tags !== undefined && Object.hasOwn(tags, key) ? String(tags[key]) : undefined)
}
