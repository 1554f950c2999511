/** The table of commands. One that needs more of the collector than its configuration is made where that is known, and put in here. */
import { checkConfig } from './check-config.js'
import type { Command } from './command.js'
import { hashToken } from './hash-token.js'

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [checkConfig, hashToken]
