/** What is told of the targets of forwarding: what was sent, and what waits. */
import type { TargetConfig } from './config.js'
import type { Forwarding } from './forwarding.js'
import type { Queue } from './queue/queue.js'
import type { TargetSnapshot } from './self-metric.js'

export function targetSnapshots(targets: readonly TargetConfig[], forwarding: Forwarding, queue: Queue) {
  const snapshots: { [target: string]: TargetSnapshot } = {}
  const counts = forwarding.counts()
  for (const { name, maxBytes } of targets) {
    const { items, bytes } = queue.target(name)?.waiting ?? { items: 0, bytes: 0 }
    const counted = counts.get(name)
    if (counted !== undefined) snapshots[name] = { ...counted, waitingItems: items, waitingBytes: bytes, maxBytes }
  }
  return snapshots
}
