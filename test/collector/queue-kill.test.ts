import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileQueue } from './queue-compiled.js'
import { newDirectory } from './queue-directory.js'

/** How often the process is killed: few in every run of the tests, many where it is asked for. */
const KILLS = Number(process.env['TOKMETER_TEST_KILLS'] ?? 8)

let compiled: string
beforeAll(() => {
  compiled = compileQueue()
})
afterAll(() => rmSync(compiled, { recursive: true, force: true }))

type Told = {
  readonly sending: string[][]
  readonly acknowledged: string[][]
  readonly stored: { token: string; ids: string[] }[]
  readonly forwarded: string[][]
  readonly opened: { imbalances: string[]; ledger: { accepted: number } }[]
  readonly ended: {
    imbalances: string[]
    ledger: { inQueue: number; accepted: number; stored: number; duplicate: number }
  }[]
}

/** Runs the process, killing it when it has told so many things, and adds what it told. */
async function run(told: Told, directory: string, name: string, killAfter: number): Promise<void> {
  const acknowledged = new Set(told.acknowledged.flat())
  const again = told.sending.filter(([id]) => !acknowledged.has(id!))
  const words = [join(import.meta.dirname, 'queue-child.js'), compiled, directory, name, JSON.stringify(again)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let left = killAfter
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, value] = JSON.parse(line) as [keyof Told, never]
    told[what].push(value)
    if (--left === 0) child.kill('SIGKILL')
  }
  const [code, signal] = await exit
  expect(killAfter === Infinity ? code : signal).toBe(killAfter === Infinity ? 0 : 'SIGKILL')
}

test(
  `killed ${KILLS} times under load, it loses nothing acknowledged and hands nothing to the store twice`,
  async () => {
    const directory = newDirectory()
    const told: Told = { sending: [], acknowledged: [], stored: [], forwarded: [], opened: [], ended: [] }
    for (let kill = 0; kill < KILLS; kill++) {
      await run(told, directory, `run${kill}`, 1 + Math.floor(Math.random() ** 2 * 400))
    }
    await run(told, directory, 'drain', Infinity)

    // A store that knows tokens: a run that comes again has the same operations, and no operation is in two runs.
    const stored = new Map<string, string[]>()
    for (const { token, ids } of told.stored) {
      expect(stored.get(token) ?? ids).toEqual(ids)
      stored.set(token, ids)
    }
    const ids = [...stored.values()].flat()
    const kept = new Set(ids)
    expect(kept.size).toBe(ids.length)
    const acknowledged = told.acknowledged.flat()
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
    const forwarded = new Set(told.forwarded.flat())
    expect(acknowledged.filter((id) => !forwarded.has(id))).toEqual([])

    expect(told.opened.flatMap(({ imbalances }) => imbalances)).toEqual([])
    expect(told.ended).toHaveLength(1)
    const { imbalances, ledger } = told.ended[0]!
    expect(imbalances).toEqual([])
    expect(ledger).toMatchObject({ inQueue: 0, stored: ids.length })
    expect(acknowledged.length).toBeGreaterThan(0)
  },
  20_000 + KILLS * 2000,
)
