/** What charts and files are made of: sums that stay whole, unknown values that stay unknown, texts that stay texts. */
import { expect, test } from 'vitest'
import { inBars, rest, stacked, sumOf, totalOf } from '../../../src/collector/dashboard/chart-data.js'
import { commandOf, namesAndValues } from '../../../src/collector/dashboard/export.js'
import { waysTo } from '../../../src/collector/dashboard/first-run.js'
import { gridOf } from '../../../src/collector/dashboard/heat-grid.js'
import { traceLink } from '../../../src/collector/dashboard/trace-link.js'

const series = (values: readonly (number | null)[]) => ({ name: 'a', colour: '--series-1', values })

test('windows become bars: known values are added, and what is unknown altogether stays unknown', () => {
  const { times, series: bars } = inBars(
    { times: [0, 60, 120, 180, 240], series: [series([1, 2, null, null, 5])] },
    120,
  )
  expect(times).toEqual([0, 120, 240])
  expect(bars[0]?.values).toEqual([3, null, 5])
  const beside = inBars({ times: [0, 60, 120, 180], series: [series([0, null, 2, null])] }, 120)
  expect(beside.series[0]?.values).toEqual([null, 2])
})

test('all others are the whole without the parts, without the noise of adding up', () => {
  expect(
    rest(
      [0.3, null, 5],
      [
        [0.1, 1, null],
        [0.2, 1, 2],
      ],
    ),
  ).toEqual([0, null, 3])
})

test('a stack draws what is unknown as nothing', () => {
  expect(stacked([series([1, null]), series([2, 3])])).toEqual([
    [1, 0],
    [3, 3],
  ])
})

test('a total that is known to be unknown is not the zero of the other windows', () => {
  expect(sumOf([null, null])).toBe(null)
  expect(totalOf(series([0, null, 0]))).toBe(0)
  expect(totalOf({ ...series([0, null, 0]), total: null })).toBe(null)
})

test('a heatmap has every row between its least and its largest, and each cell in its place', () => {
  const cell = (time: number, step: number, count: number) => ({
    time: new Date(time).toISOString(),
    above_ms: 2 ** ((step - 1) / 2),
    up_to_ms: 2 ** (step / 2),
    count,
  })
  const grid = gridOf({ cells: [cell(0, 10, 3), cell(120, 14, 7)], start: 0, end: 180, windowMs: 60 })
  expect([grid.columns, grid.rows.length, grid.most]).toEqual([3, 5, 7])
  expect(grid.counts.get('0 0')?.count).toBe(3)
  expect(grid.counts.get('2 4')?.count).toBe(7)
})

test('what is no table is exported as names and values, and no text becomes a formula', () => {
  expect(namesAndValues({ a: { b: 1, c: null }, d: '=1+1', e: 'x,"y"' })).toBe(
    'name,value\r\na.b,1\r\na.c,\r\nd,\'=1+1\r\ne,"x,""y"""\r\n',
  )
})

test('a command quotes what a shell would read, and asks for a token where one is needed', () => {
  Object.assign(globalThis, { location: { href: 'http://collector:4318/#/' } })
  const command = commandOf({ path: '/query', body: { filters: ["it's $HOME"] } }, true)
  expect(command).toContain(`"it'\\''s $HOME"`)
  expect(command).toContain('-H "authorization: Bearer $TOKMETER_TOKEN"')
  expect(commandOf({ path: '/ledger' }, false)).toBe("curl -s 'http://collector:4318/api/v1/ledger'")
})

test('every way to a collector names its address, and a token only where one is asked for', () => {
  for (const { title, lines } of waysTo('https://tokens.example:8443', false))
    expect([title, lines.includes('https://tokens.example:8443'), /bearer/i.test(lines)]).toEqual([title, true, false])
  for (const { title, lines } of waysTo('http://a', true)) expect([title, /bearer/i.test(lines)]).toEqual([title, true])
})

test('a link to a trace escapes what came from outside', () => {
  const template = 'https://traces.example.com/{traceId}?span={spanId}'
  expect(traceLink(template, { operation: 'chat', traceId: 'a/b?c', spanId: '"' })).toBe(
    'https://traces.example.com/a%2Fb%3Fc?span=%22',
  )
  expect(traceLink(template, { operation: 'chat' })).toBe(undefined)
  expect(traceLink(null, { operation: 'chat', traceId: 'a' })).toBe(undefined)
})
