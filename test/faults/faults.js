/** All faults, each by its name. */
import * as clockJumps from './clock-jumps.js'
import * as cutInsert from './cut-insert.js'
import * as diskFull from './disk-full.js'
import * as fuzz from './fuzz.js'
import * as gzipBombs from './gzip-bombs.js'
import * as idleConnections from './idle-connections.js'
import * as kill from './kill.js'
import * as powerCut from './power-cut.js'
import * as storeFailing from './store-failing.js'
import * as targets from './targets.js'

/**
 * What became of what was sent while a fault lasted.
 * @typedef {object} Row
 * @property {string} fault
 * @property {number} runs Times the fault was made; requests, or connections, where it is made of them.
 * @property {number} acknowledged Operations, or requests where a target is to get them.
 * @property {number} lost Of the acknowledged ones.
 * @property {number} doubled
 * @property {string} note
 * @property {string[]} wrong What is not as it must be; empty when all is well.
 */

/**
 * @typedef {object} Setting
 * @property {string} directory Empty; removed afterwards when nothing was wrong.
 * @property {boolean} isLong
 * @property {number} [inputs] Of the fuzz.
 * @property {(text: string) => void} progress
 */

/** @typedef {(setting: Setting) => Promise<Row[]>} Fault */

/** @type {readonly { name: string, run: Fault }[]} */
export const FAULTS = [
  kill,
  cutInsert,
  targets,
  storeFailing,
  diskFull,
  powerCut,
  clockJumps,
  idleConnections,
  gzipBombs,
  fuzz,
]
