/** What is told once a second: the windows, the last errors, and how budgets and alerts stand. */
import type { IdentifiedOperation } from '../batch.js'
import { type AllFigures, figuresOf, PERCENTILE_ERROR } from './figures.js'
import type { Windows } from './windows.js'

/** Who is asked for what the snapshot says of more than operations; what is absent is left out. */
export type SnapshotSources = {
  readonly budgets?: (() => unknown) | undefined
  readonly alerts?: (() => unknown) | undefined
  /** Told of a source that failed; the snapshot is then without it. */
  readonly onTrouble?: ((source: 'budgets' | 'alerts', error: unknown) => void) | undefined
}

/** An operation that failed, without what it says of itself: its message may hold anything. */
export type RecentError = {
  readonly id: string
  readonly time: string
  readonly operation: string
  readonly provider: string | null
  readonly model: string | null
  readonly service: string | null
  readonly environment: string | null
  readonly agent: string | null
  readonly error_type: string
  readonly error_code: string | null
}

export type Snapshot = {
  readonly time: string
  /** When the windows began to be filled: the collector's start. */
  readonly since: string
  readonly percentile_error: number
  readonly windows: AllFigures
  /** The latest first. */
  readonly recent_errors: readonly RecentError[]
  readonly subscribers: number
  readonly budgets?: unknown
  readonly alerts?: unknown
}

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
