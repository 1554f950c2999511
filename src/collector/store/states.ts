/** What was decided and has to be known again after a restart, by every collector on the store: a JSON value for each kind and name. */
import type { Database } from './database.js'
import { qualified } from './schema.js'
import { insertSmallRows } from './small-rows.js'

export type States = {
  /** All of a kind, by name. */
  read(kind: string): Promise<Map<string, unknown>>
  /** Puts values in the place of those before; `undefined` removes one. */
  write(kind: string, values: Iterable<readonly [name: string, value: unknown]>): Promise<void>
}

/** `now`: epoch milliseconds. */
export function createStates(database: Database, now: () => number = Date.now): States {
  const { engine, placement } = database
  const table = qualified(placement, 'states')
  /** Microseconds of the newest change. What is written later is newer, also after the clock was put back. */
  let newest: number | undefined

  async function nextChange(): Promise<number> {
    newest ??= Number(
      (
        await engine.query<{ newest: string | number }>(
          `SELECT toUnixTimestamp64Micro(max(changed)) AS newest FROM ${table}`,
        )
      )[0]!.newest,
    )
    newest = Math.max(newest + 1, now() * 1000)
    return newest
  }

  return {
    async read(kind) {
      const rows = await engine.query<{ name: string; value: string }>(
        `SELECT name, argMax(value, changed) AS value FROM ${table} WHERE kind = {kind:String} GROUP BY name HAVING value != '' ORDER BY name`,
        { kind },
      )
      return new Map(rows.map(({ name, value }) => [name, JSON.parse(value)]))
    },
    async write(kind, values) {
      const changed = ((await nextChange()) / 1e6).toFixed(6)
      const rows = [...values].map(([name, value]) => [
        kind,
        name,
        value === undefined ? '' : JSON.stringify(value),
        changed,
      ])
      await insertSmallRows(database, 'states', ['kind', 'name', 'value', 'changed'], rows)
    },
  }
}
