import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LINE_BYTES, linesOf, wholeLines } from '../../../src/collector/store/lines.js'

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('lines are the same however the bytes arrive', async () => {
  const lines = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/[\n\r]/g, '')))
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 1, max: 20 }), fc.boolean(), async (written, size, hasLastEnd) => {
      const bytes = Buffer.from(written.join('\n') + (hasLastEnd ? '\n' : ''))
      const read: string[] = []
      for await (const line of linesOf(inPieces(bytes, size))) read.push(line)
      expect(read).toEqual(
        bytes
          .toString()
          .split('\n')
          .filter((line) => line.trim() !== ''),
      )
    }),
  )
})

test('chunks of whole lines are the same however the bytes arrive, and lose none', async () => {
  const lengths = fc.array(fc.nat({ max: 30 }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 1, max: 50 }), async (written, size) => {
      const bytes = Buffer.from(written.map((length) => `${'x'.repeat(length)}\n`).join(''))
      const f = async (pieceSize: number) => {
        const chunks: string[] = []
        for await (const chunk of wholeLines(inPieces(bytes, pieceSize), { rows: 4, bytes: 40 }))
          chunks.push(chunk.toString())
        return chunks
      }
      const chunks = await f(size)
      expect(chunks).toEqual(await f(bytes.length))
      expect(chunks.join('')).toBe(bytes.toString())
      for (const chunk of chunks) expect(chunk.endsWith('\n') && chunk.split('\n').length <= 5).toBe(true)
    }),
  )
})

test('a line that does not end is refused before it fills the memory', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(2 ** 20, 120)
  }
  let pieces = 0
  async function* counted() {
    for await (const piece of endless()) {
      pieces++
      yield piece
    }
  }
  const read = (async () => {
    for await (const line of linesOf(counted())) expect(line).toBe('')
  })()
  await expect(read).rejects.toThrow(`longer than ${LINE_BYTES} bytes`)
  expect(pieces).toBe(LINE_BYTES / 2 ** 20 + 1)
})
