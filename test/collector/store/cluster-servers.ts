/**
 * A cluster of two shards for tests: two ClickHouse servers that reach each other by TCP, and a door in front of them. What this build of the
 * engine cannot do the door stands in for: it sends `ON CLUSTER` statements to every server itself, and makes the plain kind of each replicated
 * table, with the same memory for insert tokens. (`Replicated*` tables need an interserver port, `ON CLUSTER` a worker; it has neither.)
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../demo/free-port.js'

export const CLUSTER = 'main'

function library(): string | undefined {
  try {
    const chdb = createRequire(createRequire(import.meta.url).resolve('chdb/package.json'))
    return chdb.resolve(`@chdb/lib-${process.platform}-${process.arch}-gnu/libchdb.so`)
  } catch {
    return undefined
  }
}

/** Whether such servers can run here. */
export const canServe = library() !== undefined && spawnSync('python3', ['--version']).status === 0

export type ShardServer = {
  readonly url: string
  start(): Promise<void>
  kill(): Promise<void>
}

export type ServedCluster = {
  /** Of the door. */
  readonly url: string
  readonly shards: readonly ShardServer[]
  /** Which server the door sends statements to that are not for all of them. */
  through: number
  /** Inserts are carried out, and answered by a broken connection, while this is so. */
  isForgetful: boolean
  close(): Promise<void>
}

type Ports = { readonly http: number; readonly tcp: number }

function configuration(shard: number, ports: readonly Ports[]): string {
  const shards = ports.map(
    ({ tcp }) =>
      `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>${tcp}</port></replica></shard>`,
  )
  const { http, tcp } = ports[shard]!
  return `<clickhouse>
  <logger><level>none</level></logger>
  <listen_host>127.0.0.1</listen_host><http_port>${http}</http_port><tcp_port>${tcp}</tcp_port>
  <max_server_memory_usage>1000000000</max_server_memory_usage>
  <macros><shard>${shard + 1}</shard><replica>1</replica></macros>
  <remote_servers><${CLUSTER}>${shards.join('')}</${CLUSTER}></remote_servers>
</clickhouse>`
}

function shardServer(directory: string, shard: number, ports: readonly Ports[]): ShardServer {
  const file = join(directory, 'server.xml')
  writeFileSync(file, configuration(shard, ports))
  const url = `http://127.0.0.1:${ports[shard]!.http}`
  let child: ChildProcess | undefined
  return {
    url,
    async start() {
      const host = fileURLToPath(new URL('engine-server.py', import.meta.url))
      child = spawn('python3', [host, library()!, join(directory, 'data'), file], { stdio: 'ignore' })
      const started = child
      while (
        !(await fetch(`${url}/ping`).then(
          ({ ok }) => ok,
          () => false,
        ))
      ) {
        if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async kill() {
      if (child === undefined) return
      const exit = once(child, 'exit')
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await exit
      }
      child = undefined
    },
  }
}

const ON_CLUSTER = ` ON CLUSTER \`${CLUSTER}\``

/** A statement for the whole cluster as one for a server without replicas. */
export function withoutReplicas(sql: string): string {
  return sql
    .replace(ON_CLUSTER, '')
    .replace(
      /Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, (\w+))?\)/,
      (_, kind: string, version = '') => `${kind}(${version})`,
    )
    .replace(
      /replicated_deduplication_window = (\d+), replicated_deduplication_window_seconds = \d+/,
      'non_replicated_deduplication_window = $1',
    )
}

export async function startCluster(newDirectory: () => string): Promise<ServedCluster> {
  const ports: Ports[] = []
  for (let shard = 0; shard < 2; shard++) ports.push({ http: await freePort(), tcp: await freePort() })
  const shards = ports.map((_, shard) => shardServer(newDirectory(), shard, ports))
  await Promise.all(shards.map((shard) => shard.start()))

  const door: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const text = body.length < 100_000 ? body.toString() : ''
    const isForAll = text.includes(ON_CLUSTER)
    const chosen = isForAll ? shards : [shards[cluster.through]!]
    try {
      let last: Response | undefined
      let answer = Buffer.alloc(0)
      for (const { url } of chosen) {
        // A compressed answer would be decompressed here.
        const address = `${url}${incoming.url}`.replace('enable_http_compression=1', 'enable_http_compression=0')
        last = await fetch(address, { method: 'POST', body: isForAll ? withoutReplicas(text) : body })
        answer = Buffer.from(await last.arrayBuffer())
        if (!last.ok) break
      }
      if (cluster.isForgetful && /INSERT/i.test(decodeURIComponent(incoming.url ?? ''))) {
        response.destroy()
        return
      }
      const code = last!.headers.get('x-clickhouse-exception-code')
      response.writeHead(last!.status, code === null ? {} : { 'x-clickhouse-exception-code': code }).end(answer)
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const cluster: ServedCluster = {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    shards,
    through: 0,
    isForgetful: false,
    async close() {
      door.closeAllConnections()
      door.close()
      await Promise.all(shards.map((shard) => shard.kill()))
    },
  }
  return cluster
}
