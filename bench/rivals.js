/** The instrumentations `overhead` compares with: each in a folder of its own, installed when it is needed for the first time. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { progress } from './line.js'

/** By folder, the name of the package. */
export const RIVALS = {
  contrib: '@opentelemetry/instrumentation-openai',
  openlit: 'openlit',
  traceloop: '@traceloop/instrumentation-openai',
}

/**
 * Installs what a folder asks for, unless that is there. Returns what went wrong.
 * @param {string} name
 * @returns {Promise<string | undefined>}
 */
export async function install(name) {
  const folder = fileURLToPath(new URL(`./rivals/${name}/`, import.meta.url))
  // Without a lock file npm chooses versions by Node, so what another Node installed will not do.
  const isLocked = existsSync(`${folder}package-lock.json`)
  const wanted = `${isLocked ? '' : process.version} ${readFileSync(`${folder}package.json`, 'utf8')}`
  const stamp = `${folder}node_modules/.installed-for`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined
  progress(`installing bench/rivals/${name} …`)
  const failure = await npm([isLocked ? 'ci' : 'install', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  if (failure === undefined) writeFileSync(stamp, wanted)
  return failure
}

/** Version installed in a folder. @param {string} name @param {string} packageName */
export function installedVersion(name, packageName) {
  const file = new URL(`./rivals/${name}/node_modules/${packageName}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')).version
}

/** @param {string[]} args @param {string} cwd @returns {Promise<string | undefined>} */
function npm(args, cwd) {
  return new Promise((resolve) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' })
    let errors = ''
    child.stderr.on('data', (part) => {
      errors = (errors + part).slice(-500)
    })
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) => resolve(code === 0 ? undefined : `npm ${args[0]} ended with ${code}: ${errors.trim()}`))
  })
}
