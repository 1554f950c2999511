import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { chat } from './operations.js'
import { closeAll, opened, temporaryDirectory } from './stores.js'

afterAll(closeAll)

/** Everything in a directory, with sizes and times of change. */
function listing(directory: string): readonly string[] {
  return (readdirSync(directory, { recursive: true, withFileTypes: true }) ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}`)
    .sort()
}

async function directoryWithData(): Promise<string> {
  const path = temporaryDirectory()
  const store = await opened({ path })
  await store.insert([chat(), chat()], 'token')
  await store.close()
  return path
}

async function countOf(path: string): Promise<number> {
  const store = await opened({ path })
  const rows = await store.query<{ n: number }>(`SELECT count() AS n FROM ${store.table('operations')}`)
  await store.close()
  return rows[0]!.n
}

test('a directory in use is refused by the number of the process that has it, and goes on working there', async () => {
  const path = temporaryDirectory()
  const store = await opened({ path })
  await expect(opened({ path })).rejects.toThrow(`in use by the process ${process.pid}`)
  await store.insert([chat()], 'token')
  await store.close()
  expect(await countOf(path)).toBe(1)
})

test('the lock of a process that is gone, or whose number another one has by now, does not keep anybody out', async () => {
  const path = await directoryWithData()
  const ended = spawnSync(process.execPath, ['--version'])
  const f = async (lock: string) => {
    writeFileSync(join(path, 'lock.json'), lock)
    expect([lock, await countOf(path)]).toEqual([lock, 2])
  }
  await f(JSON.stringify({ pid: ended.pid, started: 'x' }))
  await f(JSON.stringify({ pid: process.pid, started: 'another boot 1' }))
  await f('half a lo')
})

test('data of a newer version are refused by name, and nothing is touched', async () => {
  const path = await directoryWithData()
  writeFileSync(join(path, 'version.json'), '{"program":"tokmeter","schemaVersion":99}')
  const before = listing(path)
  await expect(opened({ path })).rejects.toThrow(/holds data of schema version 99, and this program knows .* up to 4/)
  expect(listing(path)).toEqual(before)
})

test('a damaged directory is refused by name, and nothing is touched', async () => {
  const f = async (damage: (path: string) => void, message: RegExp) => {
    const path = await directoryWithData()
    damage(path)
    const before = listing(path)
    await expect(opened({ path })).rejects.toThrow(message)
    expect(listing(path)).toEqual(before)
  }
  await f((path) => rmSync(join(path, 'version.json')), /is damaged: .*version.json is missing/)
  await f((path) => writeFileSync(join(path, 'version.json'), '{"schema'), /is damaged: .*version.json cannot be read/)
  await f((path) => writeFileSync(join(path, 'version.json'), '{}'), /is damaged: .*version.json names no version/)
})

test('files of the engine that are damaged are told at the start, and left as they are', async () => {
  const path = await directoryWithData()
  const part = readdirSync(join(path, 'engine'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('checksums.txt'))
    .map((name) => join(path, 'engine', name))
    .find((file) => readFileSync(join(file, '..', 'columns.txt'), 'utf8').includes('trace_id'))!
  writeFileSync(part, 'no checksums')
  for (let time = 0; time < 2; time++) {
    await expect(opened({ path })).rejects.toThrow(/tokmeter-store-\w+ cannot be opened: .* its files are damaged/)
    expect(readFileSync(part, 'utf8')).toBe('no checksums')
  }
})

test('a path that is no directory is refused by name', async () => {
  const path = join(temporaryDirectory(), 'file')
  writeFileSync(path, '')
  await expect(opened({ path })).rejects.toThrow(/EEXIST.*file/)
  const empty = join(temporaryDirectory(), 'not', 'yet', 'there')
  mkdirSync(join(empty, '..'), { recursive: true })
  expect(await countOf(empty)).toBe(0)
})
