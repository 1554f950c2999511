/** Software of others that only a bench or a live test runs: each set in a folder of its own, installed when it is needed for the first time. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { progress } from './line.js'

/**
 * Installs what a folder's package.json asks for, unless that is there. Returns what went wrong.
 * @param {URL} folder Ends with a slash.
 * @returns {Promise<string | undefined>}
 */
export async function install(folder) {
  const path = fileURLToPath(folder)
  // Without a lock file npm chooses versions by Node, so what another Node installed will not do.
  const isLocked = existsSync(`${path}package-lock.json`)
  const wanted = `${isLocked ? '' : process.version} ${readFileSync(`${path}package.json`, 'utf8')}`
  const stamp = `${path}node_modules/.installed-for`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined
  progress(`installing ${path.split('/').slice(-4, -1).join('/')} …`)
  // npm keeps what is there wherever it is in range, whichever Node it was chosen for.
  rmSync(`${path}node_modules`, { recursive: true, force: true })
  const failure = await npm([isLocked ? 'ci' : 'install', '--no-audit', '--no-fund', '--loglevel=error'], path)
  if (failure === undefined) writeFileSync(stamp, wanted)
  return failure
}

/** Version installed in a folder. @param {URL} folder @param {string} packageName @returns {string} */
export function installedVersion(folder, packageName) {
  return JSON.parse(readFileSync(new URL(`node_modules/${packageName}/package.json`, folder), 'utf8')).version
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
