import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadViews } from '../../../src/collector/config/views-module.js'

function moduleOf(code: string, name = 'tokmeter.config.mjs'): string {
  const directory = mkdtempSync(join(tmpdir(), 'tokmeter-views-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, name)
  writeFileSync(file, code)
  return file
}

const view = `{ instrumentName: 'tokmeter.operation.cost', aggregationCardinalityLimit: 5 }`

test('views are taken by name or as the default, and tags that become attributes told apart', async () => {
  const f = async (code: string) => {
    const { views, tagAttributes } = await loadViews(moduleOf(code))
    return [views.map(({ instrumentName }) => instrumentName), tagAttributes]
  }
  expect(await f(`export const views = [${view}, { tagAttributes: ['tenant'] }]`)).toEqual([
    ['tokmeter.operation.cost'],
    ['tenant'],
  ])
  expect(await f(`export default { views: [${view}] }`)).toEqual([['tokmeter.operation.cost'], []])
  expect(await f(`export default [${view}, ${view}]`)).toEqual([['tokmeter.operation.cost'], []])
})

test('a module that cannot be used is refused, by its file', async () => {
  const f = async (code: string, message: string | RegExp) => {
    const file = moduleOf(code)
    await expect(loadViews(file)).rejects.toThrow(`cannot take views from ${file}: `)
    await expect(loadViews(file)).rejects.toThrow(message)
  }
  await f('export const other = 1', 'it must export `views`')
  await f('export const views = {}', 'it must export `views`')
  await f('export const views = [5]', 'views[0] is no view')
  await f('export const views = [{}, []]', 'views[1] is no view')
  await f(`export const views = [{ name: 'x', instrumentName: '*' }]`, /./)
  await f(`export const views = [{ tagAttributes: [5] }]`, 'tagAttributes must be names of tags')
  await f('throw new Error("broken here")', 'broken here')
  await expect(loadViews('/no/tokmeter.config.js')).rejects.toThrow('cannot take views from /no/tokmeter.config.js: ')
})

test('TypeScript is for a Node that runs it', async () => {
  const file = moduleOf('export const views = []', 'tokmeter.config.ts')
  await expect(loadViews(file, false)).rejects.toThrow(
    `cannot take views from ${file}: Node ${process.version} does not run TypeScript; use Node 22.18 or later, or a .js file`,
  )
  expect((await loadViews(file, true)).views).toEqual([])
})
