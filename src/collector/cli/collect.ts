/** `tokmeter collect`: runs the collector until it is told to end, and reads its configuration anew on SIGHUP. */
import type { EventEmitter } from 'node:events'
import { type Changes, changesBetween } from '../config/changes.js'
import { type Config, ConfigError, type Loaded } from '../config.js'
import type { Command, Terminal } from './command.js'
import { COLLECT_OPTIONS, loadGiven } from './config-options.js'

/** A collector that runs. */
export type Running = {
  /** Applies what changed and can be; also reads files anew whose names stay: prices, certificates. */
  reload(changes: Changes): Promise<void>
  /** Resolves when all is stopped, within the time the configuration gives it: whether nothing went wrong. */
  stop(): Promise<boolean>
  /** For what happens in between. */
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

export type CollectOptions = {
  /** Starts the collector. Logs `warnings` of the configuration, and where it listens. */
  readonly start: (loaded: Loaded, terminal: Terminal) => Promise<Running>
  /** @default the process */
  readonly source?: SignalSource
}

export type SignalSource = Pick<EventEmitter, 'on' | 'off'>

export function createCollect({ start, source = process }: CollectOptions): Command {
  return {
    name: 'collect',
    summary: 'receive OTLP and events, keep them, and send them on',
    options: COLLECT_OPTIONS,
    details: [
      'Needs no configuration: programs send OTLP to http://127.0.0.1:4318 (OTEL_EXPORTER_OTLP_ENDPOINT), Prometheus',
      'scrapes /metrics there, and /api/v1/ledger tells what became of everything. To be reached by other machines it',
      'needs tokens: see `tokmeter hash-token --help`.',
      'Runs until SIGTERM or SIGINT; a second one does not wait for what is still to be done. SIGHUP reads the',
      'configuration anew. Every option of the configuration can also be set by a variable: TOKMETER_LISTEN_PORT.',
    ].join('\n'),
    async run(given, terminal) {
      const loaded = loadGiven(given)
      const signals = receiveSignals(source)
      try {
        const running = await start(loaded, terminal)
        return await untilToldToEnd(
          running,
          signals.next,
          createReload(running, loaded.config, () => loadGiven(given)),
        )
      } finally {
        signals.ignore()
      }
    },
  }
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]

/** Signals one after the other; those that come while it starts are kept until it can be asked for them. */
function receiveSignals(source: SignalSource) {
  const received: Signal[] = []
  let wake = () => {}
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      received.push(signal)
      wake()
    }
    source.on(signal, listener)
    return { signal, listener }
  })
  return {
    async next(): Promise<Signal> {
      for (;;) {
        const signal = received.shift()
        if (signal !== undefined) return signal
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    ignore() {
      for (const { signal, listener } of listeners) source.off(signal, listener)
    },
  }
}

/** Returns the exit code. */
async function untilToldToEnd(running: Running, next: () => Promise<Signal>, reload: () => void): Promise<number> {
  const { log } = running
  const toldToEnd = async () => {
    for (;;) {
      const signal = await next()
      if (signal !== 'SIGHUP') return signal
      reload()
    }
  }
  log.info({ signal: await toldToEnd() }, 'stopping')
  const stopped = running.stop().catch((error: unknown) => {
    log.error({ err: error }, 'the collector did not stop as it should')
    return false
  })
  const impatient = toldToEnd().then((signal) => {
    log.warn({ signal }, 'told to end a second time: not waiting any longer')
    return false
  })
  return (await Promise.race([stopped, impatient])) ? 0 : 1
}

/** What SIGHUP does. One after the other: the second has to be compared with what the first made of the configuration. */
function createReload(running: Running, started: Config, load: () => Loaded): () => void {
  const { log } = running
  let config = started
  let last = Promise.resolve()
  const reload = async () => {
    const { config: read, warnings } = load()
    const changes = changesBetween(config, read)
    const { live, restart } = changes
    for (const warning of warnings) log.warn({}, warning)
    await running.reload(changes).catch((error: unknown) => {
      throw new NotTaken(live, error)
    })
    config = changes.config
    log.info({ changed: live }, 'the configuration was read anew')
    if (restart.length > 0) log.warn({ options: restart }, 'these options change with the next start only')
  }
  return () => {
    last = last.then(reload).catch((error: unknown) => {
      log.error(whyNot(error), 'the configuration was not taken; the one before stays in force, whole')
    })
  }
}

/** What was read is right in itself, and could not be applied. */
class NotTaken extends Error {
  override readonly name = 'NotTaken'

  constructor(
    readonly options: readonly string[],
    cause: unknown,
  ) {
    super('the configuration could not be applied', { cause })
  }
}

/** For the log: every mistake, or what could not be done and which options that leaves as they were. */
function whyNot(error: unknown): object {
  if (error instanceof ConfigError) return { mistakes: error.message.split('\n') }
  return error instanceof NotTaken ? { unchanged: error.options, err: error.cause } : { err: error }
}
