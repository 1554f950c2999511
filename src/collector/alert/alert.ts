/** An alert as it is kept over restarts, and what is told of it. */
import { createHash } from 'node:crypto'
import type { Notice } from 'tokmeter/core'
import type { Course } from './course.js'
import type { Severity } from './options.js'
import type { Labels } from './rule.js'

/** What is told when an alert fires or is resolved. */
export type Notification = {
  /** The same event told twice has one id. */
  readonly id: string
  readonly event: 'firing' | 'resolved'
  /** Epoch milliseconds. */
  readonly time: number
  readonly rule: string
  readonly severity: Severity
  readonly labels: Labels
  readonly value: number | null
  readonly threshold: number | null
  readonly summary: string
  readonly annotations: Labels
  /** When it fired. */
  readonly startedAt: number
}

/** What has not been told everybody yet. */
export type Untold = {
  readonly notification: Notification
  /** Names of channels; the journal of notices has the name JOURNAL. */
  readonly to: readonly string[]
}

/** No channel can have this name. */
export const JOURNAL = '/notices'

export type Alert = {
  readonly rule: string
  readonly severity: Severity
  /** Those of the rule and of the group, without its name and severity. */
  readonly labels: Labels
  /** Those that tell it from other alerts of its rule. */
  readonly identity: Labels
  readonly course: Course
  readonly value: number | null
  readonly threshold: number | null
  readonly summary: string
  readonly annotations: Labels
  /** When it fired, where it has. */
  readonly startedAt?: number | undefined
  readonly untold: readonly Untold[]
}

export function noticeOf({ id, event, time, rule, severity, labels, value, summary }: Notification): Notice {
  const kind = event === 'firing' ? 'alert_firing' : 'alert_resolved'
  return { id, kind, time, alert: { rule, severity, labels, value, summary } }
}

/** What happened to one alert at one moment. */
export function eventId(key: string, startedAt: number, event: Notification['event']): string {
  return `${createHash('sha256').update(`${key} ${startedAt}`).digest('hex').slice(0, 32)}/${event}`
}
