import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerText } from '../../../src/collector/cli/answer-text.js'
import { COMMANDS } from '../../../src/collector/cli/commands.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import type { Collector } from '../../../src/collector/collector.js'
import { collector, configOf, event, ledgerOf, newDirectory, post, stopAll } from '../running.js'
import { createTerminal } from './terminal.js'

let made: Collector
const directory = newDirectory()

beforeAll(async () => {
  made = await collector(configOf(directory))
  await post(`${made.url}/api/v1/analytics/events`, [event('e-1'), event('e-2')])
  while ((await ledgerOf(made)).inQueue > 0) await new Promise((resolve) => setImmediate(resolve))
})
afterAll(stopAll)

async function run(...args: string[]) {
  const { terminal, written } = createTerminal()
  const code = await runCommandLine(args, { commands: COMMANDS, version: '0', terminal })
  return { code, ...written }
}

test('a question is answered as JSON where nobody looks, and as tables where somebody does', async () => {
  const json = await run('query', 'top', 'last=1800d', 'dimension=model', '--url', made.url)
  expect(json).toMatchObject({ code: 0, errors: '' })
  const { rows } = JSON.parse(json.output)
  expect(rows).toMatchObject([{ rank: 1, value: 'gpt-4o', cost: 0.007, calls: 2 }])
  const table = await run('query', 'top', 'last=1800d', '--format', 'table', '--url', made.url)
  expect(table.output).toMatch(/\nrows:\n {2}rank {2}value +cost .*\n {5}1 {2}gpt-4o +0\.007 /)
})

test('the general question is given as its body, and rows come as CSV', async () => {
  const body =
    '{"last": "1800d", "group_by": ["model"], "metrics": [{"field": "calls", "aggregation": "count", "alias": "calls"}]}'
  expect(await run('query', 'query', '--body', body, '--format', 'csv', '--url', made.url)).toMatchObject({
    code: 0,
    output: 'model,calls\r\ngpt-4o,2\r\n',
  })
})

test('mistakes are told in the words of whoever can tell them', async () => {
  expect(await run('query', 'costs', 'granularity=1min', '--url', made.url)).toMatchObject({
    code: 1,
    errors: expect.stringContaining('granularity'),
  })
  expect(await run('query', 'cots', '--url', made.url)).toMatchObject({
    code: 1,
    errors: 'tokmeter: the collector knows no such question (tokmeter query --help names them)\n',
  })
  expect(await run('query', 'costs', '--url', 'http://127.0.0.1:1')).toMatchObject({
    code: 1,
    errors: expect.stringMatching(
      /^tokmeter: no collector answers at http:\/\/127\.0\.0\.1:1 \(.+\); --url says where it is\n$/,
    ),
  })
  for (const wrong of [
    ['query'],
    ['query', 'costs', 'last'],
    ['query', 'costs', '--format', 'xml'],
    ['query', 'costs', '--url', 'here'],
  ])
    expect((await run(...wrong)).code, wrong.join(' ')).toBe(2)
})

test('a token out of a file goes along, and something else that listens there is told from a collector', async () => {
  let authorization: string | undefined
  const server = createServer((request, response) => {
    authorization = request.headers.authorization
    response.writeHead(500).end('<html>')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const file = join(directory, 'token')
  writeFileSync(file, 'abc\n')
  const { port } = server.address() as AddressInfo
  const { code, errors } = await run('query', 'costs', '--token-file', file, '--url', `http://127.0.0.1:${port}`)
  server.close()
  expect([code, authorization]).toEqual([1, 'Bearer abc'])
  expect(errors).toContain('does something else listen there?')
})

test('text of strangers does nothing to a terminal', () => {
  const rows = [
    { model: '\u001b[31mred\u202e', cost: null, tokens: 1 },
    { model: 'a'.repeat(100), cost: 0.12345678, tokens: 1000 },
  ]
  expect(answerText({ window: { start_time: 'x' }, rows, none: [] })).toBe(
    [
      'window.start_time: x',
      '',
      'rows:',
      `  model${' '.repeat(35)}      cost  tokens`,
      `  \\u{1b}[31mred\\u{202e}${' '.repeat(28)}-       1`,
      `  ${'a'.repeat(39)}…  0.123457    1000`,
    ].join('\n'),
  )
})

test('the help names every question there is, and each is answered', async () => {
  const { paths } = (await (await fetch(`${made.url}/api/v1/openapi.json`)).json()) as {
    paths: { [path: string]: { get?: object } }
  }
  const questions = Object.keys(paths).filter((path) => paths[path]!.get !== undefined && !path.includes('{'))
  expect(questions.length).toBeGreaterThan(15)
  const { output } = await run('query', '--help')
  const named = output.replace(/\s+/g, ' ').split(/[ ,]+/)
  for (const path of questions) {
    const question = path.replace('/api/v1/', '')
    expect(named).toContain(question)
    const { code, errors } = await run('query', question, '--url', made.url, '--format', 'json')
    expect([question, code, errors]).toEqual([question, 0, ''])
  }
})
