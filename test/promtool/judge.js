/** What Prometheus' own promtool says of a page of metrics. Needs `promtool` (Debian: the package `prometheus`). */
import { spawnSync } from 'node:child_process'

/** Prints its judgement. @param {string} page @returns {boolean} Whether the page is clean. */
export function judge(page) {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
    input: page,
    encoding: 'utf8',
  })
  const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  const families = page.split('\n').filter((line) => line.startsWith('# TYPE')).length
  if (error !== undefined) console.log(`promtool cannot be run: ${error.message} (Debian: apt-get install prometheus)`)
  process.stdout.write(`${stdout ?? ''}${stderr ?? ''}`)
  const isClean = status === 0
  console.log(`promtool check metrics: ${samples} samples of ${families} metrics, ${isClean ? 'clean' : 'not clean'}`)
  return isClean
}
