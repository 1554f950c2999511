/** How deep a text of YAML is nested. To be asked first: reading it recurses, and at the end of the stack Node does not always throw, it can abort. */
import { type CST, Parser } from 'yaml'

/** Levels of nesting that are read; the configuration has five, each some steps of the syntax. */
const DEEPEST = 64

export function isTooDeep(source: string): boolean {
  for (const token of new Parser().parse(source)) {
    const open: [node: CST.Token, depth: number][] = [[token, 0]]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, depth] = next
      if (depth > DEEPEST) return true
      if (node.type === 'document' && node.value) open.push([node.value, depth + 1])
      if (!('items' in node)) continue
      for (const { key, value } of node.items) {
        if (key) open.push([key, depth + 1])
        if (value) open.push([value, depth + 1])
      }
    }
  }
  return false
}
