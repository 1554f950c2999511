/** The journal of notices: what happened that somebody may want to look up later. */
import type { Notice } from 'tokmeter/core'
import type { Database } from './database.js'
import { insertSmallRows } from './small-rows.js'

/** Records notices; one that was recorded before under the same id and time stays one. */
export async function recordNotices(database: Database, notices: readonly Notice[]): Promise<void> {
  const rows = notices.map((notice) => [
    (notice.time / 1000).toFixed(3),
    notice.id,
    notice.kind,
    nameOf(notice),
    JSON.stringify(notice),
  ])
  await insertSmallRows(database, 'notices', ['time', 'id', 'kind', 'name', 'notice'], rows)
}

/** What a notice is about: a budget, a rule. */
function nameOf({ budget, alert }: Notice): string {
  return budget?.name ?? alert?.rule ?? ''
}
