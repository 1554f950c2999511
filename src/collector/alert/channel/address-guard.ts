/**
 * Which hosts a webhook may reach: those of the public internet, and those that are allowed by name. What can be named by somebody is
 * else a way into the network the collector is in.
 */
import { type LookupAddress, lookup as lookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

export class TargetNotAllowed extends Error {
  override readonly name = 'TargetNotAllowed'
  readonly code = 'TARGET_NOT_ALLOWED'
}

const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // carriers' NAT
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // documentation, as are 198.51.100 and 203.0.113
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
/** Of IPv6 only this is public at all: outside of it are mapped and translated IPv4, local, and multicast. */
const GLOBAL_IPV6 = ['2000::/3']
const NOT_PUBLIC_IPV6 = [
  '2001::/23', // Teredo and other protocols
  '2001:db8::/32',
  '2002::/16', // 6to4: any IPv4 may hide in it
  '3fff::/20',
]
/** Where clouds hand credentials to whoever asks from inside: never, whatever is allowed. */
const METADATA = [
  '169.254.169.254/32',
  '169.254.170.2/32',
  '169.254.170.23/32',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
  'fd20:ce::254/128',
]
const METADATA_NAMES = /^(metadata|instance-data)(\..*)?$/

const notPublic = blockList([...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6])
const globalIpv6 = blockList(GLOBAL_IPV6)
const metadata = blockList(METADATA)

/** Allowed beyond the public: addresses, ranges, and names of hosts whose addresses may be any but those of metadata. */
export type Allowed = { readonly names: ReadonlySet<string>; readonly ranges: BlockList }

/** Throws a TypeError that names what is neither a host name nor an address or range. */
export function allowedTargets(given: readonly string[]): Allowed {
  const names = new Set<string>()
  const ranges: string[] = []
  for (const target of given) {
    const [address = '', bits, ...rest] = target.replace(/^\[|\]$/g, '').split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    if (version !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
      ranges.push(`${address}/${bits ?? most}`)
    else if (version === 0 && bits === undefined && /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(target))
      names.add(target.toLowerCase())
    else throw new TypeError(`${JSON.stringify(target)} is no host name, address or range such as 10.0.0.0/8`)
  }
  return { names, ranges: blockList(ranges) }
}

/** Whether an address may be connected to. `isNamed`: its host is allowed by name. */
export function isAllowedAddress(address: string, { ranges }: Allowed, isNamed = false): boolean {
  const plain = unmapped(address)
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(plain) === 0 || metadata.check(plain, family)) return false
  if (isNamed || ranges.check(plain, family)) return true
  if (notPublic.check(plain, family)) return false
  return family === 'ipv4' || globalIpv6.check(plain, family)
}

/** Throws TargetNotAllowed for a URL whose host can be told not to be allowed without asking for its address. */
export function checkTarget(url: URL, allowed: Allowed): void {
  const host = hostOf(url)
  const isRefused =
    isIP(host) === 0
      ? METADATA_NAMES.test(host) ||
        (/(^|\.)localhost$/.test(host) && !allowed.names.has(host) && !isAllowedAddress('127.0.0.1', allowed))
      : !isAllowedAddress(host, allowed)
  if (isRefused) throw refusal(host)
}

/** The host of a URL, without brackets and the dot of the root. */
export function hostOf({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}

type Resolve = (host: string, answer: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void

/**
 * For connecting: hands on only addresses that may be connected to, and the connection is made to those very addresses, so that a name
 * cannot mean another one in between.
 */
export function guardedLookup(allowed: Allowed, resolve: Resolve = resolveAll): LookupFunction {
  return (host, options, answer) => {
    resolve(host, (error, addresses) => {
      if (error !== null) return answer(error, '', 0)
      const isNamed = allowed.names.has(host.replace(/\.$/, '').toLowerCase())
      // One that is not allowed among others is a name that is not to be trusted.
      const isRefused = addresses.some(({ address }) => !isAllowedAddress(address, allowed, isNamed))
      const [first] = addresses
      if (isRefused || first === undefined) return answer(refusal(host), '', 0)
      if (options.all)
        return (answer as unknown as (error: null, all: readonly LookupAddress[]) => void)(null, addresses)
      return answer(null, first.address, first.family)
    })
  }
}

const resolveAll: Resolve = (host, answer) => {
  lookupAddress(host, { all: true, verbatim: true }, (error, addresses) => answer(error, addresses ?? []))
}

function refusal(host: string): TargetNotAllowed {
  return new TargetNotAllowed(
    `${host} is not of the public internet, or hands out credentials; what is meant to be reached inside stands in privateTargets`,
  )
}

/** The IPv4 address that an IPv4-mapped IPv6 address is. */
function unmapped(address: string): string {
  const [, text, high, low] = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address) ?? []
  if (text !== undefined) return text
  if (high === undefined || low === undefined) return address.replace(/%.*$/, '')
  const bytes = [Number.parseInt(high, 16), Number.parseInt(low, 16)].flatMap((word) => [word >> 8, word & 255])
  return bytes.join('.')
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}
