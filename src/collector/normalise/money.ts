/** Costs as senders tell them: dollars, made the integer nano-dollars of everything else here. */
import type { Cost } from 'tokmeter/core'
import type { AttributeValue } from '../otlp/decoded.js'
import { numberOf } from './attribute-value.js'

/**
 * A cost that was sent. `estimatedBy`: who reckoned it, where it was not the provider; it stands in the place of the version of
 * a price list. Several of those who estimate send 0 for a model they have no price of: that is unknown.
 */
export function sentCost(dollars: AttributeValue | undefined, estimatedBy?: string): Cost | undefined {
  const amount = numberOf(dollars)
  if (amount === undefined || amount < 0 || (amount === 0 && estimatedBy !== undefined)) return undefined
  return { nanoDollars: Math.round(amount * 1e9), source: 'provider', version: estimatedBy }
}
