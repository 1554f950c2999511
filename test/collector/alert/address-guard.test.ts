import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import {
  allowedTargets,
  checkTarget,
  guardedLookup,
  isAllowedAddress,
} from '../../../src/collector/alert/channel/address-guard.js'

const NOTHING = allowedTargets([])

test('only addresses of the public internet are reached, in whatever notation', () => {
  const f = (url: string, isAllowed: boolean) => {
    const check = () => checkTarget(new URL(url), NOTHING)
    if (isAllowed) expect(check, url).not.toThrow()
    else expect(check, url).toThrow('is not of the public internet')
  }
  for (const host of [
    '93.184.216.34',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '[2606:4700::1111]',
    '[2001:4860::8888]',
    'hooks.slack.com',
  ])
    f(`https://${host}/x`, true)
  // This host, private, carriers' NAT, link-local, benchmarks, documentation, multicast, reserved.
  for (const host of [
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ])
    f(`http://${host}/`, false)
  // What the parser of URLs takes for 127.0.0.1.
  for (const host of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '１２７.０.０.１'])
    f(`http://${host}/`, false)
  for (const host of [
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:0:4136:e378::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:c0a8:101::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
  ])
    f(`http://[${host}]/`, false)
  for (const host of [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'metadata',
    'metadata.google.internal',
    'instance-data.ec2.internal',
  ])
    f(`http://${host}/`, false)
})

test('what is allowed is reached, but for metadata, which nothing allows', () => {
  const allowed = allowedTargets([
    '10.0.0.0/8',
    '192.168.1.5',
    '::1',
    'alerts.internal',
    'localhost',
    '169.254.0.0/16',
    'fd00::/8',
  ])
  const f = (address: string, isAllowed: boolean) => expect(isAllowedAddress(address, allowed), address).toBe(isAllowed)
  f('10.1.2.3', true)
  f('::ffff:10.1.2.3', true)
  f('192.168.1.5', true)
  f('192.168.1.6', false)
  f('::1', true)
  f('fd00::1', true)
  f('169.254.1.1', true)
  f('169.254.169.254', false)
  f('::ffff:169.254.169.254', false)
  f('fd00:ec2::254', false)
  expect(() => checkTarget(new URL('http://localhost:9093'), allowed)).not.toThrow()
  expect(() =>
    checkTarget(new URL('http://metadata.google.internal'), allowedTargets(['metadata.google.internal'])),
  ).toThrow()
  for (const wrong of ['10.0.0.0/33', 'a b', '10.0.0.0/8/8', 'http://x', 'x/8', ''])
    expect(() => allowedTargets([wrong]), wrong).toThrow('is no host name, address or range')
})

test('a name is refused when any of its addresses is, and connected to at the very addresses that were looked at', async () => {
  // Stands in for DNS, which a test cannot make rebind.
  const looked = (answers: readonly string[], host = 'rebind.example', allowed = NOTHING) => {
    const addresses = answers.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }))
    return new Promise((resolve) => {
      guardedLookup(allowed, (_, answer) => answer(null, addresses))(host, { all: true }, (error, found) =>
        resolve(error?.message ?? found),
      )
    })
  }
  expect(await looked(['93.184.216.34'])).toEqual([{ address: '93.184.216.34', family: 4 }])
  expect(await looked(['93.184.216.34', '10.0.0.1'])).toContain('rebind.example is not of the public internet')
  expect(await looked(['::ffff:127.0.0.1'])).toContain('is not of the public internet')
  expect(await looked([])).toContain('is not of the public internet')
  const named = allowedTargets(['alerts.internal'])
  expect(await looked(['10.0.0.1'], 'Alerts.Internal.', named)).toEqual([{ address: '10.0.0.1', family: 4 }])
  expect(await looked(['169.254.169.254'], 'alerts.internal', named)).toContain('is not of the public internet')
  expect(await looked(['10.0.0.1'], 'other.internal', named)).toContain('is not of the public internet')
})
