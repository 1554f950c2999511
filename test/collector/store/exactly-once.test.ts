import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { UNDER_WAY } from '../../../src/collector/store/cut-off-inserts.js'
import { insertOnce } from '../../../src/collector/store/database.js'
import { insertFileSql, type NativeInsert } from '../../../src/collector/store/embedded.js'
import type { Engine, RawInsert } from '../../../src/collector/store/engine.js'
import { encode } from '../../../src/collector/store/rows.js'
import type { Store } from '../../../src/collector/store/store.js'
import { chat, NOON } from './operations.js'
import { COUNTS, closeAll, countsOf, inEveryTable, opened, temporaryDirectory } from './stores.js'

afterAll(closeAll)

/** What the store hands the engine for a batch. */
async function rawInsert(store: Store, operations: Parameters<typeof encode>[0], token: string): Promise<NativeInsert> {
  let raw: NativeInsert | undefined
  const engine = {
    async insert(insert: RawInsert) {
      raw = insert as NativeInsert
    },
  } as Engine
  for await (const rows of encode(operations))
    await insertOnce({ engine, placement: store.database.placement }, 'operations_input', rows, token)
  return raw!
}

test('killed in the middle of an insert, and sent again, a batch is in every table exactly once', async () => {
  const path = temporaryDirectory()
  let expected = 2
  // Slowed down, each leaves another set of tables with the batch and without it.
  for (const view of ['view_operations', 'view_rollups_input', 'view_operations_1h', 'view_operations_1h_main']) {
    const token = `killed-${view}`
    // Of two days, so that tables get a part for each.
    const batch = [chat(), chat({ startTime: NOON - 86_400_000 })]
    const store = await opened({ path })
    const raw = await rawInsert(store, batch, token)
    const selects = await store.query<{ sql: string }>(
      'SELECT as_select AS sql FROM system.tables WHERE database = {database:String} AND name = {view:String}',
      { database: 'tokmeter', view },
    )
    await store.close()
    const plan = join(temporaryDirectory(), 'plan.json')
    const file = join(temporaryDirectory(), 'rows.native')
    writeFileSync(file, raw.body)
    const sql = insertFileSql(raw, file)
    writeFileSync(plan, JSON.stringify({ directory: join(path, 'engine'), sql, view, tables: Object.entries(COUNTS) }))
    // As the store does before an insert.
    writeFileSync(join(path, UNDER_WAY), '1')
    const child = spawnSync(process.execPath, [fileURLToPath(new URL('kill-child.js', import.meta.url)), plan])
    expect([view, child.signal, child.stderr.toString()]).toEqual([view, 'SIGKILL', ''])

    const again = await opened({ path })
    const partly = Object.values(await countsOf(again))
    expect([view, new Set(partly).size > 1]).toEqual([view, true])
    await again.database.engine.command(`ALTER TABLE ${again.table(view)} MODIFY QUERY ${selects[0]!.sql}`)
    for (let time = 0; time < 2; time++) {
      await again.insert(batch, token)
      expect([view, await countsOf(again)]).toEqual([view, inEveryTable(expected)])
    }
    await again.close()
    expected += 2
  }
}, 60_000)
