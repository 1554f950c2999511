/**
 * The benches of the collector: first the whole of it, then its parts.
 *
 *     npm run bench:collector [-- names…] [--json] [--short] [--check] [--rows N]
 *
 * A name may be the beginning of one: `ingest` is `ingest.otlp` and `ingest.latency`. `--rows`: operations stored before memory, latency
 * and start are measured, 10,000,000 by default, which take two to four minutes to make. What CI may run, in some 40 seconds:
 * `-- ingest forward start memory --short`.
 */
import { runBenches } from './runner.js'

await runBenches(
  [
    {
      file: 'collector.js',
      names: ['ingest.otlp', 'forward', 'start', 'ingest.latency', 'memory'],
      passes: ['rows'],
    },
    {
      file: 'collector-normalise.js',
      names: ['normalise.span', 'normalise.decode', 'normalise.foreign', 'normalise.json'],
    },
    {
      file: 'collector-queue.js',
      names: ['queue.append', 'queue.cpu', 'queue.latency', 'queue.latency.small', 'queue.forward', 'queue.open'],
    },
    { file: 'collector-store.js', names: ['store.insert', 'store.disk', 'store.open'] },
  ],
  ['rows'],
)
