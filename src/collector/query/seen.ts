/** Since when and until when entities are known: of the rollups, which outlast the operations themselves by years. */
import type { Asker } from './asker.js'
import { dimensionOf } from './dimensions.js'
import { conditionsOf, type Filter, LIMITS } from './question.js'
import { fromRollups } from './sources.js'
import { windowStart } from './time-range.js'

const DAY_MS = 86_400_000

/** Most entities told apart. */
const ENTITIES = 10_000

type Bound = { [parameter: string]: string | number | readonly string[] }
type Segments = Parameters<typeof fromRollups>[1]

/** Epoch milliseconds of the start of the day of the first operation, of every entity of each dimension that is still known of. The empty name is of what is unknown. */
export async function firstSeenOf<Name extends string>(
  asker: Asker,
  names: readonly Name[],
  filters: readonly Filter[],
): Promise<{ readonly [name in Name]: ReadonlyMap<string, number> }> {
  // No tier is kept for longer than that of days.
  const rows = await momentsOf(asker, 'min', names, filters, [{ tier: '1d', start: 0, end: asker.now }])
  const seen = names.map((name) => [
    name,
    new Map(rows.filter((row) => row.name === name).map(({ entity, moment }) => [entity, moment])),
  ])
  return Object.fromEntries(seen)
}

/**
 * Epoch milliseconds of the start of the minute of the last operation, where it was in the last two hours; else of its hour; of its day where
 * hours are kept for no longer, and of the thousand and first that has been quiet for days. Of every entity that any tier still knows, the one that is seen last first.
 */
export async function lastSeenOf(
  asker: Asker,
  name: string,
  filters: readonly Filter[],
): Promise<ReadonlyMap<string, number>> {
  const { now, kept } = asker
  const recent = now - 2 * DAY_MS
  // Narrow windows only of late: of these there are many.
  const rows = await momentsOf(asker, 'max', [name], filters, [
    { tier: '1d', start: 0, end: now },
    { tier: '1h', start: recent, end: now },
    { tier: '1m', start: now - MINUTES_MS, end: now },
  ])
  const seen = new Map(rows.map(({ entity, moment }) => [entity, moment]))
  const ofDays = rows.filter(({ moment }) => moment < recent && moment > now - kept['1h'] * DAY_MS)
  if (ofDays.length > 0) {
    const days = [...new Set(ofDays.map(({ moment }) => windowStart(moment, '1d')))].slice(0, DAYS)
    const entities = ofDays.slice(0, LIMITS.values).map(({ entity }) => entity)
    const segments = days.map((day) => ({ tier: '1h' as const, start: day, end: day + DAY_MS }))
    const own: Filter = { dimension: name, operator: 'in', value: entities }
    for (const { entity, moment } of await momentsOf(asker, 'max', [name], [...filters, own], segments))
      seen.set(entity, Math.max(moment, seen.get(entity)!))
  }
  return new Map([...seen].sort(([, one], [, other]) => other - one))
}

const MINUTES_MS = 2 * 3_600_000
/** Most days whose hours are looked at for who was seen last in them. */
const DAYS = 100

/** The first or the last window of each entity. */
async function momentsOf<Name extends string>(
  asker: Asker,
  of: 'min' | 'max',
  names: readonly Name[],
  filters: readonly Filter[],
  segments: Segments,
): Promise<{ name: Name; entity: string; moment: number }[]> {
  const dimensions = names.map((name) => dimensionOf('by', name))
  const bound: Bound = {}
  const conditions = conditionsOf(filters, bound)
  const columns = [...new Set(dimensions.flatMap((dimension) => dimension.columns))]
  const rows = await asker.query<{ name: Name; entity: string; moment: number }>(
    `SELECT pair.1 AS name, pair.2 AS entity, toUnixTimestamp64Milli(toDateTime64(${of}(time), 3, 'UTC')) AS moment
FROM (\n${fromRollups(asker, segments, columns, conditions)}\n)
ARRAY JOIN [${dimensions.map(({ name, sql }) => `('${name}', toString(${sql}))`).join(', ')}] AS pair
GROUP BY name, entity ORDER BY moment DESC, entity LIMIT ${ENTITIES} BY name`,
    bound,
  )
  return rows.map(({ moment, ...row }) => ({ ...row, moment: Number(moment) }))
}
