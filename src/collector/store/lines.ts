/** A stream of bytes as lines, or as chunks of whole lines. Bounded in what one line may take. */

/** Longest line read, in bytes. */
export const LINE_BYTES = 16 * 2 ** 20
const NEWLINE = 10

/** The lines without their ends, empty ones left out. Throws a RangeError at one that is too long. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const chunk of wholeLines(bytes, { rows: 1000, bytes: 2 ** 20 }))
    for (const line of chunk.toString('utf8').split('\n')) if (line.trim() !== '') yield line
}

/** The same bytes in chunks that end where a line does, of about so many lines or bytes at most: the same for the same bytes. */
export async function* wholeLines(
  source: AsyncIterable<Uint8Array>,
  most: { readonly rows: number; readonly bytes: number },
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let size = 0
  let rows = 0
  // Bytes of `pieces` that are whole lines.
  let whole = 0
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let begin = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, end + 1)) {
      rows++
      whole = size + end + 1 - begin
      if (rows < most.rows && whole < most.bytes) continue
      pieces.push(chunk.subarray(begin, end + 1))
      yield Buffer.concat(pieces, whole)
      pieces = []
      size = 0
      rows = 0
      whole = 0
      begin = end + 1
    }
    if (begin < chunk.length) {
      pieces.push(chunk.subarray(begin))
      size += chunk.length - begin
    }
    if (size - whole > LINE_BYTES) throw new RangeError(`a line is longer than ${LINE_BYTES} bytes`)
  }
  if (size > 0) yield Buffer.concat(pieces, size)
}
