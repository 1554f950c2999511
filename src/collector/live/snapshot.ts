/** What is told once a second: the windows, the last errors, and how budgets and alerts stand. */

import * as z from 'zod'
import type { IdentifiedOperation } from '../batch.js'
import { MOMENT } from '../query/head.js'
import { ALL_FIGURES, figuresOf, PERCENTILE_ERROR } from './figures.js'
import type { Windows } from './windows.js'

/** Who is asked for what the snapshot says of more than operations; what is absent is left out. */
export type SnapshotSources = {
  readonly budgets?: (() => unknown) | undefined
  readonly alerts?: (() => unknown) | undefined
  /** Told of a source that failed; the snapshot is then without it. */
  readonly onTrouble?: ((source: 'budgets' | 'alerts', error: unknown) => void) | undefined
}

const name = z.string().nullable()

/** An operation that failed, without what it says of itself: its message may hold anything. */
const RECENT_ERROR = z.strictObject({
  id: z.string(),
  time: MOMENT,
  operation: z.string(),
  provider: name,
  model: name,
  service: name,
  environment: name,
  agent: name,
  error_type: z.string(),
  error_code: name,
})
type RecentError = z.output<typeof RECENT_ERROR>

export const SNAPSHOT = z.strictObject({
  time: MOMENT,
  since: MOMENT.describe('when the windows began to be filled: the start of the collector'),
  percentile_error: z.number().describe('largest relative error of the percentiles'),
  windows: ALL_FIGURES.describe(
    'of whole seconds that are over, by when operations were accepted; those that came over a minute late by when they ended',
  ),
  recent_errors: z
    .array(RECENT_ERROR)
    .describe('the latest first, without those that had ended over an hour before they came'),
  subscribers: z.int().describe('who listens to the stream'),
  budgets: z.unknown().optional().describe('how budgets stand, where there are any'),
  alerts: z.unknown().optional().describe('alerts that are not inactive, where there are rules'),
})
export type Snapshot = z.output<typeof SNAPSHOT>

export type SnapshotOptions = {
  readonly time: number
  readonly since: number
  readonly views: ReturnType<Windows['at']>
  /** The latest last. */
  readonly errors: readonly IdentifiedOperation[]
  readonly subscribers: number
  readonly sources: SnapshotSources
}

export function snapshotOf({ time, since, views, errors, subscribers, sources }: SnapshotOptions): Snapshot {
  return {
    time: new Date(time).toISOString(),
    since: new Date(since).toISOString(),
    percentile_error: PERCENTILE_ERROR,
    windows: figuresOf(views),
    recent_errors: errors.toReversed().map(recentError),
    subscribers,
    ...from('budgets', sources),
    ...from('alerts', sources),
  }
}

function recentError(operation: IdentifiedOperation): RecentError {
  const { id, startTime, durationMs, provider, requestModel, responseModel, service, environment, agentName, error } =
    operation
  return {
    id,
    time: new Date(startTime + (durationMs ?? 0)).toISOString(),
    operation: operation.operation,
    provider: provider ?? null,
    model: requestModel ?? responseModel ?? null,
    service: service ?? null,
    environment: environment ?? null,
    agent: agentName ?? null,
    error_type: error!.type,
    error_code: error!.code ?? null,
  }
}

function from(name: 'budgets' | 'alerts', sources: SnapshotSources): object {
  try {
    const value = sources[name]?.()
    return value === undefined ? {} : { [name]: value }
  } catch (error) {
    sources.onTrouble?.(name, error)
    return {}
  }
}
