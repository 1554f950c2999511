import { expect, test } from 'vitest'
import { createInputs } from './fuzz-inputs.js'

const PATHS = ['/api/v1/analytics/events', '/v1/logs', '/v1/metrics', '/v1/traces']

test('inputs go everywhere, are of every type, and hardly two are the same', () => {
  const make = createInputs(1)
  const inputs = Array.from({ length: 1000 }, () => make())
  expect([...new Set(inputs.map(({ path }) => path))].sort()).toEqual(PATHS)
  for (const type of ['application/x-protobuf', 'application/json', 'application/x-ndjson']) {
    expect(inputs.filter(({ headers }) => headers['content-type'] === type).length).toBeGreaterThan(10)
  }
  for (const encoding of ['gzip', 'deflate', undefined]) {
    expect(inputs.filter(({ headers }) => headers['content-encoding'] === encoding).length).toBeGreaterThan(20)
  }
  expect(new Set(inputs.map(({ body }) => body.toString('base64'))).size).toBeGreaterThan(950)
})
