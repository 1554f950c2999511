/** Reads a configuration file: YAML to plain values, with the variables they refer to, and the line each of them stands on. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parse,
  parseDocument,
  visit,
} from 'yaml'
import type { Layer } from './layers.js'
import type { Mistake, Origin } from './mistakes.js'
import { isTooDeep } from './nesting.js'
import { type Path, placeAt } from './places.js'
import { type Environment, resolveReferences } from './references.js'

const TEXTS = new Set(['text', 'choice', 'duration', 'size', 'url'])

/** Thirty times the file that holds every option with its comments. */
const LONGEST = 256 * 1024

/** What a file of the text `source` says. `file` is its name in messages. */
export function readDocument(
  source: string,
  file: string,
  environment: Environment,
): { layer: Layer; mistakes: Mistake[] } {
  const lines = new LineCounter()
  const at = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset)
    return { in: 'file', file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const fail = (message: string, offset = 0) => ({ layer: emptyLayer(), mistakes: [{ origin: at(offset), message }] })
  if (source.length > LONGEST) return fail(`the file is longer than ${LONGEST} characters`)
  if (isTooDeep(source)) return fail('the file is nested too deeply')
  try {
    const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, merge: true })
    const mistakes = document.errors.map(({ code, message, pos }): Mistake => {
      return { origin: at(pos[0]), message: syntaxMistake(code, message) }
    })
    // Past an error of syntax the tree is a guess, and mistakes found in it would be guesses too.
    if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) return { layer: emptyLayer(), mistakes }
    const { contents } = document
    if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.value === null))
      return fail('the file must hold options, each as "name: value"', contents.range?.[0])
    const referring = new Set<unknown>()
    substitute(document, environment, (node, message) => {
      referring.add(node)
      if (message !== undefined) mistakes.push({ origin: at(node.range?.[0] ?? 0), message })
    })
    return { layer: layerOf(document, at, referring), mistakes }
  } catch {
    return fail('the file cannot be read as YAML: its aliases stand for more than they may')
  }
}

function emptyLayer(): Layer {
  return { value: {}, originOf: () => undefined, isHidden: () => false }
}

function layerOf(document: Document, at: (offset: number) => Origin, referring: ReadonlySet<unknown>): Layer {
  const value = (document.toJS({ maxAliasCount: 100 }) ?? {}) as object
  const found = (path: Path) => nodeAt(document, path)
  return {
    value,
    originOf(path, ofKey) {
      const { key, node } = found(path)
      const offset = ((ofKey ? key : undefined) ?? node ?? key)?.range?.[0]
      return offset === undefined ? undefined : at(offset)
    },
    isHidden: (path) => referring.has(found(path).node),
  }
}

/** Puts variables in. Tells of each text that refers to one, with a message where it cannot. */
function substitute(document: Document, environment: Environment, tell: (node: Node, message?: string) => void): void {
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return
      const { text, isWhole, isReferring, mistakes } = resolveReferences(node.value, environment)
      node.value = text
      if (isReferring) tell(node)
      for (const message of mistakes) tell(node, message)
      const kind = placeAt(pathOf(ancestors, key))?.about?.kind
      const wantsText = kind !== undefined && TEXTS.has(kind)
      if (isWhole && !wantsText && mistakes.length === 0) node.value = typed(text)
    },
  })
}

/** The value a text has in YAML: a number, a list, true; the text itself where it is nothing else. */
export function typed(text: string): unknown {
  if (text.length > LONGEST || isTooDeep(text)) return text
  try {
    return parse(text, { prettyErrors: false, maxAliasCount: 0, logLevel: 'silent' })
  } catch {
    return text
  }
}

function pathOf(ancestors: readonly unknown[], last: number | 'key' | 'value' | null): Path {
  const path: (string | number)[] = []
  for (const [index, ancestor] of ancestors.entries()) {
    const key = (ancestor as { key?: unknown }).key
    if (isScalar(key)) path.push(String(key.value))
    else if (isSeq(ancestor)) {
      const next = ancestors[index + 1]
      path.push(next === undefined && typeof last === 'number' ? last : ancestor.items.indexOf(next))
    }
  }
  return path
}

/** The node at `path` and the key it stands under, or those of its nearest ancestor. */
function nodeAt(document: Document, path: Path): { key?: Node | undefined; node?: Node | undefined } {
  let key: Node | undefined
  let node = document.contents as Node | undefined
  for (const step of path) {
    const whole = isAlias(node) ? node.resolve(document) : node
    if (isSeq(whole) && typeof step === 'number') {
      const item = whole.items[step] as Node | undefined
      if (item === undefined) break
      node = item
      key = undefined
    } else if (isMap(whole)) {
      const pair = whole.items.find((one) => isScalar(one.key) && String(one.key.value) === String(step))
      if (pair === undefined) break
      key = pair.key as Node
      node = (pair.value ?? undefined) as Node | undefined
    } else break
  }
  return { key, node }
}

// The messages of the library may hold texts of the file, which may be secrets: what stands in quotes is left out.
function syntaxMistake(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'the same option stands here a second time'
  if (code === 'MULTIPLE_DOCS') return 'the file holds more than one document'
  const plain = message.replace(/(["'`]).*\1/gs, '…').replace(/:\s*…?.*$/s, '')
  return `this is no YAML: ${plain.charAt(0).toLowerCase()}${plain.slice(1, 200)}`
}
