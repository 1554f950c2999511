/** Alerts as Alertmanager's API v2 takes them. It is sent what is firing again and again, and what was resolved for some time; it groups, silences and removes duplicates itself. */
import type { Alert } from '../alert.js'

export type PostableAlert = {
  readonly labels: { readonly [label: string]: string }
  readonly annotations: { readonly [name: string]: string }
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL?: string
}

/** A firing alert ends by itself when it was not sent so many times: the collector may be gone. As Prometheus does. */
const MISSED_SENDS = 4

export function postableAlerts(alerts: readonly Alert[], now: number, resendMs: number): PostableAlert[] {
  return alerts.flatMap(({ rule, severity, labels, course, value, startedAt, summary, annotations }) => {
    if (startedAt === undefined || course.phase === 'pending') return []
    const ends = course.phase === 'firing' ? now + MISSED_SENDS * resendMs : course.since
    return [
      {
        labels: { ...withoutEmpty(labels), alertname: rule, severity },
        annotations: { summary, ...annotations, ...(value !== null && { value: String(value) }) },
        startsAt: new Date(startedAt).toISOString(),
        endsAt: new Date(ends).toISOString(),
      },
    ]
  })
}

/** To Alertmanager an empty label is none. */
function withoutEmpty(labels: { readonly [label: string]: string }): { readonly [label: string]: string } {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}

/** The address of its alerts below the URL that is configured. */
export function alertsUrl(base: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`
  return url.href
}
