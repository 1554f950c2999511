/** `tokmeter demo` against a whole collector, with the real clients. */
import { EventEmitter } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { createDemo } from '../../../src/collector/cli/demo.js'
import { runCommandLine } from '../../../src/collector/cli/run.js'
import { collector, configOf, ledgerOf, newDirectory, stopAll } from '../running.js'

afterEach(stopAll)

const source = new EventEmitter()
const demo = createDemo({ load: async () => (await import('../../../demo/into-collector.js')) as never, source })

async function run(...args: string[]) {
  const written = { output: '', errors: '' }
  const into = (stream: keyof typeof written) => ({
    write(text: string) {
      written[stream] += text
    },
  })
  const terminal = { input: process.stdin, output: into('output'), errors: into('errors') }
  const code = await runCommandLine(['demo', ...args], { commands: [demo], version: '0', terminal })
  return { code, ...written }
}

test('it fills a collector that is empty, says where to look, and does not mix with what is there already', async () => {
  const running = await collector(configOf(newDirectory()))
  const { code, output, errors } = await run('--url', running.url, '--days', '2', '--seconds', '0')
  expect([code, output]).toEqual([0, `Open ${running.url}/ to look at it.\n`])
  const { accepted, duplicate } = await ledgerOf(running)
  expect(errors).toContain(`sending 2 days 100% ${accepted.toLocaleString('en-US')} of`)
  expect(accepted).toBeGreaterThan(1000)
  expect(duplicate).toBe(0)
  const again = await run('--url', running.url, '--days', '1', '--seconds', '0')
  expect(again.code).toBe(1)
  expect(again.errors).toContain(`has ${accepted} operations already`)
  expect((await ledgerOf(running)).accepted).toBe(accepted)
})

test('it goes on calling until it is told to end, and what was called by then is there', async () => {
  const running = await collector(configOf(newDirectory()))
  const calling = run('--url', running.url, '--days', '0')
  for (let accepted = 0; accepted === 0; accepted = (await ledgerOf(running)).accepted);
  source.emit('SIGINT')
  expect(await calling).toMatchObject({ code: 0, errors: '' })
  for (let waiting = 1; waiting > 0; waiting = (await ledgerOf(running)).inQueue);
  const rows = await (await fetch(`${running.url}/api/v1/operations?last=1h`)).json()
  expect((rows as { operations: readonly object[] }).operations[0]).toMatchObject({
    service: 'live-demo',
    environment: 'demo',
  })
})

test('what is wrong is said: nobody there, no number', async () => {
  const nobody = await run('--url', 'http://127.0.0.1:1')
  expect([nobody.code, nobody.errors]).toEqual([
    1,
    expect.stringContaining('no collector answers at http://127.0.0.1:1'),
  ])
  expect(await run('--days', 'many')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('--days must be a whole number from 0 to 365; got many'),
  })
})
