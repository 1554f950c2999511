/**
 * Runs what README.md and docs/collector.md tell their readers to run: every command of theirs that nothing else runs, their programs,
 * their configurations. One line each; exits with 1 where any failed.
 *
 *     npm run test:readme
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check, failures, must } from '../package/checking.js'
import { blocksOf, commandsOf, statementsOf } from './commands.js'
import { ELSEWHERE } from './elsewhere.js'
import { compiled, programsOf } from './programs.js'
import { forCommand, RUNS } from './runs.js'
import { ROOT, setStage } from './stage.js'

const PAGES = ['README.md', 'docs/collector.md']
const stage = await setStage()
// What runs for the stage is of groups of its own, and ends when this does.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
try {
  const pages = PAGES.map((name) => ({ name, text: readFileSync(join(ROOT, name), 'utf8') }))
  const blocks = pages.flatMap(({ name, text }) => blocksOf(text, name))
  const statements = pages.flatMap(({ name, text }) => statementsOf(text, name))
  await programs([...blocks.filter(({ language }) => language === 'js'), ...statements])
  for (const block of blocks.filter(({ language }) => language === 'yaml')) await configuration(block)

  const done = new Set()
  for (const { command, place } of pages.flatMap(({ name, text }) => commandsOf(text, name))) {
    const entry = forCommand([...RUNS, ...ELSEWHERE], command)
    if (entry === undefined)
      await check(`${place} ${command}`, () => must(false, 'nothing here knows it: see test/readme/runs.js'))
    // What stands there twice is run once.
    else if ('run' in entry && !done.has(command))
      await check(`${place} ${command.split('\n')[0]}`, async () => void (await entry.run(stage, command)))
    done.add(command)
  }
} finally {
  await stage.clear()
}
console.log(failures() === 0 ? 'All that the pages say can be run.' : `${failures()} failed.`)
process.exitCode = failures() === 0 ? 0 : 1

/** @param {import('./commands.js').Block[]} blocks */
async function programs(blocks) {
  const all = (await Promise.all(blocks.map(programsOf))).flat()
  /** @type {string[]} */
  let paths = []
  await check('the programs of the pages type-check', async () => {
    paths = await compiled(stage, all)
    return `${paths.length} programs`
  })
  for (const [index, path] of paths.entries())
    await check(`${all[index].place} runs`, async () => void (await stage.output(`node '${path}'`)))
}

/** @param {import('./commands.js').Block} block */
async function configuration({ text, place }) {
  const names = [...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => [name, 'something'])
  writeFileSync(join(stage.folder, 'block.yaml'), text)
  await check(
    `${place} is a configuration`,
    async () =>
      void (await stage.output('tokmeter check-config --config block.yaml', { variables: Object.fromEntries(names) })),
  )
}
