import { expect, test } from 'vitest'
import { nearest } from '../../../src/collector/config/nearest.js'

test('the name that was probably meant is found, and none where nothing is near', () => {
  const names = ['listen', 'store', 'queue', 'forward', 'maxBytes', 'deduplicationWindow', 'shutdownTimeout']
  const f = (written: string, meant: string | undefined) => expect(nearest(written, names)).toBe(meant)
  f('listen', 'listen')
  f('lisetn', 'listen') // two letters exchanged
  f('Listen', 'listen')
  f('queu', 'queue')
  f('max_bytes', 'maxBytes')
  f('max-bytes', 'maxBytes')
  f('forwards', 'forward')
  f('shutdown', 'shutdownTimeout') // its beginning
  f('dedup', 'deduplicationWindow')
  f('cluster', undefined)
  f('x', undefined)
  f('', undefined)
  f('listen'.repeat(1000), 'listen')
  expect(nearest('listen', [])).toBeUndefined()
})
