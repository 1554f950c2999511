/** The channels of a configuration: who is told of which alerts, and how. Begun and ended as the configuration has it. */
import { isDeepStrictEqual } from 'node:util'
import type { Alert, Notification } from '../alert.js'
import type { ChannelOptions } from '../options.js'
import { allowedTargets, checkTarget } from './address-guard.js'
import { alertsUrl, type PostableAlert, postableAlerts } from './alertmanager.js'
import { type ChannelCounts, DeliveryQueue, type Outcome } from './delivery-queue.js'
import { createGuardedPost, type Post } from './guarded-post.js'
import { signatureOf, slackBody, webhookBody } from './webhook.js'

export type ChannelsOptions = {
  /** Writes an event to the log. */
  readonly log: (notification: Notification) => void
  /** Told what a channel could not do; the message holds no secret. */
  readonly onTrouble: (channel: string, message: string) => void
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** A channel at work. */
type Channel = {
  readonly options: ChannelOptions
  /** Tells of one event. Those that are told the whole state have none. */
  readonly tell?: (notification: Notification, settle: (outcome: Outcome) => void) => void
  /** Tells how all alerts stand. */
  readonly sync?: (alerts: readonly Alert[]) => void
  readonly counts: () => ChannelCounts
  readonly waiting: () => number
  readonly close: () => Promise<void>
}

export class Channels {
  readonly #options: ChannelsOptions
  #channels: readonly Channel[] = []
  /** Events that are on their way. */
  readonly #inFlight = new Set<string>()

  constructor(options: ChannelsOptions) {
    this.#options = options
  }

  /** Ends channels that are gone or changed, and begins those that are missing. What was on its way is told by whoever still knows of it. */
  async configure(given: readonly ChannelOptions[]): Promise<void> {
    const kept = this.#channels.filter(({ options }) => given.some((one) => isDeepStrictEqual(one, options)))
    const ending = this.#channels.filter((channel) => !kept.includes(channel))
    this.#channels = kept
    await Promise.all(ending.map((channel) => channel.close()))
    for (const { options } of ending)
      for (const key of this.#inFlight) if (key.endsWith(` ${options.name}`)) this.#inFlight.delete(key)
    const begun = given
      .filter((options) => !kept.some((channel) => channel.options.name === options.name))
      .map((options) => this.#begin(options))
    this.#channels = [...kept, ...begun]
  }

  /** Names of the channels that are told of an event. */
  namesFor({ severity, labels, event }: Pick<Notification, 'severity' | 'labels' | 'event'>): string[] {
    return this.#channels
      .filter(
        ({ options, tell }) =>
          tell !== undefined && isFor(options, severity, labels) && (event === 'firing' || options.resolved),
      )
      .map(({ options: { name } }) => name)
  }

  /** Tells an event to a channel, unless it is on its way already; `settle` when that ended. Of a channel that is gone it has ended. */
  tell(name: string, notification: Notification, settle: (outcome: Outcome) => void): void {
    const key = `${notification.id} ${name}`
    const tell = this.#channels.find(({ options }) => options.name === name)?.tell
    if (this.#inFlight.has(key)) return
    if (tell === undefined) {
      settle('dropped')
      return
    }
    this.#inFlight.add(key)
    tell(notification, (outcome) => {
      this.#inFlight.delete(key)
      settle(outcome)
    })
  }

  /** Tells those who want to know of every alert how all of them stand. */
  sync(alerts: readonly Alert[]): void {
    for (const { options, sync } of this.#channels)
      sync?.(alerts.filter(({ severity, labels }) => isFor(options, severity, labels)))
  }

  /** By name of the channel. */
  counts(): { readonly [channel: string]: ChannelCounts & { readonly waiting: number } } {
    return Object.fromEntries(
      this.#channels.map(({ options: { name }, counts, waiting }) => [name, { ...counts(), waiting: waiting() }]),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()))
  }

  #begin(options: ChannelOptions): Channel {
    const { kind, name, url } = options
    if (kind === 'log' || url === undefined) return logChannel(options, this.#options.log)
    const now = this.#options.now ?? Date.now
    const allowed = allowedTargets(options.privateTargets)
    const target = kind === 'alertmanager' ? alertsUrl(url) : url
    const post = createGuardedPost({ url: target, headers: options.headers, timeoutMs: options.timeout, allowed })
    const onTrouble = (message: string) => this.#options.onTrouble(name, message)
    const shared = { giveUpAfterMs: options.giveUpAfter, onTrouble, now }
    if (kind === 'alertmanager') return alertmanagerChannel(options, post, { ...shared, maxWaiting: 1 }, now)
    const bodyOf = kind === 'slack' ? slackBody : webhookBody
    const queue = new DeliveryQueue<Notification>({
      ...shared,
      maxWaiting: options.maxWaiting,
      send(notification, signal) {
        const body = Buffer.from(JSON.stringify(bodyOf(notification)))
        // Signed anew at every attempt: receivers refuse what was signed long ago.
        const signature = options.secret === undefined ? {} : signatureOf(options.secret, body, now())
        return post(body, { 'x-tokmeter-delivery': notification.id, ...signature }, signal)
      },
    })
    return {
      options,
      tell: (notification, settle) => queue.offer(notification, settle),
      counts: () => queue.counts,
      waiting: () => queue.size,
      close: () => queue.close(),
    }
  }
}

function logChannel(options: ChannelOptions, log: ChannelsOptions['log']): Channel {
  let delivered = 0
  return {
    options,
    tell(notification, settle) {
      log(notification)
      delivered++
      settle('delivered')
    },
    counts: () => ({ delivered, rejected: 0, dropped: 0, failed: 0 }),
    waiting: () => 0,
    close: async () => {},
  }
}

type Queueing = Omit<ConstructorParameters<typeof DeliveryQueue>[0], 'send'>

/** It is told the whole state, so only the newest waits: what is said later says everything. */
function alertmanagerChannel(options: ChannelOptions, post: Post, queueing: Queueing, now: () => number): Channel {
  let alerts: readonly Alert[] = []
  let sentAt = Number.NEGATIVE_INFINITY
  let sentEssence = '[]'
  const queue = new DeliveryQueue<undefined>({
    ...queueing,
    send: (_, signal) => post(Buffer.from(JSON.stringify(current())), {}, signal),
  })
  const current = (): PostableAlert[] => postableAlerts(alerts, now(), options.resendEvery)
  return {
    options,
    sync(all) {
      alerts = all
      const essence = JSON.stringify(current().map(({ labels, startsAt }) => [labels, startsAt]))
      const phases = essence + JSON.stringify(all.map(({ course: { phase } }) => phase))
      const isDue = now() - sentAt >= options.resendEvery || now() < sentAt
      if (queue.size > 0 || (phases === sentEssence && !isDue)) return
      if (essence === '[]' && phases === sentEssence) return
      sentAt = now()
      sentEssence = phases
      if (essence !== '[]') queue.offer(undefined)
    },
    counts: () => queue.counts,
    waiting: () => queue.size,
    close: () => queue.close(),
  }
}

function isFor({ severities, labels: wanted }: ChannelOptions, severity: string, labels: Alert['labels']): boolean {
  return (
    (severities as readonly string[]).includes(severity) &&
    Object.entries(wanted).every(([name, value]) => labels[name] === value)
  )
}

/** What is wrong with a channel that each option of it allows; `option` is the way to it. */
export function* mistakesOfChannel(options: ChannelOptions): Generator<{ option: readonly string[]; message: string }> {
  const { kind, url, secret, privateTargets } = options
  if (kind !== 'log' && url === undefined)
    yield { option: ['url'], message: `is missing: a channel of kind ${kind} needs it` }
  if (kind === 'log' && url !== undefined)
    yield { option: ['url'], message: 'does not belong to a channel of kind log' }
  if (secret !== undefined && kind !== 'webhook')
    yield { option: ['secret'], message: `does not belong to a channel of kind ${kind}: only webhooks are signed` }
  try {
    const allowed = allowedTargets(privateTargets)
    if (url !== undefined) checkTarget(new URL(url), allowed)
  } catch (error) {
    const isTarget = error instanceof TypeError
    yield isTarget
      ? { option: ['privateTargets'], message: `does not take it: ${error.message}` }
      : {
          option: ['url'],
          message: 'leads to a host that is not of the public internet: name it in privateTargets where that is meant',
        }
  }
}
