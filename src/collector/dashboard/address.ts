/** The address of a view: page, range and filters, kept behind the `#` so that a link shows the same to whoever opens it. */
import { useEffect, useState } from 'preact/hooks'
import { DEFAULT_RANGE, lengthOf, type Range } from './range.js'

export const PAGES = ['overview', 'cost', 'performance', 'errors', 'models', 'operations', 'alerts', 'system'] as const
export type Page = (typeof PAGES)[number]

/** What can be filtered by, in the order it is offered; each is a dimension of the API. */
export const FILTERS = [
  'model',
  'provider',
  'service',
  'environment',
  'agent',
  'operation',
  'error_type',
  'user_id',
  'conversation_id',
] as const
export type FilterName = (typeof FILTERS)[number]

/** Of each dimension the values one of which has to match. The empty text stands for what is unknown. */
export type Filters = { readonly [name in FilterName]?: readonly string[] }

export type Address = {
  readonly page: Page
  readonly range: Range
  readonly filters: Filters
  /** What a page keeps for itself, such as the model of a chart. */
  readonly view: string
}

const VALUES_LIMIT = 50

/** The address a hash names; what is wrong in it is left out. */
export function parseAddress(hash: string): Address {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const query = new URLSearchParams(search)
  const filters: { [name in FilterName]?: readonly string[] } = {}
  for (const name of FILTERS) {
    const values = [...new Set(query.getAll(name))].slice(0, VALUES_LIMIT)
    if (values.length > 0) filters[name] = values
  }
  return {
    page: PAGES.find((page) => page === path) ?? 'overview',
    range: rangeFrom(query),
    filters,
    view: query.get('view') ?? '',
  }
}

function rangeFrom(query: URLSearchParams): Range {
  const last = query.get('last')
  if (last !== null && lengthOf(last) !== undefined) return { last }
  const [start, end] = [Date.parse(query.get('from') ?? ''), Date.parse(query.get('to') ?? '')]
  return start < end ? { start, end } : DEFAULT_RANGE
}

/** The hash of an address: the same for the same one. */
export function hashOf({ page, range, filters, view }: Address): string {
  const query = new URLSearchParams()
  if ('last' in range) query.set('last', range.last)
  else {
    query.set('from', new Date(range.start).toISOString())
    query.set('to', new Date(range.end).toISOString())
  }
  for (const name of FILTERS) for (const value of filters[name] ?? []) query.append(name, value)
  if (view !== '') query.set('view', view)
  return `#/${page}?${query}`
}

/** Changes the address; `isStep`: so that "back" leads to where it was. */
export function go(change: Partial<Address>, isStep = true): void {
  const hash = hashOf({ ...parseAddress(location.hash), ...change })
  if (isStep) location.hash = hash
  else {
    history.replaceState(null, '', hash)
    dispatchEvent(new HashChangeEvent('hashchange'))
  }
}

/** The address to which "filtered to this value" leads. */
export function filtered(filters: Filters, name: FilterName, value: string): Filters {
  return { ...filters, [name]: [value] }
}

/** Filters without one value, or without all of a dimension. */
export function unfiltered(filters: Filters, name: FilterName, value?: string): Filters {
  const { [name]: values = [], ...rest } = filters
  const left = value === undefined ? [] : values.filter((one) => one !== value)
  return left.length === 0 ? rest : { ...rest, [name]: left }
}

export function useAddress(): Address {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const look = () => setHash(location.hash)
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  return parseAddress(hash)
}
