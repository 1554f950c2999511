/** The instrumentations `overhead` compares with, each in a folder of its own. */
import * as onDemand from './on-demand.js'

/** By folder, the name of the package. */
export const RIVALS = {
  contrib: '@opentelemetry/instrumentation-openai',
  openlit: 'openlit',
  traceloop: '@traceloop/instrumentation-openai',
}

/** @param {string} name */
const folderOf = (name) => new URL(`./rivals/${name}/`, import.meta.url)

/** Installs what a folder asks for, unless that is there. Returns what went wrong. @param {string} name */
export const install = (name) => onDemand.install(folderOf(name))

/** Version installed in a folder. @param {string} name @param {string} packageName */
export const installedVersion = (name, packageName) => onDemand.installedVersion(folderOf(name), packageName)
