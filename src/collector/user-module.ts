/** The module of the user's, `tokmeter.config.ts` or `.js`: views, and rules of alerts. */

import type { RuleInCode } from './alert/rules.js'
import { rulesOfModule } from './alert/rules-module.js'
import { importModule, type Views, viewsOf } from './config/views-module.js'

export type InCode = Views & { readonly rulesInCode: readonly RuleInCode[] }

/** What stands in `file`, checked; nothing where there is none. Throws an Error that names the file. */
export async function loadUserModule(file: string | undefined): Promise<InCode> {
  if (file === undefined) return { views: [], tagAttributes: [], rulesInCode: [] }
  const module = await importModule(file)
  return { ...viewsOf(file, module), rulesInCode: rulesOfModule(file, module) }
}
