/** The way to a trace, by the template of the configuration. */
import type { Operation } from 'tokmeter/core'

/** Undefined where there is no template, or the operation has no trace. What comes from outside is escaped. */
export function traceLink(template: string | null, { traceId, spanId }: Operation): string | undefined {
  if (template === null || traceId === undefined) return undefined
  return template
    .replaceAll('{traceId}', encodeURIComponent(traceId))
    .replaceAll('{spanId}', encodeURIComponent(spanId ?? ''))
}
