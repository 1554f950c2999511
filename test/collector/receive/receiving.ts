/** A server that receives, on a port of its own, for as long as a test runs. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { createHttpServer, type HttpServerOptions } from '../../../src/collector/receive/http-server.js'
import { createReceive, type Outcome, type ReceiveOptions } from '../../../src/collector/receive/receive.js'
import { MemoryBudget } from '../../../src/collector/security/memory-budget.js'
import { Tokens } from '../../../src/collector/security/tokens.js'
import { ReadingIntake } from './reading-intake.js'

export type Receiving = {
  readonly app: FastifyInstance
  readonly url: string
  readonly port: number
  readonly intake: ReadingIntake
  readonly memory: MemoryBudget
  readonly outcomes: Outcome[]
  /** Fields of events that were left out. */
  readonly discarded: string[]
}

export type ReceivingOptions = Partial<Omit<HttpServerOptions, 'tokens'>> &
  Partial<Omit<ReceiveOptions, 'memory'>> & {
    readonly memoryBytes?: number
    readonly tokens?: Tokens
    /** Done to the server before it has routes: hooks that make it worse. */
    readonly spoil?: (app: FastifyInstance) => void
  }

export async function receiving(options: ReceivingOptions = {}): Promise<Receiving> {
  const { memoryBytes = 32 * 1024 * 1024, tokens = new Tokens([]), spoil, ...rest } = options
  const intake = new ReadingIntake()
  const memory = new MemoryBudget(memoryBytes)
  const outcomes: Outcome[] = []
  const discarded: string[] = []
  const app = createHttpServer({ ...rest, tokens: () => tokens })
  spoil?.(app)
  await app.register(
    createReceive({
      intake,
      memory,
      bodyLimit: 1024 * 1024,
      hashIdentity: (identity) => `hash of ${identity}`,
      onOutcome: (outcome) => outcomes.push(outcome),
      onDiscard: (field) => discarded.push(field),
      ...rest,
    }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  const scheme = options.tls === undefined ? 'http' : 'https'
  return { app, url: `${scheme}://127.0.0.1:${port}`, port, intake, memory, outcomes, discarded }
}
