/** Which of several names somebody meant who wrote one that is not among them. */

/** The name nearest to `name`, where one is near enough to be meant. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const wanted = plain(name)
  let best: string | undefined
  // A third of the letters wrong is a slip, more is another word.
  let most = Math.max(1, Math.floor(wanted.length / 3))
  for (const candidate of names) {
    const there = plain(candidate)
    const shorter = Math.min(there.length, wanted.length)
    const isBeginning = shorter >= 3 && there.slice(0, shorter) === wanted.slice(0, shorter)
    const edits = isBeginning ? Math.min(1, distance(wanted, there)) : distance(wanted, there)
    if (edits > most || (edits === most && best !== undefined)) continue
    most = edits
    best = candidate
  }
  return best
}

// Written from memory, names go wrong in their separators and capitals first.
function plain(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[-_\s]/g, '')
}

/** Edits between two names: letters left out, put in, changed, or exchanged with their neighbour. */
function distance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const changed = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      let least = Math.min(changed, previous[column]! + 1, current[column - 1]! + 1)
      const exchanged = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (exchanged) least = Math.min(least, beforePrevious[column - 2]! + 1)
      current.push(least)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.length]!
}
