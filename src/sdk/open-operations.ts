/** What is under way, oldest to newest: a list that its members link themselves, since a set would hash each twice and grow with every call. */
import type { OpenOperation } from './open-operation.js'

export class OpenOperations {
  oldest: OpenOperation | undefined
  newest: OpenOperation | undefined
  size = 0

  add(operation: OpenOperation): void {
    operation.older = this.newest
    if (this.newest === undefined) this.oldest = operation
    else this.newest.newer = operation
    this.newest = operation
    this.size++
  }

  /** Takes one out that is in. */
  delete(operation: OpenOperation): void {
    const { older, newer } = operation
    if (older === undefined) this.oldest = newer
    else older.newer = newer
    if (newer === undefined) this.newest = older
    else newer.older = older
    // What is out keeps nobody else alive.
    operation.older = undefined
    operation.newer = undefined
    this.size--
  }
}
