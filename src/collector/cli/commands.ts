/** The table of commands. What a command needs of the collector is loaded when it runs: the others start without it. */
import { createAlerts } from './alerts.js'
import { checkConfig } from './check-config.js'
import { createCollect } from './collect.js'
import type { Command } from './command.js'
import { createDemo } from './demo.js'
import { hashToken } from './hash-token.js'
import { query } from './query.js'
import { report } from './report.js'
import { rules } from './rules.js'
import { createExport, createImport, createMigrate, type TransferOptions } from './transfer.js'

const transfer: TransferOptions = {
  async openStore({ location, options }) {
    const { openStore } = await import('../store/store.js')
    return openStore(location, options)
  },
  async readLines(config) {
    const { createLineReader } = await import('../import-lines.js')
    return createLineReader(config)
  },
}

/** The command when none is named. */
export const DEFAULT_COMMAND = 'collect'

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  createCollect({
    async start(loaded, terminal) {
      const { start } = await import('./start.js')
      return start(loaded, terminal)
    },
  }),
  query,
  report,
  createDemo({
    // Put there by the build; not of TypeScript.
    load: () => import(new URL('../demo/into-collector.js', import.meta.url).href),
  }),
  createAlerts(transfer),
  rules,
  checkConfig,
  createExport(transfer),
  createImport(transfer),
  createMigrate(transfer),
  hashToken,
]
