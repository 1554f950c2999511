/**
 * A strict reader of Prometheus' text format 0.0.4: what it does not know it refuses, so that a page that breaks is seen.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */

export type Sample = {
  readonly name: string
  readonly labels: { readonly [name: string]: string }
  readonly value: number
}

export type Page = {
  readonly samples: readonly Sample[]
  /** Type of each family of metrics. */
  readonly types: ReadonlyMap<string, string>
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])
const SUFFIXES: { readonly [type: string]: readonly string[] } = { histogram: ['_bucket', '_sum', '_count'] }

export function parsePage(text: string): Page {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const samples: Sample[] = []
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const seen = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const [, keyword, family = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) ?(.*)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      if (helped.has(family)) throw new Error(`second HELP of ${family}`)
      helped.add(family)
    } else if (keyword === 'TYPE') {
      if (types.has(family)) throw new Error(`second TYPE of ${family}`)
      if (!TYPES.has(rest)) throw new Error(`no type: ${line}`)
      types.set(family, rest)
    } else if (!line.startsWith('#')) {
      const sample = parseSample(line)
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
      if (seen.has(key)) throw new Error(`second sample of ${key}`)
      seen.add(key)
      if (!isOfFamily(sample.name, types)) throw new Error(`sample of no family: ${line}`)
      samples.push(sample)
    }
  }
  return { samples, types }
}

function isOfFamily(name: string, types: ReadonlyMap<string, string>): boolean {
  if (types.has(name) && types.get(name) !== 'histogram') return true
  return [...types].some(([family, type]) => SUFFIXES[type]?.some((suffix) => name === family + suffix))
}

function parseSample(line: string): Sample {
  let at = 0
  const fail = (expected: string): never => {
    throw new Error(`expected ${expected} at ${at}: ${line}`)
  }
  const until = (stop: RegExp): string => {
    const from = at
    while (at < line.length && !stop.test(line[at]!)) at++
    return line.slice(from, at)
  }
  const name = until(/[{ ]/)
  if (!NAME.test(name)) fail('a metric name')
  const labels: { [name: string]: string } = {}
  if (line[at] === '{') {
    at++
    while (line[at] !== '}') {
      const label = until(/=/)
      if (!LABEL.test(label) || label in labels) fail('a label name of its own')
      at++
      if (line[at++] !== '"') fail('a quote')
      let value = ''
      while (line[at] !== '"') {
        if (at >= line.length) fail('a closing quote')
        const character = line[at++]!
        if (character !== '\\') value += character
        else {
          const escaped = { n: '\n', '"': '"', '\\': '\\' }[line[at++] ?? '']
          value += escaped ?? fail('an escape')
        }
      }
      at++
      labels[label] = value
      if (line[at] === ',') at++
      else if (line[at] !== '}') fail('a comma or a brace')
    }
    at++
  }
  const [, number = '', , time] = /^ (\S+)( (\d+))?$/.exec(line.slice(at)) ?? fail('a value')
  if (time !== undefined && !/^\d+$/.test(time)) fail('a time')
  const value = { '+Inf': Infinity, '-Inf': -Infinity, NaN: Number.NaN }[number] ?? Number(number)
  if (Number.isNaN(value) && number !== 'NaN') fail('a number')
  return { name, labels, value }
}
