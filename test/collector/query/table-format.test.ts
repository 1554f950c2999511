import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatOf, toCsv, toJsonLines } from '../../../src/collector/query/table-format.js'

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['text/csv', 'csv'],
  ['TEXT/CSV; charset=utf-8', 'csv'],
  ['application/x-ndjson', 'jsonl'],
  ['application/jsonl, */*;q=0.1', 'jsonl'],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'json'],
  ['application/json;q=0.5, text/csv', 'csv'],
  ['text/csv;q=0, application/json;q=0.1', 'json'],
  ['image/png', undefined],
  ['constructor', undefined],
])('who accepts %s gets %s', (accept, format) => {
  expect(formatOf(accept)).toBe(format)
})

test('rows become CSV that a spreadsheet reads as it was, and takes for no formula', () => {
  const rows = [
    { model: 'a,"b"\nc', cost: -0.5, usage: { inputTokens: 1 }, gaps: [1, 2] },
    { model: '=HYPERLINK("x")', cost: null, failed: true },
  ]
  expect(toCsv(rows, ['model', 'cost'])).toBe(
    'model,cost,usage.inputTokens,gaps,failed\r\n"a,""b""\nc",-0.5,1,"[1,2]",\r\n"\'=HYPERLINK(""x"")",,,,true\r\n',
  )
  expect(toCsv([], ['model'])).toBe('model\r\n')
})

test('rows become lines of JSON', () => {
  expect(toJsonLines([{ a: 1 }, { a: null }])).toBe('{"a":1}\n{"a":null}\n')
})

test('whatever texts and numbers there are, a reader of CSV reads them as they were', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(',', '"', '\r', '\n', '\t', '=', '+', '-', '@', "'", 'a', ' ', '模') }),
    fc.string({ unit: 'binary' }),
  )
  const row = fc.record({
    text,
    number: fc.double({ noNaN: true, noDefaultInfinity: true }),
    unknown: fc.constant(null),
  })
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const [head, ...records] = parse(toCsv(rows, ['text', 'number', 'unknown']), {
        recordDelimiter: '\r\n',
      }) as string[][]
      expect(head).toEqual(['text', 'number', 'unknown'])
      const written = (one: string) => (/^[=+\-@\t\r]/.test(one) ? `'${one}` : one)
      expect(records).toEqual(rows.map((one) => [written(one.text), String(one.number), '']))
    }),
  )
})
