/**
 * What a full disk does to merges. The engine (chDB 3.4, ClickHouse 26.7) goes on when a write fails: what it merges on a full disk is
 * empty, takes the place of what it was merged of, and that is deleted eight minutes later. So nothing is merged where there is hardly any
 * room, as nothing is inserted there; and what was merged all the same is put aside while its sources are there: short-parts.ts, and here
 * before the engine is open.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isMergedOf, logOf } from './insert-tokens.js'
import { type Part, partsIn, putAside, tablesIn } from './table-files.js'

/** Free bytes below which merges are stopped, those that run too. More than an insert needs: others fill the disk meanwhile. */
const ROOM_TO_MERGE = 64 * 2 ** 20
/** And above which they begin again. */
const ROOM_TO_MERGE_AGAIN = 96 * 2 ** 20
const LOOK_EVERY_MS = 250
/** Where nothing is inserted, of which all that is new is measured. What was merged is deleted after eight minutes. */
const MEND_EVERY_MS = 60_000

/** Before the engine opens its files, which it does not with a part that is damaged. */
export function putEmptyMergesAside(engine: string): void {
  for (const table of tablesIn(engine)) putAside(table, emptyMergesIn(table))
}

/** Those whose sources are there. */
function emptyMergesIn(table: string): readonly Part[] {
  const parts = partsIn(table)
  const empty = parts.filter((part) => isEmpty(join(table, part.name)))
  if (empty.length === 0) return []
  const noted = logOf(table)?.noted ?? []
  const others = parts.filter((part) => !empty.includes(part))
  return noted.length === 0 ? [] : empty.filter((part) => isMergedOf(part, others, noted))
}

/** What a part has in its files is written last. */
function isEmpty(part: string): boolean {
  return statSync(join(part, 'checksums.txt'), { throwIfNoEntry: false })?.size === 0
}

/**
 * Looks again and again; resolves with what ends that, once it has looked. `mend`: puts aside what was merged meanwhile and is short; it may
 * have to wait for what is written just then.
 */
export async function watchRoomToMerge(
  freeBytes: () => Promise<number>,
  command: (sql: string) => Promise<unknown>,
  mend: () => Promise<void>,
): Promise<() => Promise<void>> {
  let isStopped = false
  let mending: Promise<void> | undefined
  let mendedAt = performance.now()
  // Beside the looking: an erasing that runs is done only when merges have begun again.
  function mendAside() {
    mendedAt = performance.now()
    mending ??= mend()
      .catch(() => {})
      .finally(() => {
        mending = undefined
      })
  }
  async function look() {
    const free = await freeBytes()
    const isToStop = free < ROOM_TO_MERGE || (isStopped && free < ROOM_TO_MERGE_AGAIN)
    // Again and again: a table that was attached anew knows nothing of it.
    if (isToStop) await command('SYSTEM STOP MERGES')
    else if (isStopped) await command('SYSTEM START MERGES')
    if (isToStop !== isStopped || performance.now() - mendedAt > MEND_EVERY_MS) mendAside()
    isStopped = isToStop
  }
  // A file system that does not tell is merged on until a write fails.
  const lookOnce = () => look().catch(() => {})
  let looking = lookOnce()
  await looking
  const timer = setInterval(() => {
    looking = looking.then(lookOnce)
  }, LOOK_EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await looking
    await mending
  }
}
