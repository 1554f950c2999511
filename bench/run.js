/**
 * The benches of the SDK.
 *
 *     npm run bench [-- names…] [--json] [--short] [--check] [--seconds N]
 *
 * A name may be the beginning of one: `overhead` is `overhead.chat` and `overhead.stream`.
 */
import { runBenches } from './runner.js'

await runBenches(
  [
    { file: 'record.js', names: ['record', 'record.literal'] },
    { file: 'drain.js', names: ['drain', 'drain.stream', 'drain.adopted', 'drain.shapes'] },
    { file: 'price.js', names: ['price'] },
    { file: 'buffer-memory.js', names: ['buffer.memory'] },
    { file: 'import.js', names: ['import'] },
    {
      file: 'overhead.js',
      names: [
        'overhead.chat',
        'overhead.chat.metrics',
        'overhead.stream',
        'overhead.chat.inprocess',
        'overhead.chat.inprocess.metrics',
        'overhead.stream.inprocess',
        'overhead.stream.inprocess.metrics',
      ],
    },
    {
      file: 'soak.js',
      names: ['soak.rate', 'soak.ledger', 'soak.dropped', 'soak.heap', 'soak.loop'],
      passes: ['seconds'],
    },
  ],
  ['seconds'],
)
