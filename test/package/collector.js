/**
 * The collector as a stranger gets it: from the two tarballs, in an empty folder, with npm alone. With its embedded engine on the Node that runs
 * this, since that is half a gigabyte; without it on every other.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { check, filesUnder, must, pack, run } from './checking.js'

/** @param {{ root: string, folder: string, sdkTarball: string, nodes: readonly string[] }} options */
export async function checkCollector({ root, folder, sdkTarball, nodes }) {
  const { tarball, files } = pack(['-w', '@tokmeter/collector'], root, folder)
  const install = ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error']

  await check('the collector’s package holds only what runs it', () => {
    const allowed =
      /^(dist\/.*\.js|dist\/demo\/recordings\/.*\.(json|txt|md)|dist\/pages\/.*\.(html|css|js|svg|txt|woff2)(\.br|\.gz)?|README\.md|LICENSE|package\.json)$/
    const others = files.filter((path) => !allowed.test(path))
    must(others.length === 0, `also in it: ${others.join(', ')}`)
    const needed = ['dist/main.js', 'dist/pages/index.html', 'README.md', 'LICENSE', 'dist/pages/assets/licences.txt']
    for (const one of needed) must(files.includes(one), `without ${one}`)
    return `${files.length} files, ${Math.round(statSync(tarball).size / 1000)} kB`
  })
  await check('publint has nothing to say of it', () => {
    run(['npx', '--no-install', 'publint', tarball, '--strict'], root)
  })
  await check('what it needs of the SDK is the version beside it', () => {
    const versionOf = (/** @type {string} */ path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
    const { version, dependencies } = versionOf('src/collector/package.json')
    const sdk = versionOf('package.json').version
    must(
      version === sdk && dependencies.tokmeter === sdk,
      `${version} needs ${dependencies.tokmeter} and there is ${sdk}`,
    )
  })

  const whole = projectIn(folder, 'collector')
  await check('with its engine it installs from the two tarballs', () => {
    run([...install, sdkTarball, tarball], whole)
    const bytes = filesUnder(join(whole, 'node_modules')).reduce((sum, file) => sum + statSync(file).size, 0)
    return `${Math.round(bytes / 1e6)} MB`
  })
  await check('`npx tokmeter` and `npx @tokmeter/collector` are the same command', () => {
    const [one, other] = ['tokmeter', '@tokmeter/collector'].map((name) =>
      run(['npx', '--no-install', name, '--help'], whole),
    )
    must(one === other && /collect/.test(one ?? ''), `${one}\nand\n${other}`)
  })
  await check('it starts, takes an event, stores it, and exports it', () => takesAnEvent(whole))

  for (const version of ['', ...nodes]) {
    const withNode = version === '' ? [] : ['npx', '-y', '-p', `node@${version}`]
    const lean = projectIn(folder, `collector-without-engine-${version}`)
    const name = run([...withNode, 'node', '--version'], lean).trim()
    await check(`Node ${name}: without its engine it installs and prints its help`, () => {
      // Without what is optional LMDB comes without its binaries too, and would be compiled: this machine's is asked for by name.
      const binary = `@lmdb/lmdb-${process.platform}-${process.arch}`
      run([...withNode, ...install, '--omit=optional', sdkTarball, tarball, binary], lean)
      must(!filesUnder(join(lean, 'node_modules/lmdb')).some((file) => /\/build\//.test(file)), 'LMDB was compiled')
      const megabytes = filesUnder(join(lean, 'node_modules')).reduce((sum, file) => sum + statSync(file).size, 0) / 1e6
      must(megabytes < 100, `${Math.round(megabytes)} MB`)
      run([...withNode, 'node', program(lean), '--help'], lean)
      return `${Math.round(megabytes)} MB`
    })
    await check(`Node ${name}: and then says that it needs a server, or the engine`, async () => {
      const { said, code } = await started([...withNode, 'node', program(lean), '--port', '0'], lean).ended
      must(code === 1 && /needs the package chdb/.test(said()), `ended with ${code}: ${said()}`)
    })
    await check(`Node ${name}: and runs with the URL of a server, ready once that answers`, async () => {
      const settings = ['--port', '0', '--set', 'store.url=http://127.0.0.1:1']
      const collector = started([...withNode, 'node', program(lean), ...settings], lean)
      const url = await collector.listening
      const statuses = await Promise.all(['/health', '/ready'].map(async (path) => (await fetch(url + path)).status))
      must((await post(url)).status === 202, 'it did not take an event')
      await collector.stop()
      must(statuses.join() === '200,503', `answered ${statuses}`)
    })
  }
}

/** @param {string} folder @param {string} name */
function projectIn(folder, name) {
  const project = join(folder, name)
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }))
  return project
}

/** @param {string} project */
const program = (project) => join(project, 'node_modules/@tokmeter/collector/dist/main.js')

/** @param {string} url */
function post(url) {
  const usage = { input_tokens: 1000, output_tokens: 100, duration_ms: 1200 }
  const call = { event_type: 'llm_request_completed', provider: 'openai', model: 'gpt-4o', ...usage }
  const event = { event_id: 'one', timestamp_ms: Date.now(), ...call }
  const headers = { 'content-type': 'application/json' }
  return fetch(`${url}/api/v1/analytics/events`, { method: 'POST', headers, body: JSON.stringify(event) })
}

/** @param {string} project */
async function takesAnEvent(project) {
  const collector = started(['node', program(project), '--port', '0', '--data', join(project, 'data')], project)
  const url = await collector.listening
  must((await post(url)).status === 202, 'it did not take an event')
  for (;;) {
    const ledger = /** @type {any} */ (await (await fetch(`${url}/api/v1/ledger`)).json())
    if (ledger.stored === 1) break
    await sleep(50)
  }
  must((await collector.stop()) === 0, `it did not end well: ${collector.said()}`)
  const file = join(project, 'operations.jsonl')
  run(
    ['npx', '--no-install', 'tokmeter', 'export', '--data', join(project, 'data'), '--format', 'jsonl', file],
    project,
  )
  must(/"id":"one"/.test(readFileSync(file, 'utf8')), `exported was ${readFileSync(file, 'utf8')}`)
}

/** A collector that runs. @param {string[]} command @param {string} cwd */
function started([name, ...words], cwd) {
  // A group of its own: `npx` would not pass every signal on.
  const child = spawn(/** @type {string} */ (name), words, { cwd, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  /** @type {string[]} */
  const lines = []
  const said = () => lines.join('\n')
  const exit = once(child, 'exit')
  const listening = new Promise((resolve, reject) => {
    exit.then(() => reject(new Error(`it ended: ${said()}`)))
    createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stderr) }).on('line', (line) => {
      lines.push(line)
      const [, url] = /listening on (http:[^"\s]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  })
  listening.catch(() => {})
  const ended = exit.then(([code]) => ({ said, code: /** @type {number | null} */ (code) }))
  return {
    said,
    ended,
    listening: /** @type {Promise<string>} */ (listening),
    /** @returns {Promise<number | null>} */
    async stop() {
      process.kill(-(/** @type {number} */ (child.pid)), 'SIGTERM')
      return (await ended).code
    },
  }
}
