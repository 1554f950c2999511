/**
 * Runs an example against the provider emulator on this machine: `npm run example views`, or all of them with `--all`.
 * The examples themselves are as they would be in front of the real providers.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmulator } from '../demo/emulator.js'
import { startReceiver } from '../demo/receiver.js'

/** @type {Record<string, { flags?: string[], requests?: string[] }>} */
const EXAMPLES = {
  'no-code-change': { flags: ['--import', 'tokmeter/register'] },
  'in-code': {},
  'existing-opentelemetry': {},
  views: {},
  'prometheus-and-otlp': {},
  'manual-capture': {},
  'fastify-app': { requests: ['/chat', '/metrics'] },
}

const [name] = process.argv.slice(2)
const names = name === '--all' ? Object.keys(EXAMPLES) : [name ?? '']
if (!names.every((one) => Object.hasOwn(EXAMPLES, one))) {
  console.error(`npm run example <name>, one of: ${Object.keys(EXAMPLES).join(', ')}`)
  process.exit(2)
}

const [emulator, receiver] = await Promise.all([startEmulator(), startReceiver()])
for (const one of names) {
  console.log(`--- examples/${one}.js`)
  const code = await run(one)
  if (code !== 0) {
    console.error(`${one} ended with ${code}`)
    process.exitCode = 1
  }
}
console.log(`--- ${emulator.total} calls reached the emulator, ${receiver.received.events} events came by OTLP`)
receiver.close()
await emulator.close()

/** @param {string} example */
async function run(example) {
  const { flags = [], requests = [] } = EXAMPLES[example]
  const child = spawn(process.execPath, [...flags, `examples/${example}.js`], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OPENAI_API_KEY: 'none',
      OPENAI_BASE_URL: `${emulator.url}/v1`,
      ANTHROPIC_API_KEY: 'none',
      ANTHROPIC_BASE_URL: emulator.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      PORT: '0',
    },
  })
  child.stdout.pipe(process.stdout, { end: false })
  const exited = once(child, 'exit')
  if (requests.length > 0) {
    const [, url] = await firstMatch(child.stdout, /listening on (\S+)/)
    for (const path of requests)
      console.log((await (await fetch(url + path)).text()).split('\n').slice(0, 8).join('\n'))
    child.kill('SIGTERM')
  }
  const [code, signal] = await exited
  return code ?? signal
}

/** @param {import('node:stream').Readable} stream @param {RegExp} pattern @returns {Promise<RegExpExecArray>} */
function firstMatch(stream, pattern) {
  return new Promise((resolve) => {
    let text = ''
    stream.on('data', (chunk) => {
      text += chunk
      const match = pattern.exec(text)
      if (match !== null) resolve(match)
    })
  })
}
