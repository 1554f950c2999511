/**
 * The benches of the query API, and of the dashboard that asks it (which need Debian's `chromium`).
 *
 *     npm run bench:query [-- names…] [--json] [--short] [--check] [--rows N] [--data DIRECTORY]
 *
 * A name may be the beginning of one. `--rows`: operations asked about, 10,000,000 by default, made once in `--data` (by default in the
 * directory for temporary files), which takes ten minutes, and again for `query.growth`. What CI may run: `-- query.uncached query.cached
 * query.raw query.alerts dashboard --short`.
 */
import { runBenches } from './runner.js'

await runBenches(
  [
    {
      file: 'query.js',
      names: ['query.uncached', 'query.cached', 'query.raw', 'query.longer', 'query.growth', 'query.ingest'],
      passes: ['rows', 'data'],
    },
    { file: 'query-alerts.js', names: ['query.alerts'], passes: ['rows', 'data'] },
    {
      file: 'dashboard.js',
      names: ['dashboard.paint', 'dashboard.numbers', 'dashboard.numbers.month'],
      passes: ['rows', 'data'],
    },
  ],
  ['rows', 'data'],
)
