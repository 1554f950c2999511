/** The look at an LMDB file before LMDB has it: on real files, whole and with one page overwritten. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDamage } from '../../src/collector/queue/file-check.js'

const PAGE = 4096
const directory = mkdtempSync(join(tmpdir(), 'tokmeter-file-check-'))
const file = join(directory, 'environment', 'data.mdb')
const marked = (index: number) => Buffer.from(`entry ${index} `.padEnd(40 + (index % 200), '.'))

beforeAll(async () => {
  const root = open(join(directory, 'environment'), { maxDbs: 8, noSubdir: false, encoding: 'binary' })
  const [small, large] = ['small', 'large'].map((name) => root.openDB<Buffer, number>({ name, encoding: 'binary' }))
  for (let index = 0; index < 3000; index++) {
    await small!.put(index, marked(index))
    if (index % 100 === 0) await large!.put(index, Buffer.alloc(9000, index % 251))
    // Holes, so that there are free pages as well.
    if (index % 3 === 0) await small!.remove(index - 30)
  }
  await root.close()
}, 60_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('a whole file is whole', () => {
  expect(findDamage(file)).toBeUndefined()
})

test('an overwritten page is found, in whichever table an entry of it stands', () => {
  const whole = readFileSync(file)
  const copy = join(directory, 'damaged.mdb')
  for (const index of [2, 1000, 2000, 2999]) {
    // The last one in the file that is still referred to is one of them: those before were written over by copies.
    const places: number[] = []
    for (let at = whole.indexOf(marked(index)); at !== -1; at = whole.indexOf(marked(index), at + 1)) places.push(at)
    const found = places.map((at) => {
      const bytes = Buffer.from(whole)
      bytes.fill(0, Math.floor(at / PAGE) * PAGE, (Math.floor(at / PAGE) + 1) * PAGE)
      writeFileSync(copy, bytes)
      return findDamage(copy) !== undefined
    })
    expect([index, found.includes(true)]).toEqual([index, true])
  }
})
