import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileQueue } from './queue-compiled.js'
import { newDirectory } from './queue-directory.js'

let compiled: string
beforeAll(() => {
  compiled = compileQueue()
})
afterAll(() => rmSync(compiled, { recursive: true, force: true }))

test.skipIf(process.platform === 'win32')(
  'a disk that is full refuses, corrupts nothing, and takes again when there is room',
  () => {
    const child = join(import.meta.dirname, 'queue-full-disk-child.js')
    // The limit is in blocks of 512 bytes or of a KiB, by the shell: a few megabytes either way.
    const command = `ulimit -f 6000; exec "${process.execPath}" "${child}" "${compiled}" "${newDirectory()}"`
    const told = JSON.parse(execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' }))
    expect(told.reasons).toEqual(['QueueFull write_failed'])
    expect(told.stored).toEqual(told.acknowledged)
    expect(told.balance).toEqual([])
    expect(told.first).toBeGreaterThan(10)
    expect(told.acknowledged.length).toBeGreaterThan(told.first + 10)
    expect(told).toMatchObject({
      accepted: told.acknowledged.length,
      refused: 6,
      received: told.acknowledged.length + 6,
    })
  },
)
