/** Which addresses are this machine's own: only there may a collector listen without tokens. */
import { BlockList, isIP } from 'node:net'

const LOOPBACK = new BlockList()
// Those of IPv4 written as IPv6 (::ffff:127.0.0.1) too.
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether only this machine reaches `host`. A name other than `localhost` may mean anything. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  if (address.toLowerCase() === 'localhost') return true
  const family = isIP(address)
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Throws where others could reach a collector that asks nobody for a token. */
export function checkBinding(host: string, hasTokens: boolean): void {
  if (hasTokens || isLoopback(host)) return
  throw new Error(
    `will not listen on ${host || 'all addresses'} without tokens: everybody who reaches it could read and write; ` +
      'configure tokens, or listen on 127.0.0.1',
  )
}
