/** What a webhook is sent: a JSON document of our own, or one of the shape Slack takes; signed, so that the receiver knows who sent it and when. */
import { createHmac } from 'node:crypto'
import type { Notification } from '../alert.js'
import { shownNumber } from '../wording.js'

/** Kept from version to version: fields may be added. */
export function webhookBody(notification: Notification): object {
  const { id, event, time, rule, severity, labels, value, threshold, summary, annotations, startedAt } = notification
  return {
    version: 1,
    id,
    status: event,
    rule,
    severity,
    labels,
    value,
    threshold,
    summary,
    annotations,
    starts_at: new Date(startedAt).toISOString(),
    ends_at: event === 'resolved' ? new Date(time).toISOString() : null,
  }
}

const COLOURS = { critical: '#c0392b', warning: '#d68910', info: '#2e86c1' } as const
const RESOLVED = '#239b56'

export function slackBody({
  event,
  time,
  rule,
  severity,
  labels,
  value,
  threshold,
  summary,
  annotations,
}: Notification) {
  const fields = [
    ...Object.entries({ severity, ...labels }),
    ['value', shownNumber(value)],
    ...(threshold === null ? [] : [['threshold', shownNumber(threshold)]]),
  ] as [string, string][]
  const description = annotations['description']
  return {
    text: `${event === 'firing' ? 'FIRING' : 'RESOLVED'} ${escaped(rule)}: ${escaped(summary)}`,
    attachments: [
      {
        color: event === 'firing' ? COLOURS[severity] : RESOLVED,
        ...(description !== undefined && { text: escaped(description) }),
        fields: fields.map(([title, text]) => ({ title: escaped(title), value: escaped(text), short: true })),
        ts: Math.floor(time / 1000),
      },
    ],
  }
}

/** As Slack asks for: what is left could mention everybody, or be a link that says it is another. */
function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

/**
 * Headers that prove who sent a body, and when: HMAC-SHA256 over `<timestamp>.<body>`, in hex. A receiver compares it, and refuses
 * timestamps older than some minutes.
 * @param now epoch milliseconds
 */
export function signatureOf(secret: string, body: Buffer, now: number): { readonly [header: string]: string } {
  const timestamp = String(Math.floor(now / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')
  return { 'x-tokmeter-timestamp': timestamp, 'x-tokmeter-signature': `v1=${signature}` }
}
