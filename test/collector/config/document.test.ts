import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readDocument } from '../../../src/collector/config/document.js'
import { describeMistake } from '../../../src/collector/config/mistakes.js'
import { resolveReferences } from '../../../src/collector/config/references.js'

type Environment = { [name: string]: string }

const read = (yaml: string, environment: Environment = {}) => {
  const { layer, mistakes } = readDocument(yaml, 'f', environment)
  return { value: layer.value, mistakes: mistakes.map(describeMistake), layer }
}
/** A reference as it stands in the file. */
const reference = (inside: string) => `\${${inside}}`

test('a reference is replaced by the variable, or by its default', () => {
  const f = (text: string, expected: string, environment: Environment = { A: 'one', EMPTY: '' }) =>
    expect(resolveReferences(text, environment)).toMatchObject({ text: expected, mistakes: [] })
  f('plain', 'plain')
  f(reference('env:A'), 'one')
  f(`Bearer ${reference('env:A')}!`, 'Bearer one!')
  f(reference('env:A') + reference('env:A'), 'oneone')
  f(reference('env:NO:-two'), 'two')
  f(reference('env:NO:-'), '')
  f(reference('env:NO:-a:-b'), 'a:-b')
  f(reference('env:EMPTY:-two'), 'two') // as in a shell: empty is not there
  f(reference('env:EMPTY'), '')
  f('$$', '$')
  f(`$${reference('env:A')}`, reference('env:A')) // $$ goes first
  f('costs $5', 'costs $5')
  f(reference('env:A'), reference('env:B'), { A: reference('env:B') }) // once, not again
})

test('a reference that cannot be resolved is named, and nothing that may be a secret with it', () => {
  const f = (text: string, ...mistakes: string[]) => expect(resolveReferences(text, {}).mistakes).toEqual(mistakes)
  const wrong = (start: string) =>
    `\${${start}…} means nothing: write \${env:NAME} or \${env:NAME:-default}, or $$ for a plain $`
  f(reference('env:NO'), `\${env:NO} is not set in the environment; set it, or give a default: \${env:NO:-…}`)
  f(reference('NO'), wrong('NO'))
  f(reference('file:/run/secret'), wrong('file:'))
  f(reference('env:'), wrong('env:'))
  f(reference('env:1A'), wrong('env:'))
  f(reference('p4ss w0rd'), wrong('p4ss'))
  f(reference(''), wrong(''))
})

test('a whole value takes the type its option has', () => {
  const environment = { PORT: '1234', YES: 'true', TEXT: '0123', LIST: '[{ url: "http://a" }]', ORIGINS: '[a, b]' }
  const yaml = [
    `listen: { port: "${reference('env:PORT')}", cors: { origins: "${reference('env:ORIGINS')}" } }`,
    `identities: { hash: "${reference('env:YES')}", key: "${reference('env:TEXT')}" }`,
    `store: { password: ${JSON.stringify(reference('env:PORT'))}, database: "db${reference('env:PORT')}" }`,
    `forward: ${reference('env:LIST')}`,
    `shutdownTimeout: ${reference('env:NO:-5s')}`,
  ].join('\n')
  expect(read(yaml, environment)).toMatchObject({
    value: {
      listen: { port: 1234, cors: { origins: ['a', 'b'] } },
      identities: { hash: true, key: '0123' },
      store: { password: '1234', database: 'db1234' },
      forward: [{ url: 'http://a' }],
      shutdownTimeout: '5s',
    },
    mistakes: [],
  })
})

test('references stand in lists and behind aliases too', () => {
  const yaml = `forward:\n  - &a { headers: { x: "${reference('env:A')}" } }\n  - *a\n`
  expect(read(yaml, { A: 'one' }).value).toEqual({ forward: [{ headers: { x: 'one' } }, { headers: { x: 'one' } }] })
  const merged = `forward:\n  - &a { url: u, timeout: 1s }\n  - { <<: *a, url: v }\n`
  expect(read(merged).value).toEqual({
    forward: [
      { url: 'u', timeout: '1s' },
      { url: 'v', timeout: '1s' },
    ],
  })
})

test('every line and column is that of the value, or of the name', () => {
  const { layer } = read('listen:\n  port: 5\nforward:\n  - url: x\n    retry: { max: 1s }\n')
  const f = (path: (string | number)[], line: number, column: number, ofKey = false) =>
    expect(layer.originOf(path, ofKey)).toEqual({ in: 'file', file: 'f', line, column })
  f(['listen', 'port'], 2, 9)
  f(['listen', 'port'], 2, 3, true)
  f(['forward', 0, 'url'], 4, 10)
  f(['forward', 0, 'retry', 'max'], 5, 19)
  f(['forward', 0, 'timeout'], 4, 5) // not there: the entry it would be in
  f(['queue', 'maxBytes'], 1, 1) // not there at all
})

test('what is no YAML is said with its line, and without what stands there', () => {
  const f = (yaml: string, ...mistakes: string[]) => expect(read(yaml).mistakes).toEqual(mistakes)
  f('')
  f('# only a comment\n')
  f('---\n')
  f('listen: 1\nlisten: 2', 'f:2:1: the same option stands here a second time')
  f('- a\n- b', 'f:1:1: the file must hold options, each as "name: value"')
  f('just a text', 'f:1:1: the file must hold options, each as "name: value"')
  f('a: 1\n---\nb: 2', 'f:2:1: the file holds more than one document')
  for (const broken of [
    'a: "hunter2',
    'a: [hunter2',
    'a: b: hunter2',
    '\thunter2: x',
    'a: *hunter2',
    'a: |x hunter2',
    '}hunter2',
  ]) {
    const { mistakes, value } = read(`x: 1\n${broken}`)
    expect(mistakes.length).toBeGreaterThan(0)
    for (const mistake of mistakes) {
      expect(mistake).toMatch(/^f:\d+:\d+: (this is no YAML: \S|the file cannot be read as YAML)/)
      expect(mistake).not.toContain('hunter2')
    }
    expect(value).toEqual({})
  }
})

test('a file that is too long, too deep or without end is refused', () => {
  const f = (yaml: string, mistake: RegExp) => expect(read(yaml).mistakes.join()).toMatch(mistake)
  f(`a: ${'x'.repeat(256 * 1024)}`, /^f:1:1: the file is longer than 262144 characters$/)
  const deep = /^f:1:1: the file is nested too deeply$/
  for (const opening of ['[', '{a: ', '- ', '? ']) f(opening.repeat(3000), deep)
  f(Array.from({ length: 100 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'), deep)
  f(`a: ${'['.repeat(30)}${']'.repeat(30)}`, /^$/)
  const bomb = Array.from({ length: 9 }, (_, level) => `x${level}: &x${level} [${`*x${level - 1}, `.repeat(9)}]`)
  f(
    `${bomb.join('\n').replaceAll('*x-1', 'x')}`,
    /^f:1:1: the file cannot be read as YAML: its aliases stand for more than they may$/,
  )
})

test('whatever is given as a value is read as it is', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.string().filter((text) => !text.includes('$')),
  )
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.dictionary(name, value), (values) => {
      expect(read(stringify(values))).toMatchObject({ value: values, mistakes: [] })
    }),
  )
})

test('no file whatsoever makes it throw', () => {
  const piece = fc.constantFrom(
    ':',
    ' ',
    '\n',
    '-',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '&a',
    '*a',
    '|',
    '<<',
    '!',
    'x',
    '$',
    '#',
    '\t',
    '?',
  )
  fc.assert(
    fc.property(fc.string({ unit: piece, maxLength: 40 }), (yaml) => {
      expect(typeof read(yaml).value).toBe('object')
    }),
    { numRuns: 500 },
  )
})
