/** The built collector as a process of its own, for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Ledger } from '../../src/collector/ledger.js'

const MAIN = fileURLToPath(new URL('../../src/collector/dist/main.js', import.meta.url))

export type CollectorProcess = {
  readonly url: string
  isReady(): Promise<boolean>
  ledger(): Promise<Ledger & { readonly imbalances: readonly string[] }>
  /** Ends it by the signal, and waits until it has ended. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

const processes = new Set<ChildProcess>()

/** Resolves when it listens, which is before a store on a server is open. */
export async function startProcess(
  data: string,
  settings: { readonly [option: string]: string },
): Promise<CollectorProcess> {
  const set = Object.entries(settings).flatMap(([option, value]) => ['--set', `${option}=${value}`])
  const words = [MAIN, '--config', '/dev/null', '--port', '0', '--data', data, '--log-format', 'json', ...set]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  processes.add(child)
  const exit = once(child, 'exit')
  const said: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    exit.then(() => reject(new Error(`it ended: ${said.join('\n')}`)))
    createInterface({ input: child.stderr! }).on('line', (line) => {
      said.push(line)
      const [, found] = /listening on (http:[^"\s]+)/.exec(line) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return {
    url,
    isReady: async () => (await fetch(`${url}/ready`)).status === 200,
    ledger: async () => (await fetch(`${url}/api/v1/ledger`)).json() as never,
    async end(signal) {
      child.kill(signal)
      await exit
      processes.delete(child)
    },
  }
}

/** Kills what a failed test has left. */
export async function endProcesses(): Promise<void> {
  for (const child of processes) {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  processes.clear()
}
