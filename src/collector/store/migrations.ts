/** Brings the tables to the version this program knows, and the expiry of rows to the configuration. */
import type { Engine } from './engine.js'
import {
  expirySql,
  foundation,
  local,
  localName,
  MIGRATIONS,
  onCluster,
  type Placement,
  qualified,
  type RetentionDays,
  SCHEMA_VERSION,
  STORED_TABLES,
} from './schema.js'

/** Throws an Error, before anything is changed, when the data are of a later version than this program knows. */
export async function migrate(engine: Engine, placement: Placement, days: RetentionDays): Promise<void> {
  const version = await versionOf(engine, placement)
  if (version > SCHEMA_VERSION) throw newerVersion(`the database ${placement.database}`, version)
  if (version === 0) for (const statement of foundation(placement)) await engine.command(statement)
  for (const migration of MIGRATIONS) {
    if (migration.version <= version) continue
    for (const statement of migration.statements(placement, days)) await engine.command(statement)
    await engine.command(
      `INSERT INTO ${qualified(placement, 'schema_versions')} (version) SELECT ${migration.version}` +
        ` WHERE ${migration.version} NOT IN (SELECT version FROM ${qualified(placement, 'schema_versions')})`,
    )
  }
  await adjustExpiry(engine, placement, days)
}

export function newerVersion(of: string, version: number): Error {
  return new Error(
    `${of} holds data of schema version ${version}, and this program knows versions up to ${SCHEMA_VERSION}: ` +
      'start the newer program that wrote them; nothing was changed',
  )
}

async function versionOf(engine: Engine, placement: Placement): Promise<number> {
  const exists = await engine.query<{ n: number }>(
    'SELECT count() AS n FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    { database: placement.database, table: 'schema_versions' },
  )
  if (!exists[0]?.n) return 0
  const rows = await engine.query<{ version: number }>(
    `SELECT max(version) AS version FROM ${qualified(placement, 'schema_versions')}`,
  )
  return rows[0]?.version ?? 0
}

/** Makes the engine expire rows after so many days. Only where it differs: on a server each change is a task for every replica. */
export async function adjustExpiry(engine: Engine, placement: Placement, days: RetentionDays): Promise<void> {
  const rows = await engine.query<{ name: string; definition: string }>(
    'SELECT name, engine_full AS definition FROM system.tables WHERE database = {database:String}',
    { database: placement.database },
  )
  for (const table of STORED_TABLES) {
    const definition = rows.find(({ name }) => name === localName(placement, table.name))?.definition
    if (definition === undefined || definition.includes(`toIntervalDay(${days[table.tier]})`)) continue
    await engine.command(
      `ALTER TABLE ${local(placement, table.name)}${onCluster(placement)} MODIFY TTL ${expirySql(table, days)} SETTINGS materialize_ttl_after_modify = 0`,
    )
  }
}
