import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { expect, test } from 'vitest'
import { openQueue } from '../../src/collector/queue/open-queue.js'
import { batch, newDirectory, queueIn, storeAll } from './queue-directory.js'

/** A directory with a queue in which something waits. */
async function filled(): Promise<string> {
  const directory = newDirectory()
  const queue = await queueIn({ directory, targets: [{ name: 'one', signals: ['traces'], maxBytes: 1e9 }] })
  for (let round = 0; round < 50; round++)
    await queue.append(batch([`${round}`], { bytes: Buffer.alloc(20_000, round) }))
  await queue.close()
  return directory
}

/** All files and what is in them. */
const contents = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name)).toString('base64')])
    .sort()

test('a directory that a living process has is refused by the number of that process', async () => {
  const directory = await filled()
  const held = await queueIn({ directory })
  await expect(openQueue({ directory })).rejects.toMatchObject({ name: 'DirectoryLocked', pid: process.pid })
  await held.close()
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  const status = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
  const startedAt = status.slice(status.lastIndexOf(')') + 2).split(' ')[19]
  const lock = join(directory, 'lock.json')
  writeFileSync(lock, JSON.stringify({ pid: child.pid, startedAt, nonce: 'another' }))
  await expect(openQueue({ directory })).rejects.toThrow(`is in use by process ${child.pid}`)
  expect(existsSync(lock)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await storeAll(await queueIn({ directory }))).toHaveLength(50)
})

test('the lock of a process that is no more is taken over, also when its number is in use again', async () => {
  const f = async (lock: string) => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'lock.json'), lock)
    const queue = await queueIn({ directory })
    expect(readdirSync(directory).sort()).toEqual(['environment', 'lock.json'])
    await queue.close()
    expect(readdirSync(directory)).toEqual(['environment'])
  }
  await f(JSON.stringify({ pid: 2 ** 22 + 1, nonce: 'x' }))
  await f(JSON.stringify({ pid: process.ppid, startedAt: '1', nonce: 'x' }))
  await f(JSON.stringify({ pid: process.ppid, boot: 'another', nonce: 'x' }))
  await f(JSON.stringify({ pid: process.pid, nonce: 'a former life' }))
  await f('{"pid":')
})

test('a directory whose making was interrupted is made anew', async () => {
  const directory = newDirectory()
  mkdirSync(join(directory, 'environment.half-made'))
  writeFileSync(join(directory, 'environment.half-made', 'data.mdb'), 'half')
  await queueIn({ directory })
  expect(readdirSync(directory).sort()).toEqual(['environment', 'lock.json'])
})

test('a damaged directory is refused, and nothing in it is touched', async () => {
  const whole = await filled()
  const f = async (damage: (environment: string) => void, message: RegExp) => {
    const directory = newDirectory()
    cpSync(whole, directory, { recursive: true })
    damage(join(directory, 'environment'))
    const before = contents(directory)
    const refused = openQueue({ directory })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ name: 'UnusableQueue', reason: 'damaged' })
    expect(contents(directory)).toEqual(before)
  }
  const data = (environment: string) => join(environment, 'data.mdb')
  const overwrite = (at: number, bytes: Buffer) => (environment: string) => {
    const file = readFileSync(data(environment))
    bytes.copy(file, at)
    writeFileSync(data(environment), file)
  }
  const size = readFileSync(data(join(whole, 'environment'))).length
  await f((environment) => truncateSync(data(environment), 0), /it is cut off: byte 168 is needed, it has 0/)
  await f((environment) => truncateSync(data(environment), 8192), /it is cut off/)
  await f((environment) => truncateSync(data(environment), Math.floor(size / 2)), /it is cut off/)
  await f((environment) => truncateSync(data(environment), size - 100_000), /it is cut off/)
  await f(
    (environment) => writeFileSync(data(environment), Buffer.alloc(size, 'x')),
    /does not begin as such a file does/,
  )
  await f(overwrite(28, Buffer.from([9])), /its LMDB version is/)
  await f(overwrite(48, Buffer.from([1, 1, 1, 1])), /its page size is not possible/)
  await f((environment) => writeFileSync(join(environment, 'format.json'), '{}'), /does not tell the format/)
  await f((environment) => writeFileSync(join(environment, 'format.json'), 'x'), /cannot read .*format\.json/)
  // All pages but the first two, which tell where the others are.
  await f(
    overwrite(8192, Buffer.alloc(size - 8192, 0xa5)),
    /says that it is another one|is of no known kind|cut off|out of range/,
  )
})

test('a directory of a newer version is refused, and nothing in it is touched', async () => {
  const directory = await filled()
  const format = join(directory, 'environment', 'format.json')
  writeFileSync(format, readFileSync(format, 'utf8').replace('"format":1', '"format":2'))
  const before = contents(directory)
  const refused = openQueue({ directory })
  await expect(refused).rejects.toThrow('written by a newer version: its format is 2, this version knows up to 1')
  await expect(refused).rejects.toMatchObject({ name: 'UnusableQueue', reason: 'newer' })
  expect(contents(directory)).toEqual(before)
})

type Rows = ReturnType<typeof open<Buffer, Buffer>>

/** Changes a table of a closed queue. */
async function changing(directory: string, name: string, change: (table: Rows) => Promise<unknown>): Promise<void> {
  const options = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = open<Buffer, Buffer>(join(directory, 'environment'), { ...options, overlappingSync: false })
  await change(root.openDB<Buffer, Buffer>({ name, ...options }) as Rows)
  await root.close()
}

test('an entry that is missing, and ids that are no more remembered, are found when the queue is opened', async () => {
  const f = async (name: string, which: number, message: string) => {
    const directory = await filled()
    await changing(directory, name, (table) => table.remove([...table.getKeys()][which]!))
    await expect(openQueue({ directory })).rejects.toThrow(message)
  }
  await f('operations', 10, 'operations end at 9 and go on at 11')
  await f('seen', 0, '50 remembered ids are expected; it has 0')
})

test('a directory of before it was written down how many ids are remembered is opened, and remembers them', async () => {
  const directory = await filled()
  await changing(directory, 'state', async (table) => {
    const [{ key, value } = { key: Buffer.alloc(0), value: Buffer.alloc(0) }] = [...table.getRange()]
    const { seenIds, ...before } = JSON.parse(value.toString())
    expect(seenIds).toBe(50)
    await table.put(key, Buffer.from(JSON.stringify(before)))
  })
  const queue = await queueIn({ directory })
  expect(await queue.append(batch(['0', '49', '50']))).toMatchObject({ accepted: 1, duplicates: 2 })
  await queue.close()
  expect((await queueIn({ directory })).sizes.seenIds).toBe(51)
})

test('an entry whose bytes changed is dropped and counted, and the others are handed out', async () => {
  const directory = await filled()
  for (const name of ['operations', 'bodies'])
    await changing(directory, name, (table) => {
      const key = [...table.getKeys()][10]!
      const value = Buffer.from(table.getBinary(key)!)
      value[value.length - 1]! ^= 1
      return table.put(key, value)
    })
  const queue = await queueIn({ directory, targets: [{ name: 'one', signals: ['traces'], maxBytes: 1e9 }] })
  expect((await storeAll(queue)).length).toBe(49)
  const consumer = queue.target('one')!
  for (let count = 0; count < 49; count++) (await consumer.next())!.sent()
  await queue.append(batch(['last']))
  expect(queue.ledger()).toMatchObject({
    accepted: 51,
    stored: 49,
    dropped: { damaged: 1, not_storable: 0 },
    inQueue: 1,
    forward: { one: { accepted: 51, sent: 49, dropped: { queue_full: 0, damaged: 1, removed: 0 }, inQueue: 1 } },
  })
})
