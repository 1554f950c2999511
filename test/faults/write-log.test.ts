import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FileStates, readSteps, type Step } from './write-log.js'

const write = (offset: number, text: string, isSynced = false): Step => ({
  kind: 'write',
  at: 1,
  offset,
  bytes: Buffer.from(text),
  isSynced,
})
const SYNC: Step = { kind: 'sync', at: 1 }

test('after a power cut what was synced is there, and of what was not nothing, or everything', () => {
  const f = (steps: Step[], nothing: string, everything: string) => {
    const states = new FileStates(Buffer.from('....'))
    for (const step of steps) states.make(step)
    expect(states.afterCut('nothing').toString()).toBe(nothing)
    expect(states.afterCut('everything').toString()).toBe(everything)
  }
  f([], '....', '....')
  f([write(0, 'ab')], '....', 'ab..')
  f([write(0, 'ab'), SYNC], 'ab..', 'ab..')
  f([write(0, 'ab'), SYNC, write(1, 'c')], 'ab..', 'ac..')
  f([write(3, 'xyz'), SYNC, write(5, '!')], '...xyz', '...xy!')
  // One that is synced when it returns has returned when the next one begins.
  f([write(0, 'a', true)], '....', 'a...')
  f([write(0, 'a', true), write(1, 'b')], 'a...', 'ab..')
  // It takes nothing with it that was written before.
  f([write(1, 'b'), write(0, 'a', true), write(2, 'c')], 'a...', 'abc.')
})

test('whatever is left of what was not synced, each sector is of before or of after', () => {
  const letters = fc.constantFrom('a', 'b', 'c')
  const writes = fc.array(
    fc.record({ offset: fc.nat(3000), length: fc.integer({ min: 1, max: 2000 }), letter: letters }),
  )
  fc.assert(
    fc.property(writes, (made) => {
      const states = new FileStates(Buffer.alloc(5000, '.'))
      const allowed = Array.from({ length: 5000 }, () => new Set(['.']))
      for (const { offset, length, letter } of made) {
        states.make(write(offset, letter.repeat(length)))
        for (let at = offset; at < offset + length; at++) allowed[at]!.add(letter)
      }
      const left = states.afterCut('any').toString()
      expect([...left].filter((letter, at) => !allowed[at]!.has(letter))).toEqual([])
    }),
    { numRuns: 20 },
  )
})

test('the log of a tracer becomes writes and syncs, with those another thread came between', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-write-log-'))
  const log = join(directory, 'log')
  writeFileSync(
    log,
    [
      '10 100.5 openat(AT_FDCWD, "\\x2f\\x61", O_RDWR|O_CREAT|O_CLOEXEC, 0664) = 5',
      '10 100.6 openat(AT_FDCWD, "\\x2f\\x61", O_RDWR|O_DSYNC|O_CLOEXEC, 0664) = 6',
      '11 101.0 pwrite64(5, "\\x61\\x62", 2, 4096) = 2',
      '11 101.1 lseek(5, 8192, SEEK_SET) = 8192',
      '11 101.2 writev(5, [{iov_base="\\x63", iov_len=1}, {iov_base="\\x64\\x65", iov_len=2}], 2) = 3',
      '11 101.3 fdatasync(5 <unfinished ...>',
      '12 101.4 close(7) = 0',
      '11 101.5 <... fdatasync resumed>) = 0',
      '11 101.6 pwrite64(6, "\\x66", 1, 0) = 1',
      '11 101.7 pwrite64(5, "\\x67", 1, 0) = -1 ENOSPC (No space left on device)',
      '10 102.0 +++ exited with 0 +++',
    ].join('\n'),
  )
  const steps = await readSteps(log)
  rmSync(directory, { recursive: true })
  const told = steps.map((step) =>
    step.kind === 'sync' ? ['sync', step.at] : [step.offset, step.bytes.toString(), step.isSynced, step.at],
  )
  expect(told).toEqual([
    [4096, 'ab', false, 101],
    [8192, 'cde', false, 101.2],
    ['sync', 101.5],
    [0, 'f', true, 101.6],
  ])
})
