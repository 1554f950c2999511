import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPartialSuccess } from '../../../src/collector/forward/partial-success.js'

const protobuf = (rejected: number, message = '') =>
  new BinaryWriter().uint32(10).fork().uint32(8).int64(rejected).uint32(18).string(message).join().finish()

const json = (partialSuccess: unknown) => Buffer.from(JSON.stringify({ partialSuccess }))

test('an answer tells how many items were rejected, in either encoding', () => {
  const f = (contentType: string, body: Uint8Array, rejected: number, message: string) =>
    expect(readPartialSuccess(contentType, body)).toEqual({ rejected, message })
  f('application/x-protobuf', protobuf(3, 'too old'), 3, 'too old')
  f('application/x-protobuf', protobuf(0, 'use gzip'), 0, 'use gzip')
  f('application/json', json({ rejectedSpans: '3', errorMessage: 'too old' }), 3, 'too old')
  f('Application/JSON; charset=utf-8', json({ rejectedDataPoints: 4 }), 4, '')
  f('application/json', json({ rejectedLogRecords: '5', errorMessage: 7 }), 5, '')
})

test('an answer that says nothing of it, or cannot be read, rejects nothing', () => {
  const f = (contentType: string, body: Uint8Array) =>
    expect(readPartialSuccess(contentType, body)).toEqual({ rejected: 0, message: '' })
  f('application/x-protobuf', Buffer.alloc(0))
  f('', Buffer.alloc(0))
  f('application/json', Buffer.from('{}'))
  f('application/json', json(null))
  f('application/json', json({ rejectedSpans: 'many' }))
  f('application/json', json({ rejectedSpans: -3 }))
  f('application/x-protobuf', protobuf(-3))
  f('text/html', Buffer.from('<html>thanks</html>'))
  f('application/json', Buffer.from('{"partialSuccess":'))
})

test('no answer is too strange to be read', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom('application/json', 'application/x-protobuf'), (body, contentType) => {
      const { rejected } = readPartialSuccess(contentType, body)
      expect(rejected >= 0).toBe(true)
    }),
  )
})
