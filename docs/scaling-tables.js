/** The tables of docs/scaling.md, from the figures in scaling-figures.js: written by `npm run docs`, compared by a test. */
import { ASSUMPTIONS, FIGURES } from './scaling-figures.js'
import { table } from './tables.js'

/** @typedef {typeof FIGURES} Figures */
/** @typedef {typeof ASSUMPTIONS} Assumptions */

const DAY = 86_400
const GIB = 2 ** 30
/** Rollups: the table, how many windows a day has, days they are kept by default, and which combinations have a row. */
const TIERS = /** @type {const} */ ([
  ['operations_1m', 1440, 40, 'combinations'],
  ['operations_5m', 288, 40, 'combinations'],
  ['operations_1h', 24, 400, 'combinations'],
  ['operations_1h_main', 24, 400, 'mainCombinations'],
  ['operations_1d', 1, 1825, 'combinations'],
  ['operations_1d_main', 1, 1825, 'mainCombinations'],
])

/** Two significant digits, with thousands apart. @param {number} value */
export function rounded(value) {
  return Number(value.toPrecision(2)).toLocaleString('en-US', { maximumFractionDigits: 3 })
}

/** @param {number} bytes */
function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const exponent = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  return `${rounded(bytes / 1000 ** exponent)} ${units[exponent]}`
}

/** What a day of rollups takes, and all of them once each is as old as it gets; of one copy. @param {Figures} figures @param {Assumptions} assumptions */
export function rollupBytes({ storedBytes }, assumptions) {
  const days = TIERS.map(([tier, windows, days, which]) => ({
    daily: assumptions[which] * windows * storedBytes[tier],
    days,
  }))
  return {
    daily: days.reduce((sum, { daily }) => sum + daily, 0),
    kept: days.reduce((sum, { daily, days: kept }) => sum + daily * kept, 0),
  }
}

/** Collectors that a rate takes, by what one stores. @param {number} rate @param {Figures} figures @param {Assumptions} assumptions */
export function collectorsFor(rate, { storedPerSecond }, { utilisation }) {
  return Math.ceil(rate / (storedPerSecond * utilisation))
}

/** @param {Figures} figures @param {Assumptions} assumptions */
export function ratesTable(figures, assumptions) {
  const { collectorMicroseconds, engineMicroseconds, receivedBytes, queueBytes, storedBytes } = figures
  const { utilisation, replicas } = assumptions
  const cores = (/** @type {number} */ microseconds, /** @type {number} */ rate) =>
    (microseconds * rate) / 1e6 / utilisation
  const rates = [1000, 10_000, 100_000, 1_000_000]
  const rows = [
    ['collectors', (/** @type {number} */ rate) => rounded(collectorsFor(rate, figures, assumptions))],
    ['their cores', (rate) => rounded(cores(collectorMicroseconds, rate))],
    [
      `cores of ClickHouse, ${replicas} replicas of each shard`,
      (rate) => rounded(replicas * cores(engineMicroseconds, rate)),
    ],
    ['received a second', (rate) => size(rate * receivedBytes)],
    ['written to the queues a second', (rate) => size(rate * queueBytes)],
    ['raw operations a day, one copy', (rate) => size(rate * DAY * storedBytes.operations)],
    ['raw operations of 30 days, all replicas', (rate) => size(30 * rate * DAY * storedBytes.operations * replicas)],
  ]
  return table(
    ['operations a second', ...rates.map((rate) => rate.toLocaleString('en-US'))],
    rows.map(([name, of]) => [/** @type {string} */ (name), ...rates.map(/** @type {any} */ (of))]),
  )
}

/** @param {Figures} figures @param {Assumptions} assumptions */
export function billionCoreHours({ collectorMicroseconds, engineMicroseconds }, { replicas, utilisation }) {
  // A billion microseconds are 1000 seconds.
  return ((collectorMicroseconds + replicas * engineMicroseconds) * 1000) / 3600 / utilisation
}

/** Of one billion operations. @param {Figures} figures @param {Assumptions} assumptions */
export function billionTable(figures, assumptions) {
  const { receivedBytes, queueBytes, storedBytes } = figures
  const { replicas, dollarsPerGigabyteMonth, dollarsPerCoreMonth } = assumptions
  const raw = storedBytes.operations * 1e9 * replicas
  const coreHours = billionCoreHours(figures, assumptions)
  const coreDollars = (coreHours * dollarsPerCoreMonth) / 730
  const diskDollars = (raw / 1e9) * dollarsPerGigabyteMonth
  const cents = (/** @type {number} */ dollars) => `$${rounded(dollars)}`
  return table(
    ['of a billion operations', 'bytes, hours', 'a month, or once'],
    [
      ['received', size(receivedBytes * 1e9), '–'],
      ['through the queues', size(queueBytes * 1e9), '–'],
      [`raw operations, ${replicas} copies`, size(raw), `${cents(diskDollars)} a month they are kept`],
      ['cores, all copies', `${rounded(coreHours)} core hours`, `${cents(coreDollars)} once`],
    ],
  )
}

/** What the rollups take, whatever the rate. @param {Figures} figures @param {Assumptions} assumptions */
export function rollupsTable(figures, assumptions) {
  const { replicas, dollarsPerGigabyteMonth } = assumptions
  const rows = TIERS.map(([tier, windows, days, which]) => {
    const count = assumptions[which] * windows * days
    const bytes = figures.storedBytes[tier]
    return [`\`${tier}\``, size(bytes), count.toLocaleString('en-US'), size(count * bytes)]
  })
  const { kept } = rollupBytes(figures, assumptions)
  const dollars = `$${rounded((kept / 1e9) * replicas * dollarsPerGigabyteMonth)} a month in ${replicas} copies`
  return table(['rollup', 'bytes a row', 'rows once full', 'one copy'], [...rows, ['all', '', dollars, size(kept)]])
}

/** What `queue.maxBytes` has to be for an outage of the store. @param {Figures} figures */
export function outageTable({ queueBytes }) {
  const outages = /** @type {const} */ ([
    ['10 minutes', 600],
    ['1 hour', 3600],
    ['8 hours', 28_800],
    ['a day', DAY],
    ['3 days', 3 * DAY],
  ])
  const rates = [10, 100, 1000, 10_000]
  return table(
    ['without the store for', ...rates.map((rate) => `${rate.toLocaleString('en-US')} operations/s`)],
    outages.map(([name, seconds]) => [
      name,
      ...rates.map((rate) => `${rounded((rate * seconds * queueBytes) / GIB)} GiB`),
    ]),
  )
}

/** @param {Figures} figures */
export function figuresTable({ storedBytes, ...figures }) {
  return table(
    ['figure', '', 'from'],
    [
      [
        'CPU of a collector with its embedded engine',
        `${figures.collectorMicroseconds} µs an operation`,
        '`npm run bench:collector`, `ingest.otlp`',
      ],
      [
        'CPU of the engine, to insert and to merge',
        `${figures.engineMicroseconds} µs an operation`,
        '`node bench/scaling.js`, inserts of 20,000, all merged into one part',
      ],
      [
        'acknowledged and stored by one collector on two cores',
        `${figures.storedPerSecond.toLocaleString('en-US')}/s`,
        '`ingest.otlp`, the sender beside it',
      ],
      [
        'an operation on the wire',
        `${figures.receivedBytes} bytes`,
        '19 attributes, protobuf and gzip, 512 in a request',
      ],
      ['an operation in the queue', `${figures.queueBytes} bytes`, '`node bench/scaling.js`'],
      [
        'an operation in the tables, merged',
        `${storedBytes.operations} bytes`,
        '`node bench/scaling.js`: random ids, every token count and time its own',
      ],
    ],
  )
}

/** All of them in the page. @param {string} page @param {(text: string, name: string, content: string) => string} replaceBetween */
export function withScalingTables(page, replaceBetween) {
  const tables = {
    figures: figuresTable(FIGURES),
    rates: ratesTable(FIGURES, ASSUMPTIONS),
    billion: billionTable(FIGURES, ASSUMPTIONS),
    rollups: rollupsTable(FIGURES, ASSUMPTIONS),
    outage: outageTable(FIGURES),
  }
  return Object.entries(tables).reduce((text, [name, content]) => replaceBetween(text, name, content), page)
}
