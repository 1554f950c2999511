/** Commands of the pages that `test/readme/run.js` leaves to others: what runs each of them, and the words there that do. */

/**
 * `says`: words of the file `by`, all of them. By default the npm script, or all that it runs but for what builds.
 * @typedef {{ command: string, by: string, says?: string[] }} Elsewhere
 */

const CI = '.ci/run'

/** What .ci/run runs, shortened where it is long: the arguments after `--` are for whoever has the time. @param {string[]} commands */
const byCi = (...commands) => commands.map((command) => ({ command, by: CI }))

/** @type {Elsewhere[]} */
export const ELSEWHERE = [
  { command: 'npm ci', by: CI, says: ['npm ci && npm test'] },
  { command: 'npm test', by: CI, says: ['npm ci && npm test'] },
  { command: 'npm run demo -- --once', by: CI, says: ['npm run demo -- --once'] },
  { command: 'npm run example <name>', by: CI, says: ['node examples/run.js --all'] },
  ...byCi(
    'npm run test:package',
    'npm run test:browser',
    'npm run test:faults',
    'npm run test:readme',
    'npm run test:live',
    'npm run test:promtool',
    'npm run test:opentelemetry-3',
    'npm run test:matrix',
    'npm run bench',
    'npm run bench:collector',
    'npm run bench:query',
  ),
  // From the registry they would be those of before: here they are those that are packed.
  { command: 'npm install tokmeter', by: 'test/package/check.js', says: ['run([...install, tarball], project)'] },
  {
    command: 'npx @tokmeter/collector',
    by: 'test/package/collector.js',
    says: ['`npx tokmeter` and `npx @tokmeter/collector` are the same command', 'it starts, takes an event'],
  },
  { command: 'npm run conformance -- --url …', by: 'test/readme/runs.js', says: ["'npm run conformance -- --url'"] },
  {
    command: 'tokmeter import',
    by: 'test/collector/cli/transfer.test.ts',
    says: ["'import'"],
  },
  {
    command: 'ANOMALY_RATES=1 npx vitest run test/collector/query/anomaly/detector.test.ts',
    by: 'test/collector/query/anomaly/detector.test.ts',
    says: ["process.env['ANOMALY_RATES']"],
  },
]

/**
 * Whether `by` runs it.
 * @param {Elsewhere} elsewhere
 * @param {string} text Of the file `by`.
 * @param {Record<string, string>} scripts Of package.json.
 */
export function isRunBy({ command, says }, text, scripts) {
  if (says !== undefined) return says.every((words) => text.includes(words))
  const [called = '', name = ''] = /^npm run (\S+)/.exec(command) ?? []
  const parts = (scripts[name] ?? '').split(' && ').filter((part) => part !== 'npm run build')
  if (name === '') return false
  const isCalled = new RegExp(`${called}(?![\\w:-])`).test(text)
  return isCalled || (parts.length > 0 && parts.every((part) => text.includes(part)))
}
