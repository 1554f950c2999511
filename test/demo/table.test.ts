import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { createLiveTable, type Row, renderTable } from '../../demo/table.js'

const row: Row = {
  provider: 'openai',
  model: 'gpt-4.1-nano-2025-04-14',
  calls: 1200,
  failed: 3,
  inputTokens: 19_200,
  outputTokens: 435_600,
  nanoDollars: 176_160_000,
  p50Ms: 812.4,
  p95Ms: 2400,
  firstChunkMs: 41.6,
}
const unpriced: Row = {
  provider: 'anthropic',
  model: 'claude-opus-5',
  calls: 4,
  failed: 0,
  inputTokens: undefined,
  outputTokens: undefined,
  nanoDollars: undefined,
  p50Ms: undefined,
  p95Ms: undefined,
  firstChunkMs: undefined,
}
const stats = { rows: [row, unpriced], dropped: 0, elapsedMs: 12_340 }
const visible = (lines: readonly string[]) => lines.map(stripVTControlCharacters)

test('shows whole numbers where there is room', () => {
  expect(renderTable(stats, { width: 120, isPlain: true })).toEqual([
    'model                    provider   calls  errors     in     out       cost    p50    p95  first',
    '------------------------------------------------------------------------------------------------',
    'gpt-4.1-nano-2025-04-14  openai      1200       3  19200  435600  $0.176160  812ms  2.40s   42ms',
    'claude-opus-5            anthropic      4       0      -       -          -      -      -      -',
    '------------------------------------------------------------------------------------------------',
    'total                                1204       3  19200  435600  $0.176160',
    'dropped 0 | 12.3 s | 1 of 2 models unpriced, not in the cost',
  ])
})

test('fits 80 columns by shorter numbers and names', () => {
  const rule = '─'.repeat(80)
  expect(visible(renderTable({ ...stats, rows: [{ ...row, calls: 1_234_567 }, unpriced] }))).toEqual([
    'model              provider  calls errors    in  out      cost   p50   p95 first',
    rule,
    'gpt-4.1-nano-2025… openai    1.23M      3 19.2k 436k $0.176160 812ms 2.40s  42ms',
    'claude-opus-5      anthropic     4      0     –    –         –     –     –     –',
    rule,
    'total                        1.23M      3 19.2k 436k $0.176160',
    'dropped 0 · 12.3 s · 1 of 2 models unpriced, not in the cost',
  ])
})

test('no line exceeds the width, whatever the numbers', () => {
  const long: Row = {
    ...row,
    model: 'accounts/some-organisation/models/a-very-long-name',
    provider: 'some.long.provider',
    calls: 9_999_999_999,
    inputTokens: 1e15,
    nanoDollars: 123_456e9,
    p95Ms: 999_999,
  }
  for (const width of [20, 40, 60, 80, 100, 132]) {
    for (const isPlain of [true, false]) {
      const lines = visible(
        renderTable({ rows: [long, row, unpriced], dropped: 7, elapsedMs: 1e7 }, { width, isPlain }),
      )
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
    }
  }
})

test('numbers, each in its unit', () => {
  const f = (fields: Partial<Row>, text: string) => {
    const lines = renderTable({ rows: [{ ...row, ...fields }], dropped: 0, elapsedMs: 0 }, { width: 80, isPlain: true })
    expect(lines[2]?.split(/ +/)).toContain(text)
  }
  const wide = { model: 'm'.repeat(60) } // makes the numbers short
  f({ ...wide, calls: 9999 }, '9999')
  f({ ...wide, calls: 10_000 }, '10.0k')
  f({ ...wide, calls: 99_960 }, '100k')
  f({ ...wide, calls: 999_499 }, '999k')
  f({ ...wide, calls: 999_500 }, '1.00M')
  f({ ...wide, calls: 12_345_678 }, '12.3M')
  f({ nanoDollars: 0 }, '$0.000000')
  f({ nanoDollars: 499 }, '<$0.000001')
  f({ nanoDollars: 1_234_000 }, '$0.001234')
  f({ nanoDollars: 12_340_000_000 }, '$12.34')
  f({ p50Ms: 0.42 }, '0.4ms')
  f({ p50Ms: 999.4 }, '999ms')
  f({ p50Ms: 999.6 }, '1.00s')
  f({ p50Ms: 61_000 }, '61.0s')
  f({ p50Ms: Number.NaN }, '-')
})

test('unknown is not zero, in a total neither', () => {
  const lines = renderTable({ rows: [unpriced], dropped: 0, elapsedMs: 0 }, { width: 120, isPlain: true })
  expect(lines[4]).toMatch(/^total +4 +0$/)
  expect(lines[5]).toBe('dropped 0 | 0.0 s | 1 of 1 models unpriced, not in the cost')
})

test('before the first call there is a head and an empty total', () => {
  const lines = renderTable({ rows: [], dropped: 0, elapsedMs: 0 }, { isPlain: true })
  expect(lines[0]).toMatch(/^model +provider +calls/)
  expect(lines[3]).toMatch(/^total +0 +0 +0 +0 +\$0.000000$/)
  expect(lines.at(-1)).toBe('dropped 0 | 0.0 s')
})

test('errors and drops stand out, and only on a terminal', () => {
  const lines = renderTable({ ...stats, dropped: 5 }, { width: 120 })
  expect(lines[2]).toContain('\u001b[31m     3\u001b[0m')
  expect(lines[3]).not.toContain('\u001b')
  expect(lines.at(-1)?.startsWith('\u001b[31mdropped 5\u001b[0m · ')).toBe(true)
  expect(renderTable({ ...stats, dropped: 5 }, { isPlain: true }).join('')).not.toContain('\u001b')
})

test('a name cannot steer the terminal', () => {
  const lines = renderTable({ ...stats, rows: [{ ...row, model: '\u001b[2Jmodel\r\n\u202e' }] }, { isPlain: true })
  expect(lines[2]).toMatch(/^\[2Jmodel +openai/)
})

test('rows beyond the limit are in the total', () => {
  const lines = renderTable({ ...stats, rows: [row, row, row] }, { width: 120, maxRows: 1, isPlain: true })
  expect(lines[3]).toBe('+ 2 more')
  expect(lines[5]).toMatch(/^total +3600 /)
})

test('a live table is drawn over itself, and once more at the end', () => {
  const written: string[] = []
  const output = { write: (text: string) => written.push(text), isTTY: true, columns: 100, rows: 9 }
  const table = createLiveTable(output)
  table.update({ ...stats, rows: [row, row, row] })
  table.update(stats)
  table.end(stats)
  table.end(stats)
  table.update(stats)
  expect(written.length).toBe(3)
  // 9 lines of screen: two rows, a note, five lines around them, and the cursor's.
  expect(written[0]?.split('\n').length).toBe(9)
  expect(written[0]).not.toContain('\u001b[0J')
  expect(written[1]?.startsWith('\u001b[8A\u001b[0J')).toBe(true)
  expect(written[2]?.startsWith('\u001b[7A\u001b[0J')).toBe(true)
})

test('elsewhere it is written once, plainly', () => {
  const written: string[] = []
  const table = createLiveTable({ write: (text: string) => written.push(text) })
  table.update(stats)
  table.end(stats)
  expect(written).toEqual([`${renderTable(stats, { width: 120, isPlain: true }).join('\n')}\n`])
})
