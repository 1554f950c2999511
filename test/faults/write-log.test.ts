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
  const lines = [
    '10 openat(AT_FDCWD, "\\x2f\\x61", O_RDWR|O_CREAT|O_CLOEXEC, 0664) = 5',
    '10 openat(AT_FDCWD, "\\x2f\\x61", O_RDWR|O_DSYNC|O_CLOEXEC, 0664) = 6',
    '11 pwrite64(5, "\\x61\\x62", 2, 4096) = 2',
    '11 lseek(5, 8192, SEEK_SET) = 8192',
    '11 writev(5, [{iov_base="\\x63", iov_len=1}, {iov_base="\\x64\\x65", iov_len=2}], 2) = 3',
    '11 fdatasync(5 <unfinished ...>',
    '12 close(7) = 0',
    '11 <... fdatasync resumed>) = 0',
    '11 pwrite64(6, "\\x66", 1, 0 <unfinished ...>',
    '12 +++ exited with 0 +++',
    '11 <... pwrite64 resumed>)           = 1',
    '11 pwrite64(5, "\\x67", 1, 0) = -1 ENOSPC (No space left on device)',
    '10 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=9, si_uid=0} ---',
    '11 pwrite64(5, "\\x68", 1, 0) = ?',
    '10 +++ exited with 0 +++',
  ]
  writeFileSync(log, lines.join('\n'))
  const steps = await readSteps(log)
  for (const line of [
    '11 <... fdatasync resumed>) = 0',
    '11 pwrite64(5, "\\x61"..., 2, 0) = 2',
    '11 ftruncate(5, 0) = 0',
  ]) {
    writeFileSync(log, line)
    await expect(readSteps(log)).rejects.toThrow(`cannot read of what is written: ${line}`)
  }
  rmSync(directory, { recursive: true })
  // Where a line begins is how long the log was before.
  const begin = (line: number) => lines.slice(0, line).join('\n').length + 1
  const told = steps.map((step) =>
    step.kind === 'sync' ? ['sync', step.at] : [step.offset, step.bytes.toString(), step.isSynced, step.at],
  )
  expect(told).toEqual([
    [4096, 'ab', false, begin(2)],
    [8192, 'cde', false, begin(4)],
    ['sync', begin(7)],
    [0, 'f', true, begin(10)],
  ])
})
