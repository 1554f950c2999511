/**
 * Looks at an LMDB file before LMDB does. LMDB maps the file and believes what is in it: a page that is missing or overwritten
 * ends the process with a signal, where a clear error is wanted. Reads only.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
const PAGE_HEADER = 24
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
const BIG_DATA = 0x01
const SUB_DATABASE = 0x02
/** The root of a database without entries. */
const NO_PAGE = 0xffffffffffffffffn
/** Where in the 48 bytes that describe a database its root stands. */
const ROOT_AT = 40
/** Most pages looked at when nothing is wrong at first sight: about 80 MiB, a tenth of a second. */
const PAGE_LIMIT = 20_000

/** What is wrong with the file, in words; undefined when nothing was found. */
export function findDamage(path: string): string | undefined {
  const file = openSync(path, 'r')
  try {
    return new Examination(file).run()
  } catch (error) {
    if (error instanceof Finding || error instanceof RangeError) return error.message
    throw error
  } finally {
    closeSync(file)
  }
}

class Finding extends Error {}

class Examination {
  readonly #file: number
  readonly #size: number
  #pageSize = 4096
  #left = PAGE_LIMIT

  constructor(file: number) {
    this.#file = file
    this.#size = fstatSync(file).size
  }

  run(): string | undefined {
    const meta = this.#newestMeta()
    // Pages at the end may never have been written; then only a look at all pages tells whether one is missing.
    if (this.#size < (Number(meta.readBigUInt64LE(144)) + 1) * this.#pageSize) this.#left = Infinity
    this.#tree(meta.readBigUInt64LE(48 + ROOT_AT))
    this.#tree(meta.readBigUInt64LE(96 + ROOT_AT))
    return undefined
  }

  /** The description of the last transaction: two take turns. */
  #newestMeta(): Buffer {
    const first = this.#meta(0)
    this.#pageSize = first.readUInt32LE(48)
    if (![4096, 8192, 16_384, 32_768, 65_536].includes(this.#pageSize))
      throw new Finding('its page size is not possible')
    const second = this.#meta(this.#pageSize)
    return second.readBigUInt64LE(152) > first.readBigUInt64LE(152) ? second : first
  }

  #meta(at: number): Buffer {
    const meta = this.#read(at, 168)
    if (meta.readUInt32LE(24) !== MAGIC) throw new Finding('it does not begin as such a file does')
    if (meta.readUInt32LE(28) !== DATA_VERSION) throw new Finding(`its LMDB version is ${meta.readUInt32LE(28)}`)
    return meta
  }

  #tree(root: bigint): void {
    if (root === NO_PAGE || --this.#left < 0) return
    const page = this.#page(root)
    const flags = page.readUInt16LE(18)
    // This LMDB counts places on a page from behind its header.
    const end = PAGE_HEADER + page.readUInt16LE(20)
    for (let at = PAGE_HEADER; at < end; at += 2) {
      const node = PAGE_HEADER + page.readUInt16LE(at)
      if (flags & BRANCH) this.#tree(BigInt(page.readUIntLE(node, 6)))
      else if (flags & LEAF) this.#leaf(page, node)
      else throw new Finding(`page ${root} is of no known kind`)
    }
  }

  #leaf(page: Buffer, node: number): void {
    const flags = page.readUInt16LE(node + 4)
    const data = node + 8 + page.readUInt16LE(node + 6)
    if (flags & SUB_DATABASE) this.#tree(page.readBigUInt64LE(data + ROOT_AT))
    if ((flags & BIG_DATA) === 0) return
    const first = page.readBigUInt64LE(data)
    const bytes = page.readUInt32LE(node)
    const end = Number(first) * this.#pageSize + PAGE_HEADER + bytes
    if (end > this.#size) throw new Finding(`it is cut off: an entry ends at byte ${end}, the file at ${this.#size}`)
    if (this.#left !== Infinity) return
    if ((this.#page(first).readUInt16LE(18) & OVERFLOW) === 0) throw new Finding(`page ${first} is of another kind`)
  }

  #page(number: bigint): Buffer {
    const page = this.#read(Number(number) * this.#pageSize, this.#pageSize)
    if (page.readBigUInt64LE(0) !== number) throw new Finding(`page ${number} says that it is another one`)
    return page
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length)
    if (at + length > this.#size || readSync(this.#file, bytes, 0, length, at) < length) {
      throw new Finding(`it is cut off: byte ${at + length} is needed, it has ${this.#size}`)
    }
    return bytes
  }
}
